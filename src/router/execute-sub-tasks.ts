import { assert } from '../base/assert.ts'
import { CodedError } from '../base/errors.ts'
import { hexOfBytes } from '../base/hex.ts'
import {
  appendStep,
  applySummary,
  EMPTY_CONTEXT,
  planCompression,
  renderContext,
  type RollingBudget,
  type RollingContext,
} from '../core/memory/rolling-summary.ts'
import { estimateTokens } from '../core/models/estimate-tokens.ts'
import { modelTierRank, type ModelEntry } from '../core/models/model-entry.ts'
import { composePlanOutput } from '../core/planning/compose-plan-output.ts'
import { buildDecomposerPrompt } from '../core/planning/decomposer-prompt.ts'
import type { DependencyOutput } from '../core/planning/plan-event.ts'
import { parseSubTasks } from '../core/planning/parse-sub-tasks.ts'
import type { StepPolicy } from '../core/planning/plan-graph.ts'
import { planMachine } from '../core/planning/plan-machine.ts'
import type { PlanState } from '../core/planning/plan-state.ts'
import type { SubTask } from '../core/planning/sub-task.ts'
import { buildSubTaskPrompt } from '../core/planning/sub-task-prompt.ts'
import { priorSuccess } from '../core/policy/success-priors.ts'
import type { DecisionCandidate, DecisionRecord, PlannedStep } from '../core/routing/decision-record.ts'
import { isAccepted } from '../core/verification/verdict.ts'
import type { PromptParts } from '../core/text/fence-sections.ts'
import type { ChatMessage, ModelAnswer, ModelUsage } from '../ports/language-model.ts'
import { askOverhead } from './ask-overhead.ts'
import { ANOTHER_MODEL } from './cascade.ts'
import { AnsweringCascade, executePlan, type PlanComponents, type PlanResult } from './execute-plan.ts'
import { placesOfTask, StepsGate } from './firewall/steps-gate.ts'
import type { StepOutcome, StepTurn } from './graph/step-turn.ts'
import { factsOf } from './request-facts.ts'
import { recordTexts, type TaskRun } from './task-run.ts'

export type DecomposeInit = {
  /** `auto`: a hard task that the policy wants split is split, where the request allows it. `never`: no task is. */
  readonly decompose: 'auto' | 'never'
  /** Most tokens of earlier steps that a step may see. */
  readonly contextTokensMax: number
}

/** Splitting costs a call and pays only for hard tasks: HARD (4) and EXPERT (5) of the contract's scale. */
const DIFFICULTY_MIN = 4

/** Whether the task is split: wanted by the policy, hard, and plain text that can be put together again. */
export function isDecomposed(run: TaskRun, init: DecomposeInit): boolean {
  return run.decision.needsDecomposition && obstacleToSplit(run, init) === undefined
}

/** Why a task that the policy wanted split was answered as one, for people; `undefined` when it was split or nobody wanted it to be. */
export function reasonNotSplit(run: TaskRun, init: DecomposeInit): string | undefined {
  if (!run.decision.needsDecomposition || run.attempts.some(({ stepId }) => stepId !== undefined)) return undefined
  return obstacleToSplit(run, init) ?? 'its plan has one step, or could not be asked for'
}

function obstacleToSplit({ decision, facts, route }: TaskRun, { decompose }: DecomposeInit): string | undefined {
  if (decompose === 'never') return 'splitting is switched off (router.decompose)'
  if (decision.difficulty < DIFFICULTY_MIN)
    return `its difficulty is ${decision.difficulty}, and a plan pays from ${DIFFICULTY_MIN} on`
  if (route.target.kind !== 'auto') return 'the request names its route or model'
  if (!facts.isBarePrompt) return 'the request is more than one plain prompt'
  return undefined
}

/**
 * Splits the task, runs the steps - independent ones in parallel - and puts the outputs together. A plan of one step is the task itself.
 * A failed step stops those that depend on it; the answer then says what is missing and is not accepted. One doubtful step makes the
 * whole answer doubtful.
 *
 * Throws as `executePlan` when no step gave an output.
 */
export async function executeSubTasks(
  components: PlanComponents,
  init: DecomposeInit,
  run: TaskRun,
): Promise<PlanResult> {
  const subTasks = await decompose(components, run)
  if (subTasks.length === 1) return executePlan(components, run)
  const execution = new SubTaskExecution(components, init, run)
  const state = await execution.run(subTasks)
  return execution.compose(state)
}

async function decompose(components: PlanComponents, run: TaskRun): Promise<readonly SubTask[]> {
  const planner = run.decision.plan.at(-1)
  assert(planner !== undefined, 'a plan has a step')
  const hasLargeLocal = run.decision.candidates.some(({ tier }) => tier === 'local_large')
  const reply = await askOverhead(components, run, {
    purpose: 'decomposer',
    modelId: planner.modelId,
    prompt: buildDecomposerPrompt(run.facts.prompt, fenceNonce(components)),
    outputTokensMax: 2048,
  })
  return parseSubTasks(reply ?? '', { task: run.facts.prompt, hasLargeLocal }).subTasks
}

