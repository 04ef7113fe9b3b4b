import { ZERO_AMOUNT, type Amount } from '../../base/money.ts'
import { isLocalTier, type ModelEntry } from '../../core/models/model-entry.ts'
import { agreementOf } from '../../core/rollout/compare-answers.ts'
import type { WatchedOutcome } from '../../core/rollout/watch/arm-totals.ts'
import type { DecisionRecord, PlannedStep } from '../../core/routing/decision-record.ts'
import { isAccepted, isOnlyDoubted, type Verdict } from '../../core/verification/verdict.ts'
import type { Budgets } from '../../ports/budgets.ts'
import type { ModelAnswer } from '../../ports/language-model.ts'
import type { PolicyInput } from '../../ports/policy.ts'
import type { Random } from '../../ports/random.ts'
import { makeCall, type CallComponents } from '../call-model.ts'
import { entryOf, tryAdmit } from '../admit-step.ts'
import type { CheckAnswer } from '../execute-plan.ts'
import type { PolicyService } from '../policy-service.ts'
import type { TaskEnd } from '../report-outcome.ts'
import type { TaskRun } from '../task-run.ts'
import { knownAnswer, usdOf, type Tried } from './shadow-answer.ts'
import { createShadowRooms, type ShadowRoom, type ShadowRooms } from './shadow-room.ts'
import { promiseOf, watchedOutcomeOf } from './watched-outcome.ts'

/** What one model said in the shadow. */
export type ShadowCall = {
  readonly taskId: string
  readonly tenant: string
  readonly policyVersion: string
  readonly modelId: string
  readonly tier: string
  readonly isAccepted: boolean | undefined
  /** 0 to 1; `undefined` when the call failed. */
  readonly confidence: number | undefined
  /** With the answer that the caller got, 0 to 1; `undefined` when there is nothing to compare. */
  readonly agreement: number | undefined
  readonly tokensIn: number
  readonly tokensOut: number
  readonly costNanos: Amount | undefined
  readonly latencyMs: number
}

export type ShadowRun = {
  readonly candidate: string
  /** The candidate's plan as a whole. */
  readonly tried: WatchedOutcome
  readonly served: WatchedOutcome
  /** A model was called for it; else it chose what the task had called itself. */
  readonly isCalled: boolean
}

export type ShadowRunnerComponents = CallComponents & {
  readonly checkAnswer: CheckAnswer
  readonly random: Pick<Random, 'fraction'>
  /** Keeps what a call came to. Must not throw. */
  readonly onCall: (call: ShadowCall) => void
  /** Told when a plan was tried to its end. Must not throw. */
  readonly onRun: (run: ShadowRun) => void
  /** Told of what went wrong and was no model's failure. */
  readonly onError: (error: unknown) => void
}

export type ShadowRunnerInit = {
  /** Share of the tasks on which the candidate is tried, 0 to 1. */
  readonly share: number
  /** Tasks that are tried at the same time; others that come meanwhile are left out. */
  readonly concurrencyMax: number
}

/** Why a task was not tried. */
export type ShadowSkip = 'not-sampled' | 'high-risk' | 'confined' | 'split' | 'busy' | 'no-budget' | 'stopped'

export interface ShadowRunner {
  /** Starts a run beside what comes next, or does nothing. Never throws, and holds nobody up. */
  consider(run: TaskRun, end: TaskEnd, candidate: PolicyService): void
  /** Runs to their end, and tasks that were left out, by reason. */
  readonly counts: { readonly completed: number; readonly skipped: Readonly<Record<ShadowSkip, number>> }
  /** The last task that was to be tried was left out because the budget of the shadow has no room. */
  readonly isOutOfBudget: boolean
  /** Resolves when no run is under way. */
  idle(): Promise<void>
  /** Ends the runs under way. Idempotent. */
  stop(): Promise<void>
}

/** Models of a plan that are tried at most; what is beyond hardly ever answers. */
const STEPS_MAX = 3

/**
 * Tries a candidate on tasks that another policy has answered. The models are called with what the caller sent, and that is all: no tool is run, no
 * answer is kept, no budget but the one of the shadow pays, and what the task's own record says stays as it is.
 */
export function createShadowRunner(components: ShadowRunnerComponents, init: ShadowRunnerInit): ShadowRunner {
  return new BudgetedShadowRunner(components, init)
}

