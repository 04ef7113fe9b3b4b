import { assertNever } from '../../base/assert.ts'
import type { DurationMs, Timestamp } from '../../base/time.ts'
import { addDuration } from '../../base/time.ts'
import { type Sha256Hex, sha256Hex } from '../../base/sha256.ts'
import type { Machine } from '../machine.ts'
import { hashOfBlock } from './block.ts'
import type { Decision } from './certificate.ts'
import type { NotaryEffect, NotaryEvent } from './notary-event.ts'
import { leaderOf, quorumOf } from './notary-set.ts'
import {
  andThen,
  CATCH_UP_MAX,
  DOUBLINGS_MAX,
  IDLE,
  initialState,
  isLeader,
  isOutstanding,
  PENDING_MAX,
  refused,
  unchanged,
} from './notary-state.ts'
import type { NotaryInput, NotaryState, NotaryStep } from './notary-state.ts'
import { notaryViolations } from './notary-violations.ts'
import { comparePositions, laterPosition, type VotePosition } from './position.ts'
import { takeProposal } from './proposal-steps.ts'
import { decide, headMoved, passFloor, pump, takeExecution } from './slot-steps.ts'
import { isQuorumOf, type Change } from './view-change.ts'
import { endEpoch, withEnd } from './end-epoch.ts'
import { openView, startChange, takeChange } from './view-steps.ts'
import { isForeign, stop, takeVote } from './vote-steps.ts'

/**
 * One replica of a notary set: PBFT (Castro and Liskov, 1999) with one slot under way at a time. A slot takes a proposal of the leader, a prepare
 * vote and a commit vote of `2f + 1` members each; the commit votes are its certificate, and a stable checkpoint of everything before. A leader
 * that makes no progress is passed over by a view change that carries the highest certificates. A set of one needs the commit vote only.
 *
 * ```text
 *           proposal           2f+1 prepare        2f+1 commit
 * following --------> checking ------------> voting ----------> following, next slot
 *     |  timer, or f+1 changes                  |
 *     +----------> changing <-------------------+
 *                     | proposal with 2f+1 changes (its leader: 2f+1 changes)
 *                     +----------> following, next view
 * ```
 *
 * @see protocol/spec/notary.md
 */
export const NOTARY_MACHINE: NotaryMachine = createNotaryMachine(sha256Hex)

export type NotaryMachine = Machine<NotaryState, NotaryEvent, NotaryEffect, NotaryInput>

/** The machine with a digest of the platform, which must equal `sha256Hex`: hashing is most of what a notary of one does beside signing. */
export function createNotaryMachine(digest: Sha256Hex): NotaryMachine {
  return {
    name: 'notary',
    initial: initialState,
    transition: (state, event) => withTimers(state, withEnd(state, apply(state, event, digest)), event.now),
    violations: notaryViolations,
  }
}

function apply(state: NotaryState, event: NotaryEvent, digest: Sha256Hex): NotaryStep {
  const { now } = event
  if (state.kind === 'stopped') return refused(state, 'NOTARY_STOPPED')
  switch (event.type) {
    case 'entries-submitted':
      return submit(state, event)
    case 'proposal-received':
      return takeProposal(state, event.proposal, now)
    case 'vote-received':
      return goOn(takeVote(state, event.vote), now)
    case 'change-received':
      return receiveChange(state, event.change, now)
    case 'decision-received':
      return goOn(takeDecision(state, event.decision), now)
    case 'state-installed':
      return goOn(installState(state, event.decision), now)
    case 'block-executed':
      return goOn(takeExecution(state, event, digest), now)
    case 'progress-asked':
      return answerProgress(state, event)
    case 'timer-fired':
      return event.name === 'progress' ? leaveView(state, now) : sendAgain(state, now)
    case 'floor-raised':
      return goOn(raiseFloor(state, event.floor), now)
    case 'epoch-ended':
      return endEpoch(state, event)
    default:
      return assertNever(event)
  }
}

/** After a decision a leader goes on with the next block, or opens the view that it could not open before. */
function goOn(step: NotaryStep, now: Timestamp): NotaryStep {
  return andThen(
    andThen(step, (state) => openView(state, now)),
    (state) => pump(state, now),
  )
}

type Submitted = Extract<NotaryEvent, { type: 'entries-submitted' }>

function submit(state: NotaryState, { entries, now }: Submitted): NotaryStep {
  if (state.end !== undefined) return refused(state, 'NOTARY_EPOCH_ENDED')
  const isAlone = state.input.set.members.length === 1
  if (isAlone && state.floor !== undefined) return refused(state, 'NOTARY_STATE_BEHIND')
  const known = new Set(state.pending.map(({ message }) => message))
  const fresh = entries.filter(({ message }) => {
    if (known.has(message)) return false
    known.add(message)
    return true
  })
  if (fresh.length === 0) return refused(state, 'NOTARY_ENTRY_EXISTS')
  if (state.pending.length + fresh.length > PENDING_MAX) return refused(state, 'NOTARY_QUEUE_FULL')
  return pump({ ...state, pending: [...state.pending, ...fresh] }, now)
}

function receiveChange(state: NotaryState, change: Change, now: Timestamp): NotaryStep {
  const place = { phase: 'change', view: change.view, slot: change.head.slot + 1, block: change.head.block } as const
  if (change.member === state.input.me && isForeign(state, place)) return stop(state)
  return takeChange(state, change, now)
}

