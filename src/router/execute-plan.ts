import { assert, assertNever } from '../base/assert.ts'
import { CodedError } from '../base/errors.ts'
import type { Amount } from '../base/money.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import type { AttemptEvent } from '../core/routing/attempt-machine.ts'
import type { PlannedTask } from '../core/planning/order-by-dependencies.ts'
import type { PlannedStep } from '../core/routing/decision-record.ts'
import { stepsOf } from '../core/routing/planned-steps.ts'
import { isAccepted, type Verdict } from '../core/verification/verdict.ts'
import type { ModelAnswer } from '../ports/language-model.ts'
import type { RouteAttempt } from '../ports/router.ts'
import type { Random } from '../ports/random.ts'
import { type AdmittedCall, attemptOf, makeCall, type CallComponents } from './call-model.ts'
import { purchaseOfFailure } from './peers/purchase-details.ts'
import { Cascade, type ModelTurn, NOTHING_LEFT } from './cascade.ts'
import { MODEL_HEDGED } from './hedged-asks.ts'
import { ModelAsks, type Told } from './model-asks.ts'
import type { OpenPlanGate } from './firewall/steps-gate.ts'
import type { TextGuard } from './untrusted/text-guard.ts'
import type { StepOutcome, StepTurn } from './graph/step-turn.ts'
import type { PlanRunner } from './plan-runner.ts'
import { recordAttempt, type TaskRun } from './task-run.ts'

export type AnswerToCheck = {
  readonly entry: ModelEntry
  readonly answer: ModelAnswer
  /** True when no other model is left to ask: a refusal would cost no further call. */
  readonly isLastResort: boolean
}

/** Judges an answer. */
export type CheckAnswer = (run: TaskRun, answered: AnswerToCheck) => Promise<Verdict> | Verdict

export type PlanComponents = CallComponents & {
  readonly checkAnswer: CheckAnswer
  /** Draws the fences of texts inside prompts; absent: they follow from the texts. */
  readonly random?: Random
  readonly runner: PlanRunner
  /** What plans of split tasks pass before and during their steps; absent: nothing stands there. */
  readonly openFirewall?: OpenPlanGate | undefined
  /** Looks at every text before a model does; absent: nobody does. */
  readonly textGuard?: TextGuard | undefined
}

/** An answer that stands, accepted or the best there was. */
export type PlanResult = {
  readonly entry: ModelEntry
  readonly answer: ModelAnswer
  readonly verdict: Verdict
  readonly isAccepted: boolean
}

type Answered = { readonly entry: ModelEntry; readonly answer: ModelAnswer; readonly verdict: Verdict }

/**
 * Calls the models of a plan one after another until an answer is accepted.
 *
 * Throws `ROUTER_ALL_FAILED` with the attempts, the provider's own error where one model alone was called and the error is about the request, `BUDGET_EXCEEDED` or `ROUTER_COST_CAP` when money is the only reason, the signal's reason when aborted.
 */
export async function executePlan(
  components: PlanComponents,
  run: TaskRun,
  steps: readonly PlannedStep[] = stepsOf(run.decision),
): Promise<PlanResult> {
  const answering = new AnsweringCascade(components, run, steps)
  await components.runner.runWhole({
    taskId: run.taskId,
    attemptsMax: steps.length,
    execute: (turn) => answering.attempt(turn),
  })
  return answering.result()
}

/** A cascade whose models give whole answers. */
export class AnsweringCascade {
  private readonly components: PlanComponents
  private readonly run: TaskRun
  private readonly cascade: Cascade
  private readonly asks: ModelAsks<Answered>
  /** By index of the model. */
  private readonly answers: (Answered | undefined)[] = []
  private failure: { readonly cause: unknown } | undefined

  constructor(components: PlanComponents, run: TaskRun, steps: readonly PlannedStep[]) {
    this.components = components
    this.run = run
    this.cascade = new Cascade(run, steps)
    const call = (turn: ModelTurn, admitted: AdmittedCall): Promise<Told<Answered>> => this.call(turn, admitted)
    this.asks = new ModelAsks({ components, run, cascade: this.cascade, call })
  }

  /** Asks the model of this attempt. Resolves to `ANOTHER_MODEL` or `NOTHING_LEFT`; never rejects. */
  async attempt(turn: StepTurn<PlannedTask>): Promise<StepOutcome> {
    try {
      const told = await this.asks.ask(turn)
      assert('report' in told, 'whole answers are judged')
      if (told.given !== undefined) this.answers[turn.attempt - 1] = told.given
      const outcome = this.cascade.report(told.report)
      if (outcome === NOTHING_LEFT) await this.asks.end()
      return outcome
    } catch (error: unknown) {
      this.failure = { cause: error }
      return NOTHING_LEFT
    }
  }

