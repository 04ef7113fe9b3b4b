import { figuresOf, type ArmFigures } from '../../core/rollout/watch/arm-totals.ts'
import { trialOf, type RolloutStage, type RolloutTransition, type Trial } from '../../core/rollout/rollout-state.ts'
import { servedLately } from '../../core/rollout/serving-record.ts'
import { evidence, type SloBreach } from '../../core/rollout/watch/watch-evidence.ts'
import type { Votes } from '../../core/rollout/watch/feedback-watch.ts'
import { calledNeeded, type RolloutRules } from '../../core/rollout/rollout-rules.ts'
import { isHeldByDrift, type TrialDrift } from '../../core/rollout/watch/trial-drift.ts'
import type { FeedbackIgnored } from './feedback-join.ts'
import type { ShadowSkip } from './shadow-runner.ts'
import type { OnlineStatus } from '../../core/learning/online/online-status.ts'
import type { NodePoliciesComponents } from './node-policies-components.ts'

/** Where a rollout stands, for people and programs. */
export type RolloutStatus = {
  readonly stage: RolloutStage
  /** Share of the conversations that the candidate answers, 0 to 100. */
  readonly percent: number
  readonly candidate: string | null
  /** What answers everything else, and what a rollback goes back to. */
  readonly incumbent: string
  /** The policy that the configuration names. */
  readonly configured: string
  /** The configuration names another policy than the rollout began with: that one serves. */
  readonly isSuspended: boolean
  /** Somebody keeps the candidate where it is: it takes no step by itself. */
  readonly isPaused: boolean
  readonly revision: number
  readonly rollbacks: number
  /** When this stage, or step, began: milliseconds since 1970; `null` where no candidate is under way. */
  readonly since: number | null
  /** Requests of the candidate since then, and how many it takes to go on by itself; `null` where it does not. */
  readonly requests: number
  readonly requestsNeeded: number | null
  /** Requests of the policy that serves now that are known; a candidate can answer everything at once from `REFERENCE_MIN` on. */
  readonly servedLately: number
  /** At `full`: whether there is something that the candidate is compared with; `null` at other stages. */
  readonly isCompared: boolean | null
  readonly canary: ArmFigures | null
  readonly control: ArmFigures | null
  /** What each bet against the candidate has come to; it is rolled back when one reaches its threshold. */
  readonly evidence: readonly SloBreach[]
  /** What has changed since the trial began; `null` where no candidate is under way. */
  readonly drift: TrialDrift | null
  /** Drift keeps the canary from going on by itself. */
  readonly isHeldByDrift: boolean
  /** Policies that once answered everything, newest first. */
  readonly served: readonly string[]
  /** Decisions since the start of the node. */
  readonly decisions: { readonly incumbent: number; readonly candidate: number }
  /** `isOutOfBudget`: it has stopped, because its budget has no room. `called`: runs of this stage for which a model was called. */
  readonly shadow: {
    readonly completed: number
    readonly skipped: Readonly<Record<ShadowSkip, number>>
    readonly isOutOfBudget: boolean
    readonly called: number
    readonly calledNeeded: number
  }
  /** What was said of answers of the trial, 0 to 1 on average; and since the start, how much was counted and left out, and why. */
  readonly feedback: {
    readonly candidate: VoteFigures
    readonly incumbent: VoteFigures
    readonly counted: number
    readonly ignored: Readonly<Record<FeedbackIgnored, number>>
  }
  /** Observations that were not kept since the start, because the disk did not keep up. */
  readonly dropped: number
  readonly rules: RolloutRules
  /** What the node learns from its own tasks; `null` where it does not. */
  readonly online: OnlineStatus | null
  /** Newest first, at most fifty. */
  readonly transitions: readonly RolloutTransition[]
}

export type VoteFigures = { readonly votes: number; readonly mean: number | null }

function voteFigures({ count, bad }: Votes = { count: 0, bad: 0 }): VoteFigures {
  return { votes: count, mean: count === 0 ? null : 1 - bad / count }
}

export function describeRollout(components: Omit<NodePoliciesComponents, 'registry' | 'shelf'>): RolloutStatus {
  const { owner, served, configured, shadow, feedback, isSuspended } = components
  const { state, inForce } = owner
  const trial = trialOf(state.position)
  return {
    stage: inForce.stage,
    percent: inForce.percent,
    candidate: inForce.candidate ?? null,
    incumbent: served.inForce.incumbent.version,
    configured: configured.service.version,
    isSuspended: isSuspended(),
    isPaused: trial?.isPaused ?? false,
    revision: inForce.revision,
    rollbacks: state.rollbacks,
    since: trial?.since ?? null,
    requests: trial?.requests ?? 0,
    requestsNeeded: trial?.isPaused === true ? null : neededOf(inForce.stage, state.rules),
    servedLately: servedLately(state.serving, state.serving?.policy).requests,
    isCompared: inForce.stage === 'full' ? isCompared(trial) : null,
    canary: trial === undefined ? null : figuresOf(trial.watch.canary),
    control: trial === undefined ? null : figuresOf(trial.watch.control),
    evidence: trial === undefined ? [] : evidence(trial.watch, state.rules.slo),
    drift: trial?.drift ?? null,
    isHeldByDrift: trial !== undefined && isHeldByDrift(trial.drift),
    served: state.served,
    decisions: { ...served.counts },
    shadow: {
      completed: shadow.counts.completed,
      skipped: { ...shadow.counts.skipped },
      isOutOfBudget: shadow.isOutOfBudget,
      called: trial?.called ?? 0,
      calledNeeded: calledNeeded(state.rules),
    },
    feedback: {
      candidate: voteFigures(trial?.watch.feedback.candidate),
      incumbent: voteFigures(trial?.watch.feedback.incumbent),
      counted: feedback.counts.counted,
      ignored: { ...feedback.counts.ignored },
    },
    dropped: owner.droppedCount,
    rules: state.rules,
    online: components.online(),
    transitions: state.transitions,
  }
}

function isCompared(trial: Trial | undefined): boolean {
  return Object.values(trial?.watch.reference ?? {}).some((reference) => reference !== null)
}

function neededOf(stage: RolloutStage, rules: RolloutRules): number | null {
  if (!rules.autoAdvance) return null
  if (stage === 'shadow') return rules.minShadowRuns
  return stage === 'canary' ? rules.minCanaryRequests : null
}
