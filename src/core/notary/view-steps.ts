import { assert } from '../../base/assert.ts'
import type { Timestamp } from '../../base/time.ts'
import { honestShareOf, quorumOf } from './notary-set.ts'
import type { NotaryEffect } from './notary-event.ts'
import { andThen, IDLE, isLeader, isOutstanding, refused, unchanged } from './notary-state.ts'
import type { NotaryState, NotaryStep } from './notary-state.ts'
import { comparePositions } from './position.ts'
import { check, pump } from './slot-steps.ts'
import { type Change, isChangeSound, openingOf } from './view-change.ts'

/** Leaves for a higher view, with the highest certificates that are known here. */
export function startChange(state: NotaryState, view: number): NotaryStep {
  if (state.kind === 'stopped' || state.floor !== undefined || view <= state.view) return unchanged(state)
  const { head, prepared } = state
  const place = { phase: 'change', view, slot: head.slot + 1 } as const
  assert(state.cast === undefined || comparePositions(place, state.cast) > 0, 'no place is signed twice')
  const statement = {
    view,
    head: { slot: head.slot, block: head.block, quorum: head.quorum },
    prepared,
  }
  return {
    state: {
      ...state,
      kind: 'changing',
      view,
      work: IDLE,
      votes: [],
      opening: [],
      changes: state.changes.filter((change) => change.view >= view),
      cast: { ...place, block: head.block },
      attempts: state.attempts + 1,
    },
    effects: [{ type: 'cast-change', statement }],
  }
}

/** A change of a member, or this replica's own after it was signed. */
export function takeChange(state: NotaryState, change: Change, now: Timestamp): NotaryStep {
  const { input, view } = state
  if (input.set.members[change.member] === undefined) return refused(state, 'NOTARY_MEMBER_UNKNOWN')
  if (!isChangeSound(input.set, change)) return refused(state, 'NOTARY_CHANGE_WRONG')
  const isDone = change.view < view || (change.view === view && state.kind === 'following')
  if (isDone)
    return { state, effects: [{ type: 'event-refused', code: 'NOTARY_VIEW_STALE' }, ...helpFor(state, change)] }
  const known = state.changes.find(({ member }) => member === change.member)
  if (known !== undefined && known.view >= change.view) {
    const effects = [...helpFor(state, change), ...saidAgain(state, change)]
    return { state, effects: [{ type: 'event-refused', code: 'NOTARY_VOTE_EXISTS' }, ...effects] }
  }
  const changes = [...state.changes.filter(({ member }) => member !== change.member), change]
  const step: NotaryStep = { state: { ...state, changes }, effects: helpFor(state, change) }
  return andThen(andThen(step, join), (next) => openView(next, now))
}

/** Who is behind gets what was decided; who is ahead is asked. */
function helpFor({ head, input }: NotaryState, change: Change): readonly NotaryEffect[] {
  if (change.member === input.me || change.head.slot === head.slot) return []
  if (change.head.slot > head.slot) return [{ type: 'ask-progress', to: change.member, slot: head.slot + 1 }]
  return [{ type: 'send-decisions', to: change.member, fromSlot: change.head.slot + 1, toSlot: head.slot }]
}

/**
 * Who says a change again may wait for this replica's own, which was lost: a replica with nothing to do would not say it again by itself. With something to do it does, and
 * answers nobody, so that two of them never answer each other for ever.
 */
function saidAgain(state: NotaryState, { member, view }: Change): readonly NotaryEffect[] {
  if (state.kind !== 'changing' || member === state.input.me || view > state.view || isOutstanding(state)) return []
  const change = state.changes.find((other) => other.member === state.input.me)
  return change === undefined ? [] : [{ type: 'send-again', proposal: undefined, votes: [], change }]
}

/** `f + 1` members in higher views: one of them is honest, so this replica leaves too, for the highest view that so many have reached. */
function join(state: NotaryState): NotaryStep {
  const { input, changes, view } = state
  const ahead = changes
    .filter((change) => change.member !== input.me && change.view > view)
    .map((change) => change.view)
    .toSorted((left, right) => right - left)
  const target = ahead[honestShareOf(input.set) - 1]
  return target === undefined ? unchanged(state) : startChange(state, target)
}

/** Opens the view that this replica is to lead, once `2f + 1` changes are there and it has what the furthest of them had. */
export function openView(state: NotaryState, now: Timestamp): NotaryStep {
  const { input, head, view } = state
  if (state.kind !== 'changing' || !isLeader(state) || state.floor !== undefined) return unchanged(state)
  const mine = state.changes.filter((change) => change.member === input.me && change.view === view)
  const others = state.changes.filter((change) => change.member !== input.me && change.view === view)
  if (mine.length === 0 || mine.length + others.length < quorumOf(input.set)) return unchanged(state)
  const changes = [...mine, ...others].slice(0, quorumOf(input.set))
  const opening = openingOf(input.set, view, changes)
  assert(opening !== undefined, 'sound changes of one view open it')
  if (opening.start > head.slot + 1) return unchanged(state)
  const open: NotaryState = { ...state, kind: 'following', opening: changes, changes: [], votes: [], work: IDLE }
  const { required } = opening
  if (required === undefined || opening.start <= head.slot) return pump(open, now)
  return check(open, { block: required.block, hash: required.hash, isMine: true })
}