  private async call({ isLastResort }: ModelTurn, call: AdmittedCall): Promise<Told<Answered>> {
    const { components, run } = this
    const { entry } = call
    const outcome = await makeCall(components, run, call)
    switch (outcome.kind) {
      case 'aborted':
        recordAttempt(run, attemptOf({ ...outcome, entry, outcome: 'aborted' }))
        return { report: { event: { type: 'run-aborted' } } }
      case 'failed': {
        const { code, error } = outcome
        const purchase = purchaseOfFailure(error)
        recordAttempt(run, { ...attemptOf({ ...outcome, entry, ...endedBy(code), purchase }), ...saidBy(error) })
        return { report: { event: { type: 'call-failed', code }, cause: { failure: error } } }
      }
      case 'answered': {
        const { answer } = outcome
        const verdict = await judgeAnswer(components, run, { ...outcome, entry, isLastResort })
        return { report: { event: eventOf(run, verdict) }, given: { entry, answer, verdict } }
      }
      default:
        return assertNever(outcome)
    }
  }

  /** After the last attempt. Throws what an attempt threw, and as `endError` where no answer stands. */
  result(): PlanResult {
    if (this.failure !== undefined) throw this.failure.cause
    const { index, isAccepted: isAnswerAccepted } = this.cascade.standing()
    const standing = this.answers[index]
    assert(standing !== undefined, 'the answering step left an answer')
    return { ...standing, isAccepted: isAnswerAccepted }
  }
}

export type MeteredAnswer = {
  readonly entry: ModelEntry
  readonly answer: ModelAnswer
  readonly costNanos: Amount | undefined
  readonly latencyMs: number
  /** Nothing is left to be asked after this answer. */
  readonly isLastResort: boolean
  /** Of a stream, milliseconds from the call to its first content. */
  readonly firstPartMs?: number | undefined
}

/** Checks an answer and writes the attempt down as the checks found it. */
export async function judgeAnswer(components: PlanComponents, run: TaskRun, metered: MeteredAnswer): Promise<Verdict> {
  const { entry, answer, costNanos, latencyMs, isLastResort } = metered
  const verdict = await verify(components, run, { entry, answer, isLastResort })
  const { confidence } = verdict
  const charge = { costNanos, isEstimated: answer.usage.isEstimated }
  const judged = isAccepted(verdict)
    ? ({ outcome: 'accepted' } as const)
    : ({ outcome: 'rejected', reason: refusedBy(verdict) } as const)
  recordAttempt(
    run,
    attemptOf({
      entry,
      ...judged,
      usage: answer.usage,
      charge,
      latencyMs,
      confidence,
      purchase: answer.purchase,
      firstPartMs: metered.firstPartMs,
      servedModel: answer.servedModel,
    }),
  )
  return verdict
}

/** The checks of an answer; what a judge is asked meanwhile is part of them. */
function verify(components: PlanComponents, run: TaskRun, answered: AnswerToCheck): Promise<Verdict> | Verdict {
  const span = components.tracer.startSpan('verify', run.span)
  if (!span.isRecording) return components.checkAnswer(run, answered)
  return verifyTraced(components, { ...run, span }, answered)
}

async function verifyTraced(components: PlanComponents, run: TaskRun, answered: AnswerToCheck): Promise<Verdict> {
  const { span } = run
  try {
    const verdict = await components.checkAnswer(run, answered)
    span.setAttribute('kernell.verification.accepted', isAccepted(verdict))
    span.setAttribute('kernell.verification.confidence', verdict.confidence)
    const failedChecks = verdict.checks.filter(({ passed }) => !passed).map(({ name }) => name)
    if (failedChecks.length > 0) span.setAttribute('kernell.verification.failed_checks', failedChecks)
    return verdict
  } catch (error: unknown) {
    span.recordError(error)
    throw error
  } finally {
    span.end()
  }
}

/** The first check that failed, or the lack of confidence where all passed. */
function refusedBy({ checks }: Verdict): string {
  return checks.find(({ passed }) => !passed)?.name ?? 'confidence'
}

/** Doubt alone escalates only where the decision was a cascade; on a route of one tier the answer that was asked for stands. */
export function eventOf(run: TaskRun, verdict: Verdict): AttemptEvent {
  const { confidence } = verdict
  if (isAccepted(verdict)) return { type: 'answer-accepted', confidence }
  if (verdict.valid && run.decision.route !== 'hybrid') return { type: 'answer-kept', confidence }
  return { type: 'answer-rejected', confidence, isValid: verdict.valid, check: refusedBy(verdict) }
}

/** How a failed call stands on the record: one that made way for another was ended by this node. */
export function endedBy(code: string): { readonly outcome: 'failed' | 'aborted'; readonly reason: string } {
  return { outcome: code === MODEL_HEDGED ? 'aborted' : 'failed', reason: code }
}

/** What a provider said of its failure. Errors without a code are the program's own and say nothing to a caller. */
export function saidBy(error: unknown): Pick<RouteAttempt, 'message' | 'retryAfterMs'> {
  if (!CodedError.is(error)) return {}
  const { retryAfterMs } = error.details
  return { message: error.message, ...(typeof retryAfterMs === 'number' && { retryAfterMs }) }
}
