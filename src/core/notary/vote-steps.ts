import type { Hash } from '../evidence/names.ts'
import type { NotaryEffect } from './notary-event.ts'
import { CATCH_UP_MAX, refused } from './notary-state.ts'
import type { NotaryState, NotaryStep } from './notary-state.ts'
import { comparePositions, type VotePosition } from './position.ts'
import { tally } from './slot-steps.ts'
import type { Vote } from './statement.ts'

/** A vote of a member, or this replica's own after it was signed. */
export function takeVote(state: NotaryState, vote: Vote): NotaryStep {
  const { input, head, view, votes } = state
  const { member } = vote
  if (input.set.members[member] === undefined) return refused(state, 'NOTARY_MEMBER_UNKNOWN')
  if (member === input.me && isForeign(state, vote)) return stop(state)
  if (vote.slot !== head.slot + 1) return slotElsewhere(state, member, vote.slot)
  if (vote.view < view) return refused(state, 'NOTARY_VIEW_STALE')
  if (vote.view > view || state.kind === 'changing') return refused(state, 'NOTARY_VIEW_AHEAD')
  const known = votes.find((one) => one.member === member && one.phase === vote.phase)
  if (known !== undefined) return refused(state, 'NOTARY_VOTE_EXISTS')
  return tally({ ...state, votes: [...votes, vote] })
}

/** Whether something under this replica's key was not signed by this replica: behind all that it signed, or for another block. */
export function isForeign(state: NotaryState, signed: VotePosition & { readonly block: Hash }): boolean {
  const { cast, votes, input } = state
  if (cast === undefined) return state.floor === undefined
  const order = comparePositions(signed, cast)
  if (order > 0) return state.floor === undefined || comparePositions(signed, state.floor) > 0
  if (order === 0) return signed.block !== cast.block
  const mine = votes.find((vote) => vote.member === input.me && comparePositions(vote, signed) === 0)
  return mine !== undefined && mine.block !== signed.block
}

/** A copy of this replica runs elsewhere. Which of the two is the right one cannot be told here, so that neither may sign. */
export function stop(state: NotaryState): NotaryStep {
  const code = 'NOTARY_CLONE_SEEN'
  return { state: { ...state, kind: 'stopped', code }, effects: [{ type: 'event-refused', code }] }
}

/** Something about another slot than the one behind the head: one of the two has to catch up. */
export function slotElsewhere(state: NotaryState, member: number, slot: number): NotaryStep {
  const { head, input } = state
  const isPeer = member !== input.me
  if (slot > head.slot) {
    const ask: readonly NotaryEffect[] = isPeer ? [{ type: 'ask-progress', to: member, slot: head.slot + 1 }] : []
    return { state, effects: [{ type: 'event-refused', code: 'NOTARY_SLOT_AHEAD' }, ...ask] }
  }
  const toSlot = Math.min(head.slot, slot + CATCH_UP_MAX - 1)
  const send: readonly NotaryEffect[] = isPeer ? [{ type: 'send-decisions', to: member, fromSlot: slot, toSlot }] : []
  return { state, effects: [{ type: 'event-refused', code: 'NOTARY_SLOT_DECIDED' }, ...send] }
}
