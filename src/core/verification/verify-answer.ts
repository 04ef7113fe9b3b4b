import { checkArithmetic } from './arithmetic-claims.ts'
import { calibrateConfidence, type ConfidenceCalibration } from './calibration.ts'
import { checkCodeBlocks } from './code-balance.ts'
import { checkExactAnswer } from './exact-answer.ts'
import { checkExpectedFormat, type ExpectedFormat, type SchemaCheck } from './check-format.ts'
import { checkToolCalls, type CheckedToolCall, type OfferedTool } from './check-tool-calls.ts'
import { detectRefusal, detectTruncation } from './detect-defects.ts'
import type { JudgeVerdict } from './judge-prompt.ts'
import { measureAgreement } from './self-consistency.ts'
import { checkTaskConstraints } from './task-constraints.ts'
import { ACCEPTANCE_CONFIDENCE, type Check, type CheckName, type Verdict } from './verdict.ts'

/** An answer, and what is known of how it came about. Where a member is absent the checks that need it are left out, unless it says what stands in its place. */
export type VerificationInput = {
  /** What was asked: the last user message, or the description of a subtask. Explicit constraints are read from it. */
  readonly task: string
  readonly answer: string
  /**
   * Whether more than the task was said: earlier turns or a system prompt can change what its right answer is. Then no exact tool
   * is asked for it. False when absent.
   */
  readonly hasContext?: boolean
  /** As the provider gave it, in the words of the language-model port; `length` means cut off. */
  readonly finishReason?: 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'unknown'
  /** The provider's own structured refusal, when there was one. */
  readonly refusal?: string
  /** Tool calls in the answer; with one or more, an empty text is not a defect. 0 when absent. */
  readonly toolCallCount?: number
  /** The tool calls themselves, and the tools that the request offered: where both are known each call is checked. */
  readonly toolCalls?: readonly CheckedToolCall[]
  readonly tools?: readonly OfferedTool[]
  /** Whether the caller itself limited the output tokens: then a cut at the limit is what it asked for. */
  readonly isOutputCapped?: boolean
  /** What the request says the text must be; the port's `ResponseFormat` fits. */
  readonly expectedFormat?: ExpectedFormat
  /** A full JSON Schema validator; the built-in subset when absent. */
  readonly schemaCheck?: SchemaCheck
  /** More answers to the same request, drawn independently, for the vote. */
  readonly samples?: readonly string[]
  /** What a judge said, when one was asked. */
  readonly judge?: JudgeVerdict
  /** The policy's P(success) of this model on this task before the answer was seen, in (0, 1); `PRIOR_SUCCESS_DEFAULT` when absent. */
  readonly priorSuccess?: number
  /** Fitted on outcomes by `fitCalibration`; the raw estimate when absent. */
  readonly calibration?: ConfidenceCalibration
}

/** P(success) of an answer about which nothing is known; the contract's confidence for a subtask without one. */
export const PRIOR_SUCCESS_DEFAULT = 0.75

/** Highest confidence beside an inconclusive judge: just under acceptance. */
const INCONCLUSIVE_CONFIDENCE_MAX = ACCEPTANCE_CONFIDENCE - 0.01

/**
 * How much each kind of evidence changes the odds that an answer is right: P(outcome | right) / P(outcome | wrong).
 * These are assumptions to start from, set by hand; a calibration fitted on the operator's own outcomes corrects them.
 * A passed format check says little, because wrong answers are well-formed too; recomputed arithmetic says more, and
 * wrong arithmetic nearly always means a wrong result.
 */
const LIKELIHOOD_RATIOS = {
  schemaPassed: 1.2,
  constraintPassed: 1.15,
  /** The number of an exact tool stands in the text; that it is also the one that is meant is not certain. */
  exactRight: 3,
  arithmeticRight: 1.5,
  arithmeticWrong: 0.08,
  /** A judge that is right on 85 % of right and 75 % of wrong answers. */
  judgeAccepted: 3.4,
  judgeRejected: 0.2,
} as const

type Evidence = { readonly check: Check; readonly ratio: number; readonly isDecisive: boolean }

/**
 * The ladder: cheap certain checks first (defects, format, explicit constraints, the result of an exact tool where one answers
 * the task, recomputed arithmetic), then the vote of
 * further samples, then a judge. Total on all strings.
 *
 * `valid` falls only by checks that no acceptable answer fails. `confidence` starts at the prior, is updated by each
 * piece of evidence, and is calibrated; an inconclusive judge holds it under acceptance. Accept with `isAccepted`.
 */
export function verifyAnswer(input: VerificationInput): Verdict {
  const evidence = [...defects(input), ...requirements(input), ...estimates(input)]
  const checks = evidence.map(({ check }) => check)
  const valid = !evidence.some(({ check, isDecisive }) => isDecisive && !check.passed)
  if (!valid) return { valid, confidence: 0, checks }
  const raw = evidence.reduce(updateProbability, boundedPrior(input.priorSuccess))
  const calibrated = input.calibration === undefined ? raw : calibrateConfidence(raw, input.calibration)
  const confidence =
    input.judge?.kind === 'inconclusive' ? Math.min(calibrated, INCONCLUSIVE_CONFIDENCE_MAX) : calibrated
  return { valid, confidence, checks }
}

