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
  readonly owner: Pick<RolloutOwner, 'observe'>
  readonly shadow: Pick<ShadowRunner, 'consider'>
  readonly drift: DriftMonitor
  readonly feedback: Pick<FeedbackJoin, 'remember'>
}

/** Takes finished tasks to the watch of the canary, and to the shadow. */
export function createRolloutObserver({
  policy,
  owner,
  shadow,
  drift,
  feedback,
}: RolloutObserverComponents): TaskObserver {
  return (run, end) => {
    const { candidate } = policy.inForce
    const { served } = run.decision
    const telling = tellingOf(run, end)
    if (candidate === undefined || served === undefined || telling === 'nothing') return
    if (served.stage === 'shadow') {
      // There is no answer to compare with, nor the time that one takes.
      if (telling !== 'ended') return
      drift.take('incumbent', run.decision)
      shadow.consider(run, end, candidate)
      return
    }
    if (served.stage === 'legacy_only') return
    // A decision of a policy that is gone by now says nothing of the one that took its place.
    const deciding = served.arm === 'candidate' ? candidate : policy.inForce.incumbent
    if (run.decision.policyVersion !== deciding.version) return
    owner.observe({
      type: 'request-observed',
      candidate: candidate.version,
      arm: served.arm,
      outcome: watchedOutcomeOf(run, end),
    })
    drift.take(served.arm, run.decision)
    feedback.remember({
      taskId: run.taskId,
      traceId: run.span.traceId ?? traceIdOf(run.route.traceparent),
      tenant: run.route.caller.tenant,
      arm: served.arm,
    })
  }
}