class BudgetedShadowRunner implements ShadowRunner {
  readonly #components: ShadowRunnerComponents
  readonly #init: ShadowRunnerInit
  readonly #stopping = new AbortController()
  readonly #rooms: ShadowRooms
  readonly #running = new Set<Promise<void>>()
  readonly #counts = {
    completed: 0,
    skipped: { 'not-sampled': 0, 'high-risk': 0, confined: 0, split: 0, busy: 0, 'no-budget': 0, stopped: 0 },
  }

  constructor(components: ShadowRunnerComponents, init: ShadowRunnerInit) {
    const { budgets } = components
    // Bounded always: where the operator set no budget for it, nothing is tried.
    const shadowBudgets: Budgets = {
      isBounded: () => true,
      reserve: (request, options) => budgets.reserve({ ...request, purpose: 'shadow' }, options),
    }
    this.#components = { ...components, budgets: shadowBudgets }
    this.#rooms = createShadowRooms(this.#components)
    this.#init = init
  }

  get counts(): ShadowRunner['counts'] {
    return this.#counts
  }

  get isOutOfBudget(): boolean {
    return this.#rooms.isExhausted
  }

  consider(run: TaskRun, end: TaskEnd, candidate: PolicyService): void {
    const { policyInput: input } = run
    if (input === undefined) return
    const skip = this.#reasonToSkip(run, input)
    if (skip !== undefined) {
      this.#counts.skipped[skip] += 1
      return
    }
    const running = this.#try(run, end, { candidate, input })
      .catch((error: unknown) => {
        if (!this.#stopping.signal.aborted) this.#components.onError(error)
      })
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new DOMException('The node is closing', 'AbortError'))
    await this.idle()
  }

  #reasonToSkip({ decision, attempts }: TaskRun, { isConfined }: PolicyInput): ShadowSkip | undefined {
    if (this.#stopping.signal.aborted) return 'stopped'
    if (attempts.some(({ stepId }) => stepId !== undefined)) return 'split'
    if (decision.risk === 'high') return 'high-risk'
    if (this.#components.random.fraction() >= this.#init.share) return 'not-sampled'
    // Whoever says who may see a task did not think of a second model.
    if (isConfined === true && !decision.plan.every(({ tier }) => isLocalTier(tier as ModelEntry['tier'])))
      return 'confined'
    return this.#running.size >= this.#init.concurrencyMax ? 'busy' : undefined
  }

  async #try(
    run: TaskRun,
    end: TaskEnd,
    { candidate, input }: { readonly candidate: PolicyService; readonly input: PolicyInput },
  ): Promise<void> {
    // The answer is on its way before anything is decided anew.
    await Promise.resolve()
    // Nothing is bought in the shadow: a contract with a stranger is more than a call.
    const { peers: _, ...shown } = input
    const decision = candidate.decideUnserved(shown)
    const [first] = decision.plan
    if (decision.risk === 'high' || first === undefined) return
    if (input.isConfined === true && !decision.plan.every(({ tier }) => isLocalTier(tier as ModelEntry['tier']))) {
      this.#counts.skipped.confined += 1
      return
    }
    // All of it before anything is known of the choice: else a shadow without money would try those plans alone that need none.
    const shadowRun = this.#shadowOf(run, decision)
    const steps = decision.plan.slice(0, STEPS_MAX)
    const room = await this.#rooms.reserve(shadowRun, steps)
    if (room === undefined) {
      this.#counts.skipped['no-budget'] += 1
      return
    }
    const components = { ...this.#components, budgets: room.budgets }
    const plan: Plan = { run: shadowRun, steps, served: run, end, components }
    const tried = await this.#runWithin(room, plan)
    if (typeof tried === 'string') {
      this.#counts.skipped[tried] += 1
      return
    }
    this.#counts.completed += 1
    this.#components.onRun({ candidate: candidate.version, served: watchedOutcomeOf(run, end), ...tried })
  }

  /** A run of its own: what is called, spent and found out for the shadow stays with it. */
  #shadowOf(run: TaskRun, decision: DecisionRecord): TaskRun {
    const { policyInput: _input, ...rest } = run
    return {
      ...rest,
      decision,
      startedMs: this.#components.clock.monotonicMs(),
      span: this.#components.tracer.startSpan('shadow', run.span),
      signal: this.#stopping.signal,
      attempts: [],
      overheadCalls: [],
      money: { spentNanos: ZERO_AMOUNT, hasUnknownCost: false, isEstimated: false },
    }
  }

  async #runWithin(room: ShadowRoom, plan: Plan): Promise<PlanTried> {
    try {
      return await this.#runPlan(plan)
    } finally {
      await room.end()
    }
  }

  /** Calls the models of the plan as the router would. Resolves to why it cannot be told how that goes. */
  async #runPlan(plan: Plan): Promise<PlanTried> {
    const { decision, span } = plan.run
    const tried: Tried[] = []
    let isCalled = false
    try {
      for (const step of plan.steps) {
        const known = knownAnswer(plan.served, step)
        isCalled ||= known === undefined
        const answered = known ?? (await this.#call(plan, step))
        if (typeof answered === 'string') return answered
        tried.push(answered)
        // As in the router: doubt alone escalates only where the decision was a cascade.
        if (answered.isAccepted || (answered.isValid && decision.route !== 'hybrid')) break
      }
    } finally {
      span.end()
    }
    const isStanding = tried.some((answered) => answered.isStanding)
    const outcome = {
      isAccepted: isStanding,
      isError: tried.every(({ isValid }) => !isValid),
      costUsd: usdOf(tried.map(({ costNanos }) => costNanos)),
      latencyMs: tried.reduce((sum, { latencyMs }) => sum + latencyMs, 0),
      ...promiseOf(decision, isStanding, tried),
    }
    return { tried: outcome, isCalled }
  }

  async #call(plan: Plan, step: PlannedStep): Promise<Tried | ShadowSkip> {
    const { run, components } = plan
    const entry = entryOf(components, step)
    const admitted = await tryAdmit(components, run, entry)
    if (admitted.kind !== 'admitted') return admitted.kind === 'aborted' ? 'stopped' : 'no-budget'
    const outcome = await makeCall(components, run, admitted.call)
    const { latencyMs } = outcome
    if (outcome.kind === 'aborted') return 'stopped'
    const { modelId } = step
    if (outcome.kind === 'failed') {
      const { costNanos } = outcome.charge
      this.#report(plan, entry, { costNanos, latencyMs })
      return { modelId, costNanos, latencyMs, ...NO_ANSWER }
    }
    const { answer, costNanos } = outcome
    // The last resort: nobody else is asked whether the answer may stand.
    const verdict = await components.checkAnswer(run, { entry, answer, isLastResort: true })
    this.#report(plan, entry, { answer, verdict, costNanos, latencyMs })
    const isTaken = isAccepted(verdict)
    const isStanding = isTaken || isOnlyDoubted(verdict.confidence, predictionOf(run, modelId))
    return { modelId, costNanos, latencyMs, isAnswered: true, isStanding, isAccepted: isTaken, isValid: verdict.valid }
  }

  #report({ run, end }: Plan, entry: ModelEntry, said: Said): void {
    const { answer, verdict } = said
    const served = 'result' in end ? end.result.answer.text : undefined
    const agreement = answer === undefined || served === undefined ? null : agreementOf(answer.text, served)
    this.#components.onCall({
      taskId: run.taskId,
      tenant: run.route.caller.tenant,
      policyVersion: run.decision.policyVersion,
      modelId: entry.id,
      tier: entry.tier,
      isAccepted: acceptanceOf(verdict, predictionOf(run, entry.id)),
      confidence: verdict?.confidence,
      agreement: agreement ?? undefined,
      tokensIn: answer?.usage.tokensIn ?? 0,
      tokensOut: answer?.usage.tokensOut ?? 0,
      costNanos: said.costNanos,
      latencyMs: said.latencyMs,
    })
  }
}

const NO_ANSWER = { isAnswered: false, isStanding: false, isAccepted: false, isValid: false } as const

function predictionOf({ decision }: TaskRun, modelId: string): number | undefined {
  return decision.candidates.find((candidate) => candidate.modelId === modelId)?.predictedSuccess
}

/** What a record may say of an answer: its policy's doubt alone says nothing. */
function acceptanceOf(verdict: Verdict | undefined, predicted: number | undefined): boolean | undefined {
  if (verdict === undefined) return false
  if (isAccepted(verdict)) return true
  return isOnlyDoubted(verdict.confidence, predicted) ? undefined : false
}

type Plan = {
  /** Of the shadow. */
  readonly run: TaskRun
  readonly steps: readonly PlannedStep[]
  /** With the money that was set aside for it. */
  readonly components: ShadowRunnerComponents
  /** What was really called. */
  readonly served: TaskRun
  readonly end: TaskEnd
}

/** How a plan went, or why that cannot be told. */
type PlanTried = Pick<ShadowRun, 'tried' | 'isCalled'> | ShadowSkip

type Said = {
  /** Absent: the call failed. */
  readonly answer?: ModelAnswer
  readonly verdict?: Verdict
  readonly costNanos: Amount | undefined
  readonly latencyMs: number
}
