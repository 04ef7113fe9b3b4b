import type { ActorSystem } from 'kernell-os/actors'
import {
  buildSubTaskPrompt,
  CodedError,
  toPlainError,
  type PlanInput,
  type PlanState,
  type SubTask,
} from 'kernell-os/core'
import {
  runTaskGraph,
  type GraphEvent,
  type PlanGate,
  type StepsGate,
  type StepOutcome,
  type StepTurn,
  type TaskGraph,
  type TaskGraphInit,
} from 'kernell-os/router'
import { nonceOf } from '../fence-texts.ts'
import { failureOf, requestOfPrompt, textOf } from '../model-calls/ask-with-prompt.ts'
import type { ModelCallOutcome, Routing } from '../model-calls/model-call.ts'
import { openStepsGate, type PlanPlaces } from '../model-calls/plan-gate.ts'
import type { ToolUse } from '../model-calls/tool-use.ts'
import { payFrom, remainingIn, shareIn, type Purse } from '../model-calls/purse.ts'
import type { JobInput } from '../request-desk/protocol.ts'
import { callModel } from './call-model.ts'
import { shownOutputs } from './earlier-outputs.ts'
import { doneCount } from './steps.ts'
import { forgetOldPlans, newPlanId, type PlanGraphs } from './unfinished-plans.ts'

export type StepLimits = {
  /** Steps of one plan that run at once, 1 or more. Default 4; under a cap they run one by one. */
  readonly parallelMax?: number
  /** Times that a step is tried whose answer is a refusal, empty, or too late, 1 or more. Default 2. */
  readonly stepAttemptsMax?: number
  /** Longest that one try of a step may take, milliseconds. Default 5 minutes. */
  readonly stepTimeoutMs?: number
  /** Most tokens of earlier steps that a step is shown, as they are estimated, 64 or more. Default 3,000. */
  readonly stepContextTokensMax?: number
}

export type PlanExecutionInit = {
  readonly actors: ActorSystem
  readonly resources: Routing & StepLimits
  /** A plan of this request, or one that an earlier run has left. */
  readonly plan: { readonly subTasks: readonly SubTask[] } | { readonly unfinished: PlanState }
  /** Where the plan is kept until it has ended, and the name of its task there. Absent: nowhere. */
  readonly kept: { readonly graphs: PlanGraphs; readonly key: string } | undefined
  /** What was read for the plan, and the firewall that its steps pass. Absent: nothing stands there. */
  readonly guarded?: { readonly firewall: PlanGate; readonly places: PlanPlaces } | undefined
  /** Tools that the models of a step may call. Absent: none. */
  readonly use?: ToolUse | undefined
  readonly purse: Purse
  readonly report: JobInput<unknown, unknown>['report']
}

export type PlanEnd = {
  readonly state: PlanState
  readonly purse: Purse
  /** Steps that an earlier run had done already. */
  readonly resumed: number
  /** Of the steps that failed in this run, by their ids, in the order in which they failed. */
  readonly errors: ReadonlyMap<string, unknown>
  /** Steps of this run with an answer that did not pass the router's checks. */
  readonly doubtful: readonly string[]
}

const ATTEMPTS_MAX_DEFAULT = 2
const TIMEOUT_MS_DEFAULT = 5 * 60_000
const CONTEXT_TOKENS_MAX_DEFAULT = 3_000

/**
 * Carries a plan out as a graph of the router, each step as a question to models. When the signal aborts, what runs is
 * aborted and the plan stays as it is: one that is kept can be gone on with.
 *
 * Throws the signal's reason, and the errors of the journal.
 */
export async function executePlan(init: PlanExecutionInit, signal: AbortSignal): Promise<PlanEnd> {
  const execution = new PlanExecution(init)
  const graph = await execution.start()
  const abandon = (): void => graph.abandon(signal.reason)
  signal.addEventListener('abort', abandon, { once: true })
  if (signal.aborted) abandon()
  try {
    const [state] = await Promise.all([graph.ended, execution.tellOf(graph)])
    return execution.endIn(state)
  } finally {
    signal.removeEventListener('abort', abandon)
  }
}

class PlanExecution {
  private readonly init: PlanExecutionInit
  private purse: Purse
  private readonly errors = new Map<string, unknown>()
  private readonly doubtful: string[] = []
  private graph: TaskGraph<SubTask> | undefined
  private resumed = 0
  private gate: StepsGate<SubTask> | undefined
  /** Under a cap, the end of the call before. */
  private lastCall: Promise<unknown> = Promise.resolve()

  constructor(init: PlanExecutionInit) {
    this.init = init
    this.purse = init.purse
  }

  async start(): Promise<TaskGraph<SubTask>> {
    const { actors, plan, kept } = this.init
    const running: TaskGraphInit<SubTask> = { execute: async (turn) => await this.attempt(turn) }
    const subTasks = 'unfinished' in plan ? plan.unfinished.graph.subTasks : plan.subTasks
    const { guarded } = this.init
    // All of it before any of it: a step may be what another one has to be kept from.
    if (guarded !== undefined) this.gate = await openStepsGate(guarded.firewall, { ...guarded.places, steps: subTasks })
    const left = 'unfinished' in plan ? this.resume(plan.unfinished, running) : undefined
    if (left !== undefined) return this.follow(left)
    const input = this.planOf(subTasks)
    const journaled = kept === undefined ? undefined : await this.startKept(input, running)
    return this.follow(journaled ?? runTaskGraph(actors, input, running))
  }

  /** Tells of what happens until the graph has ended. */
  async tellOf(graph: TaskGraph<SubTask>): Promise<void> {
    for await (const event of graph.events()) this.tell(event)
  }

