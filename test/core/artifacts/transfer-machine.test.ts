import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../../src/base/sha256.ts'
import {
  LOSSES_MAX,
  PIECES_IN_FLIGHT_MAX,
  TRANSFER_MACHINE,
  type TransferEffect,
  type TransferEvent,
  type TransferState,
} from '../../../src/core/artifacts/transfer-machine.ts'
import type { Did, Hash } from '../../../src/core/evidence/names.ts'

const [A, B] = ['did:key:a', 'did:key:b'] as readonly string[] as readonly [Did, Did]
const piece = (index: number): Hash => sha256Hex(`${index}`) as Hash
const pieces = (count: number): readonly Hash[] => Array.from({ length: count }, (_, index) => piece(index))

class Run {
  state: TransferState
  readonly effects: TransferEffect[] = []

  constructor(count: number, nodes: readonly Did[]) {
    this.state = TRANSFER_MACHINE.initial({ missing: pieces(count), nodes })
    this.step({ type: 'begun' })
  }

  step(event: TransferEvent): readonly TransferEffect[] {
    const { state, effects } = TRANSFER_MACHINE.transition(this.state, event)
    expect(TRANSFER_MACHINE.violations(state)).toEqual([])
    this.state = state
    this.effects.push(...effects)
    return effects
  }

  /** The first question without an answer is answered. */
  answer(type: 'came' | 'forged' | 'lost' | 'denied'): readonly TransferEffect[] {
    const [first] = this.state.asked
    if (first === undefined) throw new Error('nothing is asked')
    return this.step({ type, piece: first[0], from: first[1] })
  }
}

describe('a transfer', () => {
  it('asks for a window of pieces at once, and for the next one when one has come', () => {
    const run = new Run(PIECES_IN_FLIGHT_MAX + 2, [A])
    expect(run.state.asked.size).toBe(PIECES_IN_FLIGHT_MAX)
    expect(run.answer('came')).toEqual([{ type: 'ask', piece: piece(PIECES_IN_FLIGHT_MAX), of: A }])
  })

  it('asks a source that forged a piece for nothing more, and another one for that piece', () => {
    const run = new Run(8, [A, B])
    const [first] = run.state.asked
    const effects = run.answer('forged')
    expect(effects[0]).toEqual({ type: 'source-dropped', node: first?.[1], reason: 'forged' })
    const asked = effects.filter(({ type }) => type === 'ask')
    expect(asked).toEqual([{ type: 'ask', piece: first?.[0], of: first?.[1] === A ? B : A }])
  })

  it('fails where its only source gives nothing, and says so once', () => {
    const run = new Run(1, [A])
    for (let losses = 1; losses < LOSSES_MAX; losses += 1) expect(run.answer('lost').at(-1)?.type).toBe('ask')
    expect(run.answer('lost')).toEqual([
      { type: 'source-dropped', node: A, reason: 'lost' },
      { type: 'ended', isComplete: false },
    ])
    expect(run.step({ type: 'came', piece: piece(0), from: A })).toEqual([
      { type: 'event-refused', code: 'TRANSFER_NOT_ASKED' },
    ])
  })

  it('takes no piece that nobody was asked for', () => {
    const run = new Run(2, [A])
    expect(run.step({ type: 'came', piece: piece(0), from: B })[0]?.type).toBe('event-refused')
    expect(run.step({ type: 'came', piece: piece(7), from: A })[0]?.type).toBe('event-refused')
  })

  it('ends in any case, complete only with every piece, whatever is answered', () => {
    const answers = fc.array(fc.constantFrom('came', 'forged', 'lost', 'denied'), { maxLength: 200 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), answers, (count, given) => {
        const run = new Run(count, [A, B])
        const came = new Set<Hash>()
        for (const type of [...given, ...Array.from({ length: 100 }, () => 'came' as const)]) {
          const [first] = run.state.asked
          if (first === undefined) break
          if (type === 'came') came.add(first[0])
          run.answer(type)
        }
        expect(run.state.kind).not.toBe('fetching')
        expect(run.state.kind === 'complete').toBe(came.size === count)
        expect(run.effects.filter(({ type }) => type === 'ended')).toHaveLength(1)
      }),
    )
  })
})