/** 32 random bits: a text cannot have been written against them, and its fence is checked not to occur in it besides. */
function fenceNonce({ random }: PlanComponents): { readonly nonce?: string } {
  return random === undefined ? {} : { nonce: hexOfBytes(random.bytes(4)) }
}

/** One plan on its way. Steps share the run's record and budget; each sees only what it depends on. */
class SubTaskExecution {
  private readonly components: PlanComponents
  private readonly init: DecomposeInit
  private readonly parent: TaskRun
  private readonly results = new Map<string, PlanResult>()
  private readonly steps = new Map<string, readonly PlannedStep[]>()
  private readonly answering = new Map<string, AnsweringCascade>()
  private gate: StepsGate<SubTask> | undefined
  private firstFailure: { readonly cause: unknown } | undefined

  constructor(components: PlanComponents, init: DecomposeInit, run: TaskRun) {
    this.components = components
    this.init = init
    this.parent = run
  }

  async run(subTasks: readonly SubTask[]): Promise<PlanState> {
    // Under a cap a call may take all that is left of it and give most of it back, so the steps go one by one.
    const isCapped = this.parent.route.controls.maxCostNanos !== undefined
    const { taskId, signal, route } = this.parent
    const policies = this.policiesOf(subTasks)
    const { openFirewall } = this.components
    if (openFirewall !== undefined)
      this.gate = await StepsGate.open(await openFirewall(), {
        proposedBy: 'router',
        read: placesOfTask(route.request.messages, route.sender ?? 'user'),
        steps: subTasks,
        isRemote: ({ id }: SubTask) => this.steps.get(id)?.some(({ tier }) => !tier.startsWith('local_')) !== false,
      })
    const state = planMachine.initial({
      id: taskId,
      subTasks,
      policies,
      ...(isCapped && { parallelMax: 1 }),
    })
    const graph = this.components.runner.start(state, { execute: (turn) => this.attempt(turn), signal })
    const end = await graph.ended
    // Every step has ended by the same signal, and what it held is given back, before the caller hears of the end.
    signal?.throwIfAborted()
    return end
  }

  /** A step has an attempt for each of its models. */
  private policiesOf(subTasks: readonly SubTask[]): Record<string, StepPolicy> {
    return Object.fromEntries(
      subTasks.map((subTask) => {
        const steps = this.stepsFor(subTask)
        this.steps.set(subTask.id, steps)
        return [subTask.id, { attemptsMax: steps.length }]
      }),
    )
  }

  private async attempt(turn: StepTurn<SubTask>): Promise<StepOutcome> {
    const { id } = turn.subTask
    try {
      // Before each attempt: what is known of a place may have changed since the last one.
      this.gate?.enter(turn.subTask)
      const answering = this.answering.get(id) ?? (await this.begin(turn))
      const outcome = await answering.attempt(turn)
      if (outcome === ANOTHER_MODEL) return outcome
      const result = answering.result()
      // A doubtful answer goes on as it would for a whole task, and so does the doubt; a wrong one does not.
      if (!result.verdict.valid)
        return { kind: 'failed', reason: 'the verifier refused the answer', isRetryable: false }
      this.results.set(id, result)
      return { kind: 'succeeded', output: result.answer.text }
    } catch (error: unknown) {
      this.firstFailure ??= { cause: error }
      return { kind: 'failed', reason: CodedError.is(error) ? error.code : 'INTERNAL_ERROR', isRetryable: false }
    }
  }

  /** What the first attempt at a step needs, and the others with it. */
  private async begin(turn: StepTurn<SubTask>): Promise<AnsweringCascade> {
    const { subTask } = turn
    await this.screen(turn)
    const prompt = buildSubTaskPrompt({
      subTask,
      dependencyOutputs: await this.fit(turn),
      ...fenceNonce(this.components),
    })
    const steps = this.steps.get(subTask.id) ?? []
    const answering = new AnsweringCascade(this.components, this.runFor(subTask, prompt), steps)
    this.answering.set(subTask.id, answering)
    return answering
  }

  /** What other steps said may be what a document told them to say: it is looked at before a model sees it, whole, as the texts of the task are. */
  private async screen({ subTask, dependencyOutputs }: StepTurn<SubTask>): Promise<void> {
    const { textGuard } = this.components
    if (textGuard === undefined) return
    const { parent } = this
    const messages = messagesOf(buildSubTaskPrompt({ subTask, dependencyOutputs, ...fenceNonce(this.components) }))
    const { signal, route } = parent
    const reports = await textGuard.screen(messages, { sender: route.sender ?? 'user', step: subTask.id, signal })
    recordTexts(parent, [...(parent.decision.texts ?? []), ...reports])
  }

