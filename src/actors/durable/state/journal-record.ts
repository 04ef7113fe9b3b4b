/**
 * The records of the journal that all durable actors of a system share. One record is one decision, and it is there whole
 * or not at all; the order of records is the order in which the decisions were made.
 *
 * ```text
 * open        a process began to write here                 commit    an actor had a turn (or was created)
 * inbox       a message from outside was accepted           effect    a requested effect has ended
 * activation  an actor came into memory, with a new token   approval  a decision was asked for, made, or not made in time
 * removal     an actor is gone for good                     import    an actor came from an export
 * ```
 *
 * Only what a turn changed is in its commit, so a journal grows with the changes and not with the states.
 */
import type { AnyEventObject } from 'xstate'
import type { Schedule } from '../schedules/recurrence.ts'
import type { StateDelta } from '../values/state-delta.ts'

/** Raised when an older version of this package could not read the records. */
export const JOURNAL_FORMAT = 1

export type OpenRecord = { readonly kind: 'open'; readonly format: number; readonly at: number }

/** One turn of one actor: everything that it changed, and what it consumed, in one piece. */
export type CommitRecord = {
  readonly kind: 'commit'
  readonly actor: string
  /** Token of the activation that wrote it. */
  readonly epoch: number
  /** Turns of this actor so far, this one included. */
  readonly number: number
  readonly at: number
  /** Only in the first commit of an actor. */
  readonly created?: { readonly agent: string; readonly incarnation: number }
  /** Version of the definition from here on; in the first commit, and when it changed. */
  readonly version?: number
  /** The whole state, now and then; otherwise `delta`, or neither when nothing changed. */
  readonly state?: unknown
  readonly delta?: StateDelta
  /** Place in the inbox of the message that was handled. */
  readonly consumed?: number
  readonly fired?: FiredTimer
  readonly messages?: readonly SentMessage[]
  readonly timers?: readonly TimerSetting[]
  /** Ids of timers and schedules that are cancelled, before `timers` are set. */
  readonly cancelled?: readonly string[]
  readonly approvals?: readonly ApprovalRequest[]
  readonly effects?: readonly EffectRequest[]
}

export type FiredTimer = {
  readonly id: string
  readonly generation: number
  /** The due time it had. */
  readonly dueAt: number
  /** When it is due again; absent: it is gone. */
  readonly next?: number
}

export type SentMessage = { readonly to: string; readonly event: AnyEventObject; readonly version: number }

export type TimerSetting = {
  readonly id: string
  /** In ms since the epoch. */
  readonly dueAt: number
  /** For a delay: how long it was to be, so that a clock that was set back does not make it longer. Absent for an instant. */
  readonly delayMs?: number
  readonly event: AnyEventObject
  readonly schedule?: Schedule
}

export type ApprovalRequest = {
  readonly sequence: number
  readonly question: string
  readonly details?: unknown
  readonly expiresAt?: number
  /** The effect that waits for it. */
  readonly effect?: number
}

export type EffectRequest = {
  readonly sequence: number
  readonly name: string
  readonly input: unknown
  /** Comes back with the result; the caller's own name for it. */
  readonly label?: string
}

export type InboxRecord = {
  readonly kind: 'inbox'
  readonly actor: string
  readonly event: AnyEventObject
  /** Version of the definition that the event was made for. */
  readonly version: number
  readonly at: number
  readonly key?: string
  readonly sender?: string
  /** With `sender`: its own count of what it sent to this actor, rising. */
  readonly senderSequence?: number
}

export type ActivationRecord = { readonly kind: 'activation'; readonly actor: string; readonly epoch: number }

export type EffectOutcome =
  | { readonly isOk: true; readonly output: unknown; readonly wasDoneBefore: boolean }
  | { readonly isOk: false; readonly error: unknown }

export type EffectRecord = {
  readonly kind: 'effect'
  readonly actor: string
  readonly sequence: number
  readonly at: number
  readonly outcome: EffectOutcome
}

export type ApprovalDecision = 'approved' | 'rejected' | 'expired'

export type ApprovalRecord = {
  readonly kind: 'approval'
  readonly actor: string
  readonly sequence: number
  readonly at: number
} & (
  | { readonly decision: ApprovalDecision; readonly by: string; readonly note?: string }
  /** Asked for by the runtime, for an effect that had none. */
  | { readonly asked: ApprovalRequest }
)

export type RemovalRecord = { readonly kind: 'removal'; readonly actor: string; readonly at: number }

/** `image` and `state` are those of `encodeActor`. */
export type ImportRecord = {
  readonly kind: 'import'
  readonly actor: string
  readonly image: unknown
  readonly state: unknown
}

export type JournalRecord =
  | OpenRecord
  | CommitRecord
  | InboxRecord
  | ActivationRecord
  | EffectRecord
  | ApprovalRecord
  | RemovalRecord
  | ImportRecord
