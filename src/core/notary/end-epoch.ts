import type { NotaryEvent } from './notary-event.ts'
import { IDLE, refused, unchanged } from './notary-state.ts'
import type { NotaryState, NotaryStep } from './notary-state.ts'
import type { VotePosition } from './position.ts'

/** No head reaches it: behind this floor nothing is signed any more. */
const NEVER: VotePosition = { view: Number.MAX_SAFE_INTEGER, slot: Number.MAX_SAFE_INTEGER, phase: 'commit' }

/**
 * Ends the epoch for this replica. It must not have signed a commit vote for the slot behind its head: `2f + 1` members that end at one slot share an
 * honest one with every `2f + 1` that could certify the next slot, so that nothing can be certified behind the end. Whoever sees a later certificate all
 * the same ends there anew: then fewer than `2f + 1` ended before.
 */
export function endEpoch(state: NotaryState, { to, epoch }: Extract<NotaryEvent, { type: 'epoch-ended' }>): NotaryStep {
  const { head, cast, prepared, floor, end, input } = state
  if (end !== undefined) return refused(state, 'NOTARY_EPOCH_ENDED')
  if (epoch !== input.set.epoch + 1) return refused(state, 'NOTARY_SET_EPOCH')
  if (floor !== undefined) return refused(state, 'NOTARY_STATE_BEHIND')
  const isUnderWay = prepared !== undefined || (cast?.phase === 'commit' && cast.slot > head.slot)
  if (isUnderWay) return refused(state, 'NOTARY_EPOCH_BUSY')
  return unchanged({ ...state, end: { to, epoch }, floor: NEVER, work: IDLE, votes: [] })
}

/** Says where the log ends, again whenever its head has moved since. */
export function withEnd(before: NotaryState, step: NotaryStep): NotaryStep {
  const { state, effects } = step
  const { end, head } = state
  if (end === undefined || (before.end !== undefined && before.head.slot === head.slot)) return step
  const { slot, block, at } = head
  return { state, effects: [...effects, { type: 'cast-epoch-end', ...end, slot, block, at }] }
}
