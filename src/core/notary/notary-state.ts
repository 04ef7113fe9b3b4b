import type { DurationMs, Timestamp } from '../../base/time.ts'
import type { Hash } from '../evidence/names.ts'
import { type Block, type Entry, GENESIS } from './block.ts'
import type { NotaryEffect } from './notary-event.ts'
import type { NotaryRefusalCode } from './notary-codes.ts'
import { type EpochSuccessor, leaderOf, type NotarySet } from './notary-set.ts'
import type { VotePosition } from './position.ts'
import type { Step } from '../machine.ts'
import type { Vote } from './statement.ts'
import type { Change, Prepared, ProvenHead } from './view-change.ts'

/** Messages that wait for a slot at most; further ones are refused. */
export const PENDING_MAX = 4_096
/** Messages of one block at most. */
export const BATCH_MAX = 256
/** Slots between two checkpoints. */
export const CHECKPOINT_EVERY = 128
/** Decisions kept behind the newest checkpoint, for peers that lag; older ones are truncated. */
export const KEPT_SLOTS = 1_024
/** Decisions sent in one answer to a peer that lags at most. */
export const CATCH_UP_MAX = 16
/** Doublings of the progress timer at most. */
export const DOUBLINGS_MAX = 6

export type NotaryInput = {
  readonly set: NotarySet
  /** Index of this replica. */
  readonly me: number
  /** No stamp is below it: where the epoch before ended, 0 for the first. */
  readonly startAt: Timestamp
  /** How far a stamp may be from the clock of this replica. */
  readonly epsilonMs: DurationMs
  /** How long a view has for a slot before it is left; doubles with each view that decides nothing. */
  readonly timeoutMs: DurationMs
  /** After what time unanswered messages are sent again. */
  readonly resendMs: DurationMs
  /** Messages of one block, 1 to `BATCH_MAX`. */
  readonly batchMax: number
}

export type Head = ProvenHead & { readonly at: Timestamp }

/** What happens to the slot behind the head. */
export type Work =
  | { readonly kind: 'idle' }
  /** This replica leads and lets the application run what it is going to propose. */
  | { readonly kind: 'drafting'; readonly ticket: number; readonly at: Timestamp; readonly entries: readonly Entry[] }
  /** A proposal runs here before it gets a vote; `isMine` where a new leader has to propose an old block again. */
  | {
      readonly kind: 'checking'
      readonly ticket: number
      readonly block: Block
      readonly hash: Hash
      readonly isMine: boolean
    }
  /** It came to the same here, and has this replica's vote. */
  | { readonly kind: 'voting'; readonly block: Block; readonly hash: Hash; readonly isMine: boolean }
  /** It came to something else here, and gets no vote. */
  | { readonly kind: 'rejected'; readonly block: Block; readonly hash: Hash }

type Common = {
  readonly input: NotaryInput
  readonly view: number
  readonly head: Head
  readonly work: Work
  /** Of the slot behind the head; it outlives its view. */
  readonly prepared: Prepared | undefined
  /** Votes of this view for the slot behind the head: one for each member and phase at most. */
  readonly votes: readonly Vote[]
  /** Changes to views that are not open here: the newest of each member. */
  readonly changes: readonly Change[]
  /** What opened the view that this replica leads; every proposal carries it. */
  readonly opening: readonly Change[]
  readonly pending: readonly Entry[]
  /** What was signed last, and for which block. */
  readonly cast: (VotePosition & { readonly block: Hash }) | undefined
  /** Nothing is signed before the head has reached its slot: what was signed up to there is not known here. */
  readonly floor: VotePosition | undefined
  /** The epoch that follows: this replica signs nothing more in its own, but where its log ends. */
  readonly end: EpochSuccessor | undefined
  /** Views left since the last decision. */
  readonly attempts: number
  /** Executions asked for so far. */
  readonly tickets: number
}

/**
 * `following`: takes part in `view`. `changing`: has left the ones before `view` and waits for its first proposal. `stopped`: signs nothing any
 * more, because a copy of it runs elsewhere.
 */
export type NotaryState =
  | (Common & { readonly kind: 'following' })
  | (Common & { readonly kind: 'changing' })
  | (Common & { readonly kind: 'stopped'; readonly code: NotaryRefusalCode })

export type NotaryStep = Step<NotaryState, NotaryEffect>

export const IDLE: Work = { kind: 'idle' }

export function initialState(input: NotaryInput): NotaryState {
  return {
    kind: 'following',
    input,
    view: 0,
    head: { slot: 0, block: GENESIS, at: input.startAt, quorum: undefined },
    work: IDLE,
    prepared: undefined,
    votes: [],
    changes: [],
    opening: [],
    pending: [],
    cast: undefined,
    floor: undefined,
    end: undefined,
    attempts: 0,
    tickets: 0,
  }
}

export function isLeader({ input, view }: NotaryState): boolean {
  return leaderOf(input.set, view) === input.me
}

export function refused(state: NotaryState, code: NotaryRefusalCode): NotaryStep {
  return { state, effects: [{ type: 'event-refused', code }] }
}

/** A step that goes on after another, with the effects of both. */
export function andThen(step: NotaryStep, next: (state: NotaryState) => NotaryStep): NotaryStep {
  const after = next(step.state)
  return after.effects.length === 0
    ? { ...after, effects: step.effects }
    : { state: after.state, effects: [...step.effects, ...after.effects] }
}

export function unchanged(state: NotaryState): NotaryStep {
  return { state, effects: [] }
}

/** Whether something waits for other members. */
export function isOutstanding({ pending, work, prepared, kind, input }: NotaryState): boolean {
  return (
    kind !== 'stopped' &&
    input.set.members.length > 1 &&
    (pending.length > 0 || work.kind !== 'idle' || prepared !== undefined)
  )
}
