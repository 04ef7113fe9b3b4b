import { assert, assertNever } from '../base/assert.ts'
import { CodedError } from '../base/errors.ts'
import type { Amount } from '../base/money.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import type { AttemptEvent } from '../core/routing/attempt-machine.ts'
import type { PlannedTask } from '../core/planning/order-by-dependencies.ts'
import type { PlannedStep } from '../core/routing/decision-record.ts'
import { isAccepted, type Verdict } from '../core/verification/verdict.ts'
import type { ModelAnswer } from '../ports/language-model.ts'
import type { RouteAttempt } from '../ports/router.ts'
import type { Random } from '../ports/random.ts'
import { admitCall, attemptOf, makeCall, type CallComponents } from './call-model.ts'
import { purchaseOfFailure } from './peers/purchase-details.ts'
import { Cascade, NOTHING_LEFT } from './cascade.ts'
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
  readonly random?: Pick<Random, 'bytes'>
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
  steps: readonly PlannedStep[] = run.decision.plan,
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
  /** By index of the model. */
  private readonly answers: (Answered | undefined)[] = []
  private failure: { readonly cause: unknown } | undefined

  constructor(components: PlanComponents, run: TaskRun, steps: readonly PlannedStep[]) {
    this.components = components
    this.run = run
    this.cascade = new Cascade(run, steps)
  }

  /** Asks the model of this attempt. Resolves to `ANOTHER_MODEL` or `NOTHING_LEFT`; never rejects. */
  async attempt(turn: StepTurn<PlannedTask>): Promise<StepOutcome> {
    const { cascade, components, run } = this
    try {
      const { step, index, isLastResort } = cascade.turn(turn.attempt)
      const entry = entryOf(components, step)
      const admitted = await tryAdmit(components, run, entry)
      if (admitted.kind === 'refused')
        return cascade.report({ event: { type: 'budget-refused' }, cause: { refusal: admitted.error } })
      if (admitted.kind === 'aborted') return cascade.report({ event: { type: 'run-aborted' } })
      turn.onStop((reason) => admitted.call.deadline.abort(reason))
      const outcome = await makeCall(components, run, admitted.call)
      switch (outcome.kind) {
        case 'aborted':
          recordAttempt(run, attemptOf({ ...outcome, entry, outcome: 'aborted' }))
          return cascade.report({ event: { type: 'run-aborted' } })
        case 'failed':
          recordAttempt(run, {
            ...attemptOf({
              ...outcome,
              entry,
              outcome: 'failed',
              reason: outcome.code,
              purchase: purchaseOfFailure(outcome.error),
            }),
            ...saidBy(outcome.error),
          })
          return cascade.report({
            event: { type: 'call-failed', code: outcome.code },
            cause: { failure: outcome.error },
          })
        case 'answered': {
          const { answer } = outcome
          const verdict = await judgeAnswer(components, run, { ...outcome, entry, isLastResort })
          this.answers[index] = { entry, answer, verdict }
          return cascade.report({ event: eventOf(run, verdict) })
        }
        default:
          return assertNever(outcome)
      }
    } catch (error: unknown) {
      this.failure = { cause: error }
      return NOTHING_LEFT
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
}

/** Checks an answer and writes the attempt down as the checks found it. */
export async function judgeAnswer(components: PlanComponents, run: TaskRun, metered: MeteredAnswer): Promise<Verdict> {
  const { entry, answer, costNanos, latencyMs, isLastResort } = metered
  const verdict = await components.checkAnswer(run, { entry, answer, isLastResort })
  const { confidence } = verdict
  const charge = { costNanos, isEstimated: answer.usage.isEstimated }
  const judged = isAccepted(verdict)
    ? ({ outcome: 'accepted' } as const)
    : ({ outcome: 'rejected', reason: refusedBy(verdict) } as const)
  recordAttempt(
    run,
    attemptOf({ entry, ...judged, usage: answer.usage, charge, latencyMs, confidence, purchase: answer.purchase }),
  )
  return verdict
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

/** The registry entry of a planned step. */
export function entryOf({ catalog }: CallComponents, step: PlannedStep): ModelEntry {
  const entry = catalog.registry.find(step.modelId)
  assert(entry !== undefined, 'a plan names models of the registry')
  return entry
}

export type Admission =
  | { readonly kind: 'admitted'; readonly call: NonNullable<Awaited<ReturnType<typeof admitCall>>> }
  | { readonly kind: 'refused'; readonly error: CodedError }
  | { readonly kind: 'aborted' }

/** Reserves money for a call and turns refusals into values, since a refused step is answered by the next one. */
export async function tryAdmit(components: CallComponents, run: TaskRun, entry: ModelEntry): Promise<Admission> {
  if (isAborted(run)) return { kind: 'aborted' }
  try {
    const call = await admitCall(components, run, entry)
    if (call !== undefined) return { kind: 'admitted', call }
    const message = `The cost cap leaves no room for a call of ${entry.id}`
    return { kind: 'refused', error: new CodedError('ROUTER_COST_CAP', { message }) }
  } catch (error: unknown) {
    if (CodedError.is(error, 'BUDGET_EXCEEDED') || CodedError.is(error, 'ROUTER_PRICE_UNKNOWN'))
      return { kind: 'refused', error }
    if (isAborted(run)) return { kind: 'aborted' }
    throw error
  }
}

function isAborted(run: TaskRun): boolean {
  return run.signal?.aborted === true
}

/** What a provider said of its failure. Errors without a code are the program's own and say nothing to a caller. */
export function saidBy(error: unknown): Pick<RouteAttempt, 'message' | 'retryAfterMs'> {
  if (!CodedError.is(error)) return {}
  const { retryAfterMs } = error.details
  return { message: error.message, ...(typeof retryAfterMs === 'number' && { retryAfterMs }) }
}
