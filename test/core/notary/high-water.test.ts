import { describe, expect, test } from 'vitest'
import { decideSigning, type PeerWitness, type SigningInput } from '../../../src/core/notary/high-water.ts'
import type { VotePosition } from '../../../src/core/notary/position.ts'
import { setOf } from '../../torture/notary-world.ts'

const INSTANCE = '0'.repeat(32)
const at = (view: number, slot: number, phase: VotePosition['phase'] = 'commit'): VotePosition => ({
  view,
  slot,
  phase,
})
const journal = (position: VotePosition | undefined, epoch = 0): SigningInput['journal'] => ({ epoch, position })
const water = (position: VotePosition, epoch = 0): SigningInput['highWater'] => ({
  epoch,
  position,
  instance: INSTANCE,
})
const witness = (member: number, seen?: VotePosition, headSlot = 4): PeerWitness => ({
  member,
  seen,
  headSlot,
  view: 1,
})

function decide(init: Partial<SigningInput> & { f: number }): unknown {
  const { f, ...rest } = init
  return decideSigning({
    set: setOf(f),
    me: 0,
    journal: undefined,
    highWater: undefined,
    restored: undefined,
    witnesses: [],
    ...rest,
  })
}

const SIGN = { kind: 'sign' }
const RESTORED = { kind: 'refuse', code: 'NOTARY_RESTORED' }
const BEHIND = { kind: 'refuse', code: 'NOTARY_STATE_BEHIND' }

describe('one notary alone', () => {
  test('starts new, and goes on after a crash at any moment', () => {
    expect(decide({ f: 0 })).toEqual(SIGN)
    expect(decide({ f: 0, journal: journal(at(0, 5)), highWater: water(at(0, 5)) })).toEqual(SIGN)
    expect(decide({ f: 0, journal: journal(at(0, 6)), highWater: water(at(0, 5)) })).toEqual(SIGN)
  })

  test('does not sign from a journal older than its high-water file, or without one of the two', () => {
    expect(decide({ f: 0, journal: journal(at(0, 4)), highWater: water(at(0, 5)) })).toEqual(BEHIND)
    expect(decide({ f: 0, highWater: water(at(0, 5)) })).toEqual(BEHIND)
    expect(decide({ f: 0, journal: journal(at(0, 4)) })).toEqual(RESTORED)
  })

  test('signs from a restored directory in a new epoch only', () => {
    const both = { journal: journal(at(0, 4)), highWater: water(at(0, 4)) }
    expect(decide({ f: 0, ...both, restored: { epoch: 0 } })).toEqual(RESTORED)
    expect(decide({ f: 0, ...both, restored: { epoch: 0 }, set: { ...setOf(0), epoch: 1 } })).toEqual(SIGN)
    expect(decide({ f: 0, journal: journal(at(0, 4), 2) })).toEqual({ kind: 'refuse', code: 'NOTARY_SET_EPOCH' })
  })
})

describe('one of four notaries', () => {
  const same = { f: 1, journal: journal(at(1, 5)), highWater: water(at(1, 5)) }

  test('waits for two others before it signs', () => {
    expect(decide(same)).toEqual({ kind: 'wait', missing: 2 })
    expect(decide({ ...same, witnesses: [witness(1), witness(1), witness(0)] })).toEqual({ kind: 'wait', missing: 1 })
    expect(decide({ ...same, witnesses: [witness(1), witness(2, at(1, 5))] })).toEqual(SIGN)
  })

  test('signs nothing up to what its high-water file or a peer has seen of it', () => {
    const behind = { kind: 'catch-up', code: 'NOTARY_STATE_BEHIND' }
    const witnesses = [witness(1), witness(2)]
    expect(decide({ ...same, highWater: water(at(2, 7, 'change')), witnesses })).toEqual({
      ...behind,
      floor: at(2, 7, 'change'),
    })
    expect(decide({ ...same, witnesses: [witness(1, at(1, 6, 'prepare')), witness(3)] })).toEqual({
      ...behind,
      floor: at(1, 6, 'prepare'),
    })
    expect(decide({ f: 1, witnesses: [witness(1, at(0, 2)), witness(3)] })).toEqual({ ...behind, floor: at(0, 2) })
  })

  test('from a restored directory needs three others, and stays two slots and a view behind them', () => {
    const restored = { epoch: 0 }
    expect(decide({ ...same, restored, witnesses: [witness(1), witness(2)] })).toEqual(RESTORED)
    const three = [witness(1), witness(2, undefined, 9), witness(3, at(4, 3))]
    expect(decide({ ...same, restored, witnesses: three })).toEqual({
      kind: 'catch-up',
      code: 'NOTARY_STATE_BEHIND',
      floor: at(4, 11),
    })
  })
})
