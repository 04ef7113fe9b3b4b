import type { Timestamp } from '../../base/time.ts'
import type { ArmFigures, WatchedOutcome } from './watch/arm-totals.ts'
import type { RolloutRules } from './rollout-rules.ts'
import type { ServingRecord } from './serving-record.ts'
import type { DriftReading, TrialDrift } from './watch/trial-drift.ts'
import type { SloBreach } from './watch/watch-evidence.ts'
import type { WatchState } from './watch/watch-state.ts'

export type RolloutStage = 'legacy_only' | 'shadow' | 'canary' | 'full'

/** How far a candidate has come. */
export type RolloutPosition =
  /** The incumbent answers everything. */
  | { readonly stage: 'legacy_only' }
  /** The incumbent answers; the candidate is tried beside it, and nobody gets what it says. */
  | { readonly stage: 'shadow'; readonly trial: Trial }
  /** The candidate answers some of the conversations. */
  | { readonly stage: 'canary'; readonly percent: number; readonly trial: Trial }
  /** The candidate answers everything; the incumbent is what a rollback goes back to. */
  | { readonly stage: 'full'; readonly trial: Trial }

/** A candidate on its way. */
export type Trial = {
  readonly candidate: string
  /** Revision of the transition that it began with: the same candidate tried again is another trial. */
  readonly began: number
  /** When this stage, or this step of the canary, began, as the clock said then; never after the last event. */
  readonly since: Timestamp
  /** How long it has lasted while a node ran: the sum of what the events say, whatever the clock said meanwhile. */
  readonly lastedMs: number
  /** Requests that the candidate answered, or was tried on, since then. */
  readonly requests: number
  /** Of those in the shadow, the ones for which a model was called. */
  readonly called: number
  /** Somebody keeps it where it is: it takes no step by itself. It is watched all the same. */
  readonly isPaused: boolean
  readonly watch: WatchState
  readonly drift: TrialDrift
}

/** What made a stage change. */
export type RolloutTransition = {
  /** Numbered from 1. */
  readonly revision: number
  readonly at: Timestamp
  readonly from: RolloutStage
  readonly to: RolloutStage
  /** Percent of the canary before and after; 0 where the candidate answers nothing, 100 where it answers everything. */
  readonly percentBefore: number
  readonly percentAfter: number
  /** The candidate that this is about; `null` when there was none. */
  readonly candidate: string | null
  /** What answers after it where the candidate does not. */
  readonly incumbent: string | null
  readonly cause: 'promote' | 'replace' | 'step' | 'pause' | 'resume' | 'rollback' | 'slo-breach'
  /** One sentence. */
  readonly reason: string
  /** Who did it: a person's command, or `watch`. */
  readonly by: string
  readonly canary: ArmFigures | null
  readonly control: ArmFigures | null
  readonly breach: SloBreach | null
  /** SHA-256 of the signed gate report that allowed it; `null` where none was needed, or an earlier version kept none. */
  readonly gate: string | null
}

/** Which policy answers, which one is on trial and how it does, and how it came to that: all that a node goes on from after a restart. */
export type RolloutState = {
  readonly rules: RolloutRules
  /** The policy before the candidate; `undefined` until something was promoted: then whatever the configuration names. */
  readonly incumbent: string | undefined
  /** What the configuration named when the last candidate was promoted. */
  readonly baseline: string | undefined
  /** How the policy has done that answers, where one does alone, or all that the candidate does not. */
  readonly serving: ServingRecord | null
  readonly position: RolloutPosition
  /** Policies that once answered everything, newest first: what one may go back to without a gate. */
  readonly served: readonly string[]
  readonly revision: number
  readonly rollbacks: number
  /** Newest first. */
  readonly transitions: readonly RolloutTransition[]
  /** The instant that the last event named. */
  readonly at: Timestamp
}

export type Promotion = {
  readonly version: string
  /** What answers everything else: the policy that the node serves now. */
  readonly incumbent: string
  /** What the configuration names: a trained policy, or the priors. */
  readonly baseline: string
  readonly stage: 'shadow' | 'canary' | 'full'
  /** For `canary`; absent: the first step of the rules. More than 0 and below 100. */
  readonly percent?: number
  /** SHA-256 of the gate report that allows it. */
  readonly gate?: string
  /** For `full`: also where too little is known of the incumbent to compare the candidate with. Then the limits alone take it back. */
  readonly isWithoutReference?: boolean
}

/**
 * What happened. `elapsedMs` is the time since the event before by a clock that nobody sets, and absent after a start: of the time of day
 * nothing is reckoned, because one wrong hour would end a step at once, or hold it for as long.
 */
export type RolloutEvent = RolloutFact & { readonly elapsedMs?: number }

