import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../../src/base/sha256.ts'
import type { Timestamp } from '../../../src/base/time.ts'
import type { Hash } from '../../../src/core/evidence/names.ts'
import {
  CALL_DIRECTORY_MACHINE,
  CALLS_MAX,
  CALLS_OF_TELLER_MAX,
  type CallDirectoryState,
  isKnownCall,
} from '../../../src/core/market/call-directory.ts'

/** Blocks of addresses of neighbours. */
const [FLOODER, OTHER, THIRD] = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'] as const
const at = (ms: number): Timestamp => ms as Timestamp
const named = (name: string): Hash => sha256Hex(name) as Hash

type Hearing = { readonly name: string; readonly teller: string; readonly until?: number; readonly now?: number }

function hear(
  state: CallDirectoryState,
  { name, teller, until = 1_000, now = 0 }: Hearing,
): readonly [CallDirectoryState, string] {
  const event = { type: 'call-heard', auction: named(name), teller, until: at(until), at: at(now) } as const
  const step = CALL_DIRECTORY_MACHINE.transition(state, event)
  expect(CALL_DIRECTORY_MACHINE.violations(step.state)).toEqual([])
  const [effect] = step.effects
  return [step.state, effect?.type === 'event-refused' ? effect.code : (effect?.type ?? '')]
}

function flooded(
  count: number,
  teller: string,
  before = CALL_DIRECTORY_MACHINE.initial({ at: at(0) }),
): CallDirectoryState {
  let state = before
  for (let index = 0; index < count; index += 1) [state] = hear(state, { name: `${teller}/${index}`, teller })
  return state
}

describe('calls that are open', () => {
  it('are each taken once, and again once they are over', () => {
    const [first, taken] = hear(CALL_DIRECTORY_MACHINE.initial({ at: at(0) }), { name: 'one', teller: OTHER })
    expect(taken).toBe('call-taken')
    expect(hear(first, { name: 'one', teller: FLOODER })[1]).toBe('CALL_KNOWN')
    expect([isKnownCall(first, named('one'), at(999)), isKnownCall(first, named('one'), at(1_000))]).toEqual([
      true,
      false,
    ])
    expect(hear(first, { name: 'one', teller: OTHER, now: 1_000, until: 2_000 })[1]).toBe('call-taken')
  })

  it('of one block of neighbours leave room for those of others', () => {
    const full = flooded(CALLS_OF_TELLER_MAX + 10, FLOODER)
    expect(full.calls.size).toBe(CALLS_OF_TELLER_MAX)
    expect(hear(full, { name: 'more', teller: FLOODER })[1]).toBe('CALL_NO_ROOM')
    expect(hear(full, { name: 'another', teller: OTHER })[1]).toBe('call-taken')
  })

  it('are no more than there is room for, and make room when they are over', () => {
    const four = [FLOODER, OTHER, '192.0.3.0/24', '192.0.4.0/24']
    const empty = CALL_DIRECTORY_MACHINE.initial({ at: at(0) })
    const full = four.reduce((state, block) => flooded(CALLS_OF_TELLER_MAX, block, state), empty)
    expect(full.calls.size).toBe(CALLS_MAX)
    expect(hear(full, { name: 'third', teller: THIRD })[1]).toBe('CALL_NO_ROOM')
    const [after, taken] = hear(full, { name: 'third', teller: THIRD, now: 1_000, until: 2_000 })
    expect([taken, after.calls.size]).toEqual(['call-taken', 1])
  })
})
