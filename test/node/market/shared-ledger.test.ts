import { describe, expect, test } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { moveLedger } from '../../../src/node/market/shared-ledger.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function logOf(...texts: readonly string[]): Promise<EventLog> {
  const log = createMemoryEventLog()
  if (texts.length > 0) await log.append(texts.map(bytes))
  return log
}

async function textsOf(log: EventLog): Promise<readonly string[]> {
  const texts: string[] = []
  for await (const { payload } of log.read(log.snapshot?.nextIndex ?? 0)) texts.push(new TextDecoder().decode(payload))
  return texts
}

async function codeOf(work: Promise<void>): Promise<unknown> {
  return await work.then(
    () => 'moved',
    (error: unknown) => (CodedError.is(error) ? error.code : error),
  )
}

describe('books that move to the shared store', () => {
  test('are there whole, also where an earlier move ended in the middle, and are not moved twice', async () => {
    const own = await logOf('a', 'b', 'c', 'd')
    const shared = await logOf('a', 'b')
    await moveLedger(own, shared)
    expect(await textsOf(shared)).toEqual(['a', 'b', 'c', 'd'])
    await shared.append([bytes('e')])
    await moveLedger(own, shared)
    expect(await textsOf(shared)).toEqual(['a', 'b', 'c', 'd', 'e'])
    const empty = await logOf()
    await moveLedger(own, empty)
    expect(await textsOf(empty)).toEqual(['a', 'b', 'c', 'd'])
  })

  test('stay where they are when the shared store has others, or segments of them are files', async () => {
    const own = await logOf('a', 'b', 'c')
    const other = await logOf('a', 'x')
    expect(await codeOf(moveLedger(own, other))).toBe('NOTARY_LEDGER_OTHER')
    expect(await textsOf(other)).toEqual(['a', 'x'])
    await own.compact({ nextIndex: 3, payload: bytes('cut') })
    const empty = await logOf()
    expect(await codeOf(moveLedger(own, empty))).toBe('NOTARY_LEDGER_OTHER')
    expect(empty.nextIndex).toBe(0)
  })
})
