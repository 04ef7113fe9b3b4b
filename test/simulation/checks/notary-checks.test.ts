import { expect, it } from 'vitest'
import type { Hash } from '../../../src/core/evidence/names.ts'
import type { NotarySet } from '../../../src/core/notary/notary-set.ts'
import type { Vote } from '../../../src/core/notary/statement.ts'
import type { BookedStep } from '../../../src/market/notary/books/journaled-books.ts'
import { NotaryWire } from '../../../src/simulation/checks/notary-wire.ts'
import { StampsAhead } from '../../../src/simulation/checks/stamps-ahead.ts'
import { findStampFault } from '../../../src/simulation/checks/stamps-monotone.ts'

const SET: NotarySet = { id: '0'.repeat(64) as Hash, epoch: 0, members: [], f: 1 }

function voteOf(member: number, block: string, changes: Partial<Vote> = {}): Vote {
  return { phase: 'commit', view: 0, slot: 1, block: block as Hash, member, signature: '', ...changes }
}

it('an honest member that votes for two blocks at one place is found, and a liar that does is left to its judges', () => {
  const wire = new NotaryWire(SET)
  expect(wire.saw(voteOf(0, 'a'), true).twice).toBeUndefined()
  expect(wire.saw(voteOf(0, 'a'), true).twice).toBeUndefined()
  expect(wire.saw(voteOf(0, 'b', { view: 1 }), true).twice).toBeUndefined()
  expect(wire.saw(voteOf(0, 'b'), true).twice).toBe('member 0 has signed two blocks for commit in view 0, slot 1')
  wire.saw(voteOf(1, 'a'), false)
  expect(wire.saw(voteOf(1, 'b'), false).twice).toBeUndefined()
})

it('two proposals of one view and slot are found by their signatures', () => {
  const wire = new NotaryWire(SET)
  expect(wire.sawProposal(2, 2, { slot: 4, signature: 'x' })).toBeUndefined()
  expect(wire.sawProposal(2, 2, { slot: 4, signature: 'x' })).toBeUndefined()
  expect(wire.sawProposal(2, 2, { slot: 4, signature: 'y' })).toBe('member 2 has proposed two blocks in view 2, slot 4')
})

it('of one slot two blocks with a quorum of commits are found, in whatever views that was', () => {
  const wire = new NotaryWire(SET)
  for (const member of [0, 1, 2]) expect(wire.saw(voteOf(member, 'a'), true).two).toBeUndefined()
  expect(wire.certified).toBe(1)
  for (const member of [0, 1]) expect(wire.saw(voteOf(member, 'b', { view: 4 }), true).two).toBeUndefined()
  // Whoever commits twice is one member all the same.
  expect(wire.saw(voteOf(1, 'b', { view: 4 }), true).two).toBeUndefined()
  expect(wire.saw(voteOf(3, 'b', { view: 4 }), true).two).toBe('slot 1 has two blocks with certificates: a and b')
})

function stepOf(slot: number, at: number): BookedStep {
  return { booked: { slot, event: { type: 'time-passed', at } } } as unknown as BookedStep
}

it('stamps that go back, and two of one slot, are found', () => {
  expect(findStampFault([stepOf(1, 5), stepOf(1, 5), stepOf(2, 5), stepOf(4, 9)])).toBeUndefined()
  expect(findStampFault([stepOf(1, 5), stepOf(2, 4)])).toBe('slot 2 has the stamp 4, behind slot 1 at 5')
  expect(findStampFault([stepOf(2, 5), stepOf(1, 5)])).toBe('slot 1 has the stamp 5, behind slot 2 at 5')
  expect(findStampFault([stepOf(1, 5), stepOf(1, 6)])).toBe('slot 1 has two stamps, 5 and 6')
})

it('a vote for a block whose stamp has not come is found, and one for an old block is not', () => {
  const stamps = new StampsAhead(100)
  const vote = voteOf(2, 'a', { slot: 7 })
  expect(stamps.voted(vote, 1_000)).toBeUndefined()
  stamps.proposed('a' as Hash, 1_101)
  expect(stamps.voted(vote, 1_000)).toBe('member 2 has voted for slot 7 with a stamp 101 ms ahead')
  expect(stamps.voted(vote, 1_001)).toBeUndefined()
  expect(stamps.voted(vote, 900_000)).toBeUndefined()
})