type RolloutFact =
  | { readonly type: 'rules-set'; readonly rules: RolloutRules; readonly at: Timestamp }
  /** From `legacy_only` or `full` with a new candidate; from any stage further up with the same one. */
  | ({
      readonly type: 'candidate-promoted'
      readonly by: string
      readonly reason: string
      readonly at: Timestamp
    } & Promotion)
  /** Another candidate instead of the one under way, which is given up. */
  | ({
      readonly type: 'candidate-replaced'
      readonly by: string
      readonly reason: string
      readonly at: Timestamp
    } & Promotion)
  /** To the next step of the canary, or to everything after the last. */
  | {
      readonly type: 'step-taken'
      readonly by: string
      readonly reason: string
      readonly gate?: string
      readonly at: Timestamp
    }
  /** Somebody keeps the candidate where it is, or lets it go on by itself. */
  | {
      readonly type: 'pause-set'
      readonly isPaused: boolean
      readonly by: string
      readonly reason: string
      readonly at: Timestamp
    }
  | {
      readonly type: 'rolled-back'
      /** Absent: the incumbent; where it serves alone, the policy that served before it. */
      readonly to?: string
      /** What the configuration names now; one may always go back to it. */
      readonly baseline: string
      readonly by: string
      readonly reason: string
      readonly at: Timestamp
    }
  /** Somebody else than the watch found that the candidate does harm. */
  | { readonly type: 'slo-breached'; readonly by: string; readonly reason: string; readonly at: Timestamp }
  /** A request ended that was decided while `candidate` was on trial. */
  | {
      readonly type: 'request-observed'
      readonly candidate: string
      readonly arm: 'candidate' | 'incumbent'
      readonly outcome: WatchedOutcome
      readonly at: Timestamp
    }
  /** Requests ended that the policy decided which serves while no candidate answers any. */
  | {
      readonly type: 'served-observed'
      readonly policy: string
      readonly outcomes: readonly WatchedOutcome[]
      readonly at: Timestamp
    }
  /** The candidate was tried on a request in the shadow, and this is what came of it and of the answer that the caller got. */
  | {
      readonly type: 'shadow-observed'
      readonly candidate: string
      readonly tried: WatchedOutcome
      readonly served: WatchedOutcome
      /** A model was called for it; else it chose what had been called already. */
      readonly isCalled: boolean
      readonly at: Timestamp
    }

  /** A window of the trial's requests was compared with what they were at first. */
  | {
      readonly type: 'drift-observed'
      readonly candidate: string
      /** `since` of the drift that it is about. */
      readonly since: number
      readonly reading: DriftReading
      readonly at: Timestamp
    }

  /** Somebody said how good an answer was that an arm of this trial gave. */
  | {
      readonly type: 'feedback-observed'
      readonly candidate: string
      /** Of the trial. */
      readonly began: number
      readonly arm: 'candidate' | 'incumbent'
      /** 0 to 1; 1 is good. */
      readonly value: number
      readonly at: Timestamp
    }

export type RolloutRefusal =
  /** The candidate is not further down than that already, or is the incumbent itself. */
  | 'NOT_FURTHER_UP'
  /** Another candidate is under way. */
  | 'CANDIDATE_UNDER_WAY'
  /** Too little is known of the incumbent to compare a candidate with that answers everything. */
  | 'NO_REFERENCE'
  /** Nothing is under way. */
  | 'NO_CANDIDATE'
  /** There is nothing before this. */
  | 'NOTHING_BEFORE'
  /** That policy never answered everything. */
  | 'NEVER_SERVED'
  /** The event is about a candidate that is not on trial any more. */
  | 'STALE'
  | 'EVENT_INVALID'

/**
 * What a step of a rollout leaves to be done outside: a change of stage to make known, word that an observation or new rules were taken, or why the event was
 * refused.
 */
export type RolloutEffect =
  | { readonly type: 'announce-transition'; readonly transition: RolloutTransition }
  | { readonly type: 'count-observation' }
  | { readonly type: 'confirm-rules' }
  | { readonly type: 'event-refused'; readonly code: RolloutRefusal }

export type RolloutInput = { readonly rules: RolloutRules; readonly at: Timestamp }

/** Transitions that a state remembers; the journal has more. */
export const TRANSITIONS_MAX = 50

/** Policies that a state remembers to have served. */
export const SERVED_MAX = 50

/** Percent of the conversations that the candidate answers. */
export function percentOf(position: RolloutPosition): number {
  if (position.stage === 'full') return 100
  return position.stage === 'canary' ? position.percent : 0
}

/** The candidate under way, or serving in full. */
export function trialOf(position: RolloutPosition): Trial | undefined {
  return position.stage === 'legacy_only' ? undefined : position.trial
}
