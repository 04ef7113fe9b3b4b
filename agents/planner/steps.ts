import {
  buildSubTaskPrompt,
  composePlanOutput,
  isPlanFinished,
  planMachine,
  statusOf,
  toPlainError,
  type Amount,
  type ComposedOutput,
  type PlanEffect,
  type PlanEvent,
  type PlanState,
  type PromptParts,
  type SubTask,
  type SubTaskStatus,
} from 'kernell-os/core'
import { failureOf, textOf } from '../model-calls/ask-with-prompt.ts'
import type { ModelCallOutcome } from '../model-calls/model-call.ts'
import { payFrom, remainingIn, shareIn, type Purse } from '../model-calls/purse.ts'

/** A plan on its way, as a value: what is to be started and told next is in it. */
export type Execution = {
  readonly plan: PlanState
  readonly purse: Purse
  readonly starts: readonly StepStart[]
  readonly stopped: readonly { readonly id: string; readonly failedDependency: string }[]
  readonly firstError: unknown
}

export type StepStart = {
  readonly id: string
  readonly prompt: PromptParts
  readonly capNanos: Amount | undefined
  readonly capNanosMax: Amount | undefined
}

/** A step as its readers see it. */
export type StepReport = {
  readonly id: string
  readonly description: string
  readonly dependsOn: readonly string[]
  readonly state: SubTaskStatus['kind']
  /** Only of steps that succeeded. */
  readonly output?: string
  /** Only of steps that did not: the code of the error, or the step that failed before. */
  readonly reason?: string
}

export type PlanStepsInit = { readonly parallelMax: number | undefined; readonly purse: Purse }

/** The plan as it is before anything of it is done. */
export function planSteps(subTasks: readonly SubTask[], { parallelMax, purse }: PlanStepsInit): Execution {
  // Under a cap a call may take its whole share and give most of it back, so the steps go one by one.
  const width = purse.capNanos === undefined ? parallelMax : 1
  const plan = planMachine.initial({ subTasks, ...(width !== undefined && { parallelMax: width }) })
  return { plan, purse, starts: [], stopped: [], firstError: undefined }
}

export function beginSteps(execution: Execution): Execution {
  return step(execution, { type: 'plan-started' })
}

/** A step has ended, with an output or without. */
export function endStep(execution: Execution, id: string, outcome: ModelCallOutcome): Execution {
  const output = textOf(outcome)
  const paid = payFrom(execution.purse, outcome.purse.spentNanos)
  const purse = outcome.purse.hasUnknownCost ? payFrom(paid, undefined) : paid
  if (output !== undefined) return step({ ...execution, purse }, { type: 'subtask-succeeded', id, output })
  const error = failureOf(outcome)
  const failed = { ...execution, purse, firstError: execution.firstError ?? error }
  // Trying again was the business of the call.
  return step(failed, { type: 'subtask-failed', id, reason: toPlainError(error).code, isRetryable: false })
}

export function isDone({ plan }: Execution): boolean {
  return isPlanFinished(plan)
}

export function resultOf({ plan }: Execution): ComposedOutput {
  return composePlanOutput(plan)
}

export function stepReports({ plan }: Execution): readonly StepReport[] {
  return plan.graph.subTasks.map(({ id, description, depends_on }) => {
    const status = statusOf(plan, id) ?? { kind: 'waiting', attempt: 1 }
    const reason = reasonOf(status)
    return {
      id,
      description,
      dependsOn: depends_on,
      state: status.kind,
      ...(status.kind === 'succeeded' && { output: status.output }),
      ...(reason !== undefined && { reason }),
    }
  })
}

function step(execution: Execution, event: PlanEvent): Execution {
  const { state, effects } = planMachine.transition(execution.plan, event)
  let next: Execution = { ...execution, plan: state }
  for (const effect of effects) next = follow(next, effect)
  return next
}

/** A plan without policies sets no timers and stops no running step. */
function follow(execution: Execution, effect: PlanEffect): Execution {
  if (effect.type === 'report-stopped') return { ...execution, stopped: [...execution.stopped, effect] }
  if (effect.type !== 'start-subtask') return execution
  const { subTask, dependencyOutputs } = effect
  const capNanos = shareIn(execution.purse, execution.plan.openCount)
  const capNanosMax = remainingIn(execution.purse)
  const prompt = buildSubTaskPrompt({ subTask, dependencyOutputs })
  const start = { id: subTask.id, prompt, capNanos, capNanosMax }
  return { ...execution, starts: [...execution.starts, start] }
}

function reasonOf(status: SubTaskStatus): string | undefined {
  if (status.kind === 'stopped') return `depends on ${status.failedDependency}, which failed`
  return status.kind === 'failed' || status.kind === 'cancelled' ? status.reason : undefined
}
