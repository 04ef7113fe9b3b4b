import { expect, it } from 'vitest'
import { judgeUsage } from './check-record.ts'
import { SoakRecord } from './soak-record.ts'
import { RECORDS_MAX, type SoakTenant } from './soak-world.ts'

const NORTH: SoakTenant = { id: 'north', key: 'k', keyId: 'k1' }
const EAST: SoakTenant = { id: 'east', key: 'k', keyId: 'k2' }

const at = (ms: number): string => new Date(ms).toISOString()
const FIRST_MS = Date.now() - 3_600_000

type Look = { readonly answered: number; readonly counts: Readonly<Record<string, number>>; readonly fromMs: number }

/** The second look of a run whose first found a record of an hour ago. */
function judge({ answered, counts, fromMs }: Look): readonly string[] {
  const record = new SoakRecord()
  record.oldestRecord = at(FIRST_MS)
  for (let place = 0; place < answered; place += 1) record.noteTask(NORTH, `t${place}`)
  const data = Object.entries(counts).map(([tenant, requests]) => ({ tenant, requests }))
  return judgeUsage({ data, records_from: at(fromMs) }, { tenants: [NORTH, EAST], record })
}

it('finds what is missing of all that was answered, while all is kept', () => {
  expect(judge({ answered: 20, counts: { north: 20, east: 1 }, fromMs: FIRST_MS })).toEqual([])
  const missing = judge({ answered: 20, counts: { north: 19, east: 1 }, fromMs: FIRST_MS })
  expect(missing).toEqual(['north was answered 20 times, and 19 are counted'])
})

it('finds what is missing since the oldest record, where older ones have given way', () => {
  const counts = { north: 19, east: RECORDS_MAX - 19 }
  const missing = judge({ answered: 20, counts, fromMs: FIRST_MS + 60_000 })
  expect(missing).toEqual(['north was answered 20 times, and 19 are counted'])
  expect(judge({ answered: 19, counts, fromMs: FIRST_MS + 60_000 })).toEqual([])
  // Those twenty were answered before the oldest record that is kept.
  expect(judge({ answered: 20, counts, fromMs: Date.now() + 3_600_000 })).toEqual([])
})

it('finds more than may be kept', () => {
  expect(judge({ answered: 1, counts: { north: RECORDS_MAX + 1 }, fromMs: FIRST_MS })).toHaveLength(1)
})

it('forgives what a kill may have taken in both ways of counting', () => {
  const record = new SoakRecord()
  for (const id of ['a', 'b']) record.noteTask(NORTH, id)
  record.forgiveTasks(0)
  expect([record.taskCounts.get('north'), record.answeredSince('north', 0)]).toEqual([0, 0])
})