  endIn(state: PlanState): PlanEnd {
    const { purse, resumed, errors, doubtful } = this
    return { state, purse, resumed, errors, doubtful }
  }

  /** `undefined` where somebody else went on with it first: its steps are then done anew. */
  private resume(unfinished: PlanState, running: TaskGraphInit<SubTask>): TaskGraph<SubTask> | undefined {
    const { kept } = this.init
    if (kept === undefined) return undefined
    try {
      const graph = kept.graphs.resume(unfinished.graph.id, running)
      this.resumed = doneCount(unfinished)
      return graph
    } catch (error: unknown) {
      if (CodedError.is(error, 'GRAPH_UNKNOWN')) return undefined
      throw error
    }
  }

  private follow(graph: TaskGraph<SubTask>): TaskGraph<SubTask> {
    this.graph = graph
    // From now on: who asks later misses the beginning.
    graph.events()
    return graph
  }

  private planOf(subTasks: readonly SubTask[]): PlanInput<SubTask> {
    const { parallelMax, stepAttemptsMax, stepTimeoutMs } = this.init.resources
    // Under a cap a call may take its whole share and give most of it back, so the steps go one by one.
    const width = this.purse.capNanos === undefined ? parallelMax : 1
    return {
      subTasks,
      policy: {
        attemptsMax: stepAttemptsMax ?? ATTEMPTS_MAX_DEFAULT,
        timeLimitMs: stepTimeoutMs ?? TIMEOUT_MS_DEFAULT,
      },
      ...(width !== undefined && { parallelMax: width }),
    }
  }

  /** `undefined` where the plan cannot be kept: it is then carried out without. */
  private async startKept(
    input: PlanInput<SubTask>,
    running: TaskGraphInit<SubTask>,
  ): Promise<TaskGraph<SubTask> | undefined> {
    const { actors, kept, report } = this.init
    if (kept === undefined) return undefined
    const nowMs = actors.environment.clock.now()
    try {
      await forgetOldPlans(kept.graphs, nowMs)
      return kept.graphs.run({ ...input, id: newPlanId(kept.key, nowMs) }, running)
    } catch (error: unknown) {
      report('journal-failed', { error: toPlainError(error) })
      return undefined
    }
  }

  private async attempt(turn: StepTurn<SubTask>): Promise<StepOutcome> {
    const refused = this.refusalOf(turn.subTask)
    if (refused !== undefined) {
      this.errors.set(turn.subTask.id, refused)
      return { kind: 'failed', reason: toPlainError(refused).code, isRetryable: false }
    }
    const outcome = await this.ask(turn)
    this.purse = addPayments(this.purse, outcome.purse)
    const { id } = turn.subTask
    const output = textOf(outcome)
    if (output !== undefined) {
      if (outcome.kind === 'answered' && outcome.result.verification?.isAccepted === false) this.doubtful.push(id)
      this.errors.delete(id)
      return { kind: 'succeeded', output }
    }
    const error = turn.signal.aborted ? turn.signal.reason : failureOf(outcome)
    this.errors.set(id, error)
    // What may pass was tried again by the call itself; a model may not refuse the same question twice.
    return { kind: 'failed', reason: toPlainError(error).code, isRetryable: outcome.kind === 'answered' }
  }

  /** Before each attempt: what the plan reads may have changed since it was admitted. */
  private refusalOf(step: SubTask): unknown {
    try {
      this.gate?.enter(step)
      return undefined
    } catch (error: unknown) {
      return error
    }
  }

  private async ask(turn: StepTurn<SubTask>): Promise<ModelCallOutcome> {
    if (this.purse.capNanos === undefined) return await this.call(turn)
    // A plan that an earlier run has left may be wider than one under a cap.
    const call = this.lastCall.then(async () => await this.call(turn))
    this.lastCall = call.catch(() => {})
    return await call
  }

  private async call({ subTask, dependencyOutputs, signal }: StepTurn<SubTask>): Promise<ModelCallOutcome> {
    const { actors, resources, use: given, guarded } = this.init
    const use = given && { ...given, ...(guarded !== undefined && { read: guarded.places.read }) }
    const tokensMax = resources.stepContextTokensMax ?? CONTEXT_TOKENS_MAX_DEFAULT
    const shown = shownOutputs(dependencyOutputs, { id: subTask.id, tokensMax })
    const nonce = nonceOf([subTask.context_needed ?? '', ...shown.map(({ output }) => output)])
    const prompt = buildSubTaskPrompt({ subTask, dependencyOutputs: shown, nonce })
    const capNanos = shareIn(this.purse, Math.max(1, this.graph?.state.openCount ?? 1))
    const capNanosMax = remainingIn(this.purse)
    const input = { ...resources, request: requestOfPrompt(prompt), use, capNanos, capNanosMax }
    return await callModel(actors, input, signal)
  }

  private tell(event: GraphEvent): void {
    const { report } = this.init
    const stepId = event.id
    switch (event.type) {
      case 'step-started':
        return report('step-started', { stepId, ...(event.attempt > 1 && { attempt: event.attempt }) })
      case 'step-succeeded':
        return report('step-done', { stepId, output: event.output })
      case 'attempt-failed':
        return report('step-retried', { stepId, reason: event.reason })
      case 'step-failed':
      case 'step-cancelled':
        return report('step-failed', { stepId, reason: event.reason })
      case 'step-stopped':
        return report('step-stopped', { stepId, failedDependency: event.failedDependency })
      case 'step-text':
        return undefined
    }
  }
}

function addPayments(purse: Purse, paid: Purse): Purse {
  const sum = payFrom(purse, paid.spentNanos)
  return paid.hasUnknownCost ? payFrom(sum, undefined) : sum
}