function boundedPrior(prior = PRIOR_SUCCESS_DEFAULT): number {
  return Number.isFinite(prior) ? Math.min(0.999, Math.max(0.001, prior)) : PRIOR_SUCCESS_DEFAULT
}

/** Bayes: odds times likelihood ratio. */
function updateProbability(probability: number, { ratio }: Evidence): number {
  return (probability * ratio) / (probability * ratio + (1 - probability))
}

type CheckOutcome = { readonly name: CheckName; readonly passed: boolean; readonly detail: string }

function decisive(check: CheckOutcome, ratioWhenPassed = 1): Evidence {
  return { check, ratio: check.passed ? ratioWhenPassed : 1, isDecisive: true }
}

/** Defects of the answer itself, whatever was asked. */
function defects(input: VerificationInput): readonly Evidence[] {
  const refusal = detectRefusal(input)
  // A provider that refuses in a field of its own sends no text; what is wrong then is the refusal.
  const isEmpty = input.answer.trim() === '' && (input.toolCallCount ?? 0) === 0 && refusal === undefined
  const truncation = detectTruncation(input)
  const found = [
    decisive({
      name: 'non-empty',
      passed: !isEmpty,
      detail: isEmpty ? 'the answer is empty' : 'the answer has content',
    }),
    decisive({ name: 'not-refused', passed: refusal === undefined, detail: refusal ?? 'no refusal found' }),
    decisive({
      name: 'not-truncated',
      passed: truncation === undefined,
      detail: truncation ?? 'no sign of truncation',
    }),
  ]
  const code = checkCodeBlocks(input.answer)
  return code === undefined ? found : [...found, decisive({ name: 'code-balanced', ...code })]
}

/** What the request or the task requires of the answer's form. Of answers that are tool calls it is the form of the calls. */
function requirements(input: VerificationInput): readonly Evidence[] {
  const calls = checkToolCalls(input)
  if (calls !== undefined) return [decisive(calls)]
  if ((input.toolCallCount ?? 0) > 0) return []
  const format = checkExpectedFormat(input).map((check) =>
    decisive(check, check.name === 'json-schema' ? LIKELIHOOD_RATIOS.schemaPassed : 1),
  )
  const constraints = checkTaskConstraints(input).map((check) => decisive(check, LIKELIHOOD_RATIOS.constraintPassed))
  const exact = input.hasContext === true ? undefined : checkExactAnswer(input)
  const result = exact === undefined ? [] : [decisive({ name: 'exact-answer', ...exact }, LIKELIHOOD_RATIOS.exactRight)]
  return [...format, ...constraints, ...result]
}

/** Evidence that moves the confidence without deciding. */
function estimates(input: VerificationInput): readonly Evidence[] {
  const found: Evidence[] = []
  const arithmetic = checkArithmetic(input.answer)
  const claimCount = arithmetic.claims.length
  if (claimCount > 0) {
    const wrongCount = arithmetic.wrong.length
    const detail = `${claimCount - wrongCount} of ${claimCount} recomputed equations hold`
    const ratio = wrongCount === 0 ? LIKELIHOOD_RATIOS.arithmeticRight : LIKELIHOOD_RATIOS.arithmeticWrong
    found.push({ check: { name: 'arithmetic', passed: wrongCount === 0, detail }, ratio, isDecisive: false })
  }
  const vote = input.samples === undefined ? undefined : measureAgreement(input.answer, input.samples)
  if (vote !== undefined) {
    const disagreeing = vote.sampleCount - vote.agreeingCount
    const detail = `${vote.agreeingCount} of ${vote.sampleCount} further samples agree`
    // Laplace's estimate of agreement against disagreement: no sample leaves the odds as they are.
    const ratio = (vote.agreeingCount + 1) / (disagreeing + 1)
    found.push({
      check: { name: 'self-consistency', passed: vote.agreeingCount > disagreeing, detail },
      ratio,
      isDecisive: false,
    })
  }
  if (input.judge !== undefined) found.push(judgeEvidence(input.judge))
  return found
}

function judgeEvidence(judge: JudgeVerdict): Evidence {
  const check = {
    name: 'judge',
    passed: judge.kind === 'accept',
    detail: `the judge's verdict is ${judge.kind}`,
  } as const
  if (judge.kind === 'inconclusive') return { check, ratio: 1, isDecisive: false }
  const full = judge.kind === 'accept' ? LIKELIHOOD_RATIOS.judgeAccepted : LIKELIHOOD_RATIOS.judgeRejected
  // A judge that is unsure of itself counts for less, down to nothing at confidence 0.
  return { check, ratio: 1 + (full - 1) * judge.confidence, isDecisive: false }
}