  /** Outputs that a step sees, within the budget of tokens: what does not fit is summarised by a model, or cut when none answers. */
  private async fit({ dependencyOutputs, subTask }: StepTurn<SubTask>): Promise<readonly DependencyOutput[]> {
    const budget: RollingBudget = { budgetTokens: this.init.contextTokensMax, countTokens: estimateTokens }
    let context: RollingContext = EMPTY_CONTEXT
    for (const { id, output } of dependencyOutputs) context = appendStep(context, { id, text: output })
    const plan = planCompression(context, budget)
    if (plan.kind === 'fits') return dependencyOutputs
    const cheapest = this.parent.decision.plan[0]
    assert(cheapest !== undefined, 'a plan has a step')
    const summary = await askOverhead(this.components, this.parent, {
      purpose: 'summarizer',
      modelId: cheapest.modelId,
      prompt: plan.prompt,
      outputTokensMax: Math.max(16, plan.summaryTokensMax),
    })
    return [{ id: `before-${subTask.id}`, output: renderContext(applySummary(context, { plan, summary }, budget)) }]
  }

  /** The run of one step: its own prompt, the whole task's record and money. */
  private runFor(subTask: SubTask, prompt: PromptParts): TaskRun {
    const request = { ...this.parent.route.request, messages: messagesOf(prompt) }
    return {
      ...this.parent,
      route: { ...this.parent.route, request },
      facts: factsOf(request, false),
      decision: this.decisionFor(subTask),
      stepId: subTask.id,
    }
  }

  /**
   * What is predicted of a step: at least what is predicted of the whole, since a step is simpler. Judged by the odds of the whole, every
   * answer of a cheap model to a step of a hard task would be in doubt, and the split would pay twice for each.
   */
  private decisionFor({ difficulty, domain }: SubTask): DecisionRecord {
    const { decision } = this.parent
    const candidates = decision.candidates.filter(isModel).map((candidate) => {
      const prior = priorSuccess(this.entryOf(candidate.modelId), { difficulty, domain })
      return { ...candidate, predictedSuccess: Math.max(candidate.predictedSuccess, prior) }
    })
    return { ...decision, candidates }
  }

  /** From the step's own tier upward; the strongest candidate when nothing is as strong as it asks for. */
  private stepsFor(subTask: SubTask): readonly PlannedStep[] {
    const usable = this.parent.decision.candidates.filter(
      (candidate) => candidate.excludedBecause === undefined && isModel(candidate),
    )
    const rankOf = (modelId: string): number => modelTierRank(this.entryOf(modelId).tier)
    const sorted = [...usable].sort((left, right) => rankOf(left.modelId) - rankOf(right.modelId))
    const wanted = modelTierRank(subTask.target_tier)
    const strongEnough = sorted.filter(({ modelId }) => rankOf(modelId) >= wanted)
    const chosen = strongEnough.length > 0 ? strongEnough : sorted.slice(-1)
    const steps = chosen.map(({ modelId, tier }, index): PlannedStep => ({
      modelId,
      tier,
      role: index === 0 ? 'answer' : 'escalation',
    }))
    return subTask.escalate_if_fail ? steps : steps.slice(0, 1)
  }

  private entryOf(modelId: string): ModelEntry {
    const entry = this.components.catalog.registry.find(modelId)
    assert(entry !== undefined, 'a decision names models of the registry')
    return entry
  }

  compose(state: PlanState): PlanResult {
    const results = state.graph.subTasks.map(({ id }) => this.results.get(id)).filter((result) => result !== undefined)
    const last = results.at(-1)
    if (last === undefined) {
      if (this.firstFailure !== undefined) throw this.firstFailure.cause
      throw new CodedError('ROUTER_ALL_FAILED', {
        message: 'No step of the plan gave an output that could be accepted',
      })
    }
    const { output, isComplete, undone } = composePlanOutput(state)
    const missing = undone.map(({ id, reason }) => `[step ${id} was not done: ${reason}]`)
    const answer: ModelAnswer = {
      text: isComplete ? output : [output, ...missing].filter((text) => text !== '').join('\n\n'),
      toolCalls: [],
      finishReason: 'stop',
      usage: sumUsage(results.map(({ answer: { usage } }) => usage)),
    }
    const confidence = Math.min(...results.map(({ verdict }) => verdict.confidence))
    const verdict = { valid: isComplete, confidence: isComplete ? confidence : 0, checks: [] }
    return { entry: last.entry, answer, verdict, isAccepted: isAccepted(verdict) }
  }
}

function messagesOf({ system, user }: PromptParts): readonly ChatMessage[] {
  return [
    { role: 'system', content: system },
    { role: 'user', content: user },
  ]
}

/** Steps are not bought: whoever sells an answer was shown the offer of a whole task. */
function isModel({ tier }: DecisionCandidate): boolean {
  return tier !== 'peer'
}

function sumUsage(usages: readonly ModelUsage[]): ModelUsage {
  let sum: ModelUsage = { tokensIn: 0, tokensOut: 0, cachedTokensIn: 0, isEstimated: false }
  for (const usage of usages) {
    sum = {
      tokensIn: sum.tokensIn + usage.tokensIn,
      tokensOut: sum.tokensOut + usage.tokensOut,
      cachedTokensIn: sum.cachedTokensIn + usage.cachedTokensIn,
      isEstimated: sum.isEstimated || usage.isEstimated,
    }
  }
  return sum
}
