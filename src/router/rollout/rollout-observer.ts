import type { ServedPolicy as ServedAs } from '../../core/routing/task-outcome.ts'
import type { ServedPolicy } from '../served-policy.ts'
import { traceIdOf, type TaskEnd } from '../report-outcome.ts'
import type { TaskRun } from '../task-run.ts'
import type { DriftMonitor } from './drift-monitor.ts'
import type { FeedbackJoin } from './feedback-join.ts'
import type { RolloutOwner } from './rollout-owner.ts'
import type { ShadowRunner } from './shadow-runner.ts'
import { tellingOf, watchedOutcomeOf } from './watched-outcome.ts'

/** Told of every task that ended, after its caller has the answer. Must not throw. */
export type TaskObserver = (run: TaskRun, end: TaskEnd) => void

export type RolloutObserverComponents = {
  readonly policy: Pick<ServedPolicy, 'inForce'>
  readonly owner: Pick<RolloutOwner, 'observe' | 'observeServed'>
  readonly shadow: Pick<ShadowRunner, 'consider'>
  readonly drift: DriftMonitor
  readonly feedback: Pick<FeedbackJoin, 'remember'>
}

/** Takes finished tasks to the watch of the canary, to the shadow, and to what is known of the policy that serves. */
export function createRolloutObserver({
  policy,
  owner,
  shadow,
  drift,
  feedback,
}: RolloutObserverComponents): TaskObserver {
  const observeTrial = (run: TaskRun, end: TaskEnd, arm: ServedAs['arm']): void => {
    const { candidate, incumbent } = policy.inForce
    // A decision of a policy that is gone by now says nothing of the one that took its place.
    const deciding = arm === 'candidate' ? candidate : incumbent
    if (candidate === undefined || run.decision.policyVersion !== deciding?.version) return
    owner.observe({
      type: 'request-observed',
      candidate: candidate.version,
      arm,
      outcome: watchedOutcomeOf(run, end),
    })
    drift.take(arm, run.decision)
    feedback.remember({
      taskId: run.taskId,
      traceId: run.span.traceId ?? traceIdOf(run.route.traceparent),
      tenant: run.route.caller.tenant,
      arm,
    })
  }
  const observeServing = (run: TaskRun, end: TaskEnd): void => {
    const { version } = policy.inForce.incumbent
    if (run.decision.policyVersion === version) owner.observeServed(version, watchedOutcomeOf(run, end))
  }
  return (run, end) => {
    const { served } = run.decision
    const telling = tellingOf(run, end)
    if (served === undefined || telling === 'nothing') return
    if (served.stage === 'canary' || served.stage === 'full') {
      observeTrial(run, end, served.arm)
      return
    }
    observeServing(run, end)
    const { candidate } = policy.inForce
    // Where the caller left there is no answer to compare with, nor the time that one takes.
    if (served.stage !== 'shadow' || candidate === undefined || telling !== 'ended') return
    drift.take('incumbent', run.decision)
    shadow.consider(run, end, candidate)
  }
}