function takeDecision(state: NotaryState, decision: Decision): NotaryStep {
  const { head } = state
  const { block } = decision
  if (block.slot <= head.slot) return refused(state, 'NOTARY_SLOT_DECIDED')
  if (block.slot > head.slot + 1) return refused(state, 'NOTARY_SLOT_AHEAD')
  const isNext = block.previous === head.block && block.at >= head.at
  return isNext && isCertified(state, decision) ? decide(state, decision) : refused(state, 'NOTARY_DECISION_WRONG')
}

function installState(state: NotaryState, decision: Decision): NotaryStep {
  if (decision.block.slot <= state.head.slot) return refused(state, 'NOTARY_SLOT_DECIDED')
  if (!isCertified(state, decision)) return refused(state, 'NOTARY_DECISION_WRONG')
  return unchanged(passFloor(headMoved(state, decision)))
}

function isCertified({ input }: NotaryState, { block, quorum }: Decision): boolean {
  return isQuorumOf(input.set, quorum, { phase: 'commit', slot: block.slot, block: hashOfBlock(block) })
}

type ProgressAsked = Extract<NotaryEvent, { type: 'progress-asked' }>

function answerProgress(state: NotaryState, { from, slot }: ProgressAsked): NotaryStep {
  if (state.input.set.members[from] === undefined) return refused(state, 'NOTARY_MEMBER_UNKNOWN')
  if (slot < 1 || slot > state.head.slot) return refused(state, 'NOTARY_SLOT_AHEAD')
  const toSlot = Math.min(state.head.slot, slot + CATCH_UP_MAX - 1)
  return { state, effects: [{ type: 'send-decisions', to: from, fromSlot: slot, toSlot }] }
}

function leaveView(state: NotaryState, now: Timestamp): NotaryStep {
  if (!isOutstanding(state)) return refused(state, 'NOTARY_TIMER_IDLE')
  const step = isWaitedFor(state) ? undefined : startChange(state, state.view + 1)
  if (step !== undefined && step.state !== state) return step
  return {
    state,
    effects: [progressTimer(state, now), { type: 'ask-progress', to: undefined, slot: state.head.slot + 1 }],
  }
}

/**
 * Whether this replica has left for a view that fewer than `2f + 1` have left for, itself included: it does not go on to further ones alone, where the others would
 * never meet it (Castro and Liskov, 1999, section 4.5.2).
 */
function isWaitedFor({ kind, input, changes, view }: NotaryState): boolean {
  const isSaid = changes.some((change) => change.member === input.me && change.view === view)
  return kind === 'changing' && isSaid && changes.filter((change) => change.view >= view).length < quorumOf(input.set)
}

function sendAgain(state: NotaryState, now: Timestamp): NotaryStep {
  if (!isOutstanding(state)) return refused(state, 'NOTARY_TIMER_IDLE')
  const { input, work, view, votes, opening, pending } = state
  const mine = votes.filter(({ member }) => member === input.me)
  const first = mine.find(({ phase }) => phase === 'prepare')
  const proposal =
    work.kind === 'voting' && work.isMine && first !== undefined
      ? { view, block: work.block, changes: opening, signature: { member: first.member, signature: first.signature } }
      : undefined
  const change = state.changes.find(({ member }) => member === input.me)
  const effects: NotaryEffect[] = [resendTimer(state, now)]
  if (proposal !== undefined || mine.length > 0 || change !== undefined) {
    effects.push({ type: 'send-again', proposal, votes: mine, change })
  } else effects.push({ type: 'ask-progress', to: undefined, slot: state.head.slot + 1 })
  if (pending.length > 0 && !isLeader(state) && state.kind === 'following') {
    effects.push({ type: 'forward-entries', to: leaderOf(input.set, view), entries: pending.slice(0, input.batchMax) })
  }
  return { state, effects }
}

function raiseFloor(state: NotaryState, floor: VotePosition): NotaryStep {
  if (state.cast !== undefined && comparePositions(floor, state.cast) <= 0) return unchanged(state)
  const raised = laterPosition(state.floor, floor)
  return unchanged(passFloor({ ...state, floor: raised, work: IDLE, votes: [] }))
}

/** Timers run while something is outstanding; a decision, a new view and a quorum that has come to it give the leader its time anew. */
function withTimers(before: NotaryState, step: NotaryStep, now: Timestamp): NotaryStep {
  const { state, effects } = step
  if (state === before || state.input.set.members.length === 1) return step
  const [was, is] = [isOutstanding(before), isOutstanding(state)]
  if (was && !is) {
    const cancels = (['progress', 'resend'] as const).map((name) => ({ type: 'cancel-timer', name }) as const)
    return { state, effects: [...effects, ...cancels] }
  }
  // The time of a view begins when enough members have come to it.
  const isMet = isWaitedFor(before) && !isWaitedFor(state)
  const isAnew = isMet || state.view !== before.view || state.head.slot !== before.head.slot
  if (!is || (was && !isAnew)) return step
  const timers = was ? [progressTimer(state, now)] : [progressTimer(state, now), resendTimer(state, now)]
  return { state, effects: [...effects, ...timers] }
}

function progressTimer({ input, attempts }: NotaryState, now: Timestamp): NotaryEffect {
  let afterMs: number = input.timeoutMs
  for (let count = 0; count < Math.min(attempts, DOUBLINGS_MAX); count += 1) afterMs *= 2
  return { type: 'start-timer', name: 'progress', firesAt: addDuration(now, afterMs as DurationMs) }
}

function resendTimer({ input }: NotaryState, now: Timestamp): NotaryEffect {
  return { type: 'start-timer', name: 'resend', firesAt: addDuration(now, input.resendMs) }
}
