import { expect, it } from 'vitest'
import { judgeUsage } from './check-record.ts'
import { SoakRecord } from './soak-record.ts'
import type { SoakTenant } from './soak-world.ts'

const NORTH: SoakTenant = { id: 'north', key: 'k', keyId: 'k1' }
const EAST: SoakTenant = { id: 'east', key: 'k', keyId: 'k2' }

/** Of twenty tasks of one tenant. */
function judge(counts: Readonly<Record<string, number>>): readonly string[] {
  const record = new SoakRecord()
  for (let place = 0; place < 20; place += 1) record.noteTask(NORTH, `t${place}`)
  const data = Object.entries(counts).map(([tenant, requests]) => ({ tenant, requests }))
  return judgeUsage({ data }, { tenants: [NORTH, EAST], record })
}

it('finds what is missing of all that was answered', () => {
  expect(judge({ north: 20, east: 1 })).toEqual([])
  expect(judge({ north: 19, east: 1 })).toEqual(['north was answered 20 times, and 19 are counted'])
  expect(judge({})).toHaveLength(1)
})

it('forgives what a kill may have taken', () => {
  const record = new SoakRecord()
  for (const id of ['a', 'b']) record.noteTask(NORTH, id)
  record.forgiveTasks(0)
  expect(record.taskCounts.get('north')).toBe(0)
})
