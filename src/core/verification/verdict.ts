/** Names of the checks, as recorded in decisions and telemetry. */
export type CheckName =
  | 'non-empty'
  | 'not-refused'
  | 'not-truncated'
  | 'json-parses'
  | 'json-schema'
  | 'tool-calls'
  | 'code-balanced'
  | 'exact-answer'
  | 'arithmetic'
  | 'length'
  | 'choice'
  | 'pattern'
  | 'language'
  | 'format'
  | 'self-consistency'
  | 'judge'

export type Check = {
  readonly name: CheckName
  readonly passed: boolean
  /** What was found, in one short sentence without the answer's text. */
  readonly detail: string
}

/** What the checks of `verifyAnswer` say of one answer; `isAccepted` says whether it is let through. */
export type Verdict = {
  /** False when a check that an acceptable answer cannot fail has failed. */
  readonly valid: boolean
  /** Calibrated P(the answer is right), 0..1; 0 when not valid. */
  readonly confidence: number
  /** Every check that applied, in the order of the ladder. */
  readonly checks: readonly Check[]
}

/** An answer is accepted iff it is valid and at least this probable. */
export const ACCEPTANCE_CONFIDENCE = 0.7

/** Valid, and with a confidence of at least `ACCEPTANCE_CONFIDENCE`; an inconclusive verdict is no acceptance. */
export function isAccepted(verdict: Verdict): boolean {
  return verdict.valid && verdict.confidence >= ACCEPTANCE_CONFIDENCE
}

/** What Bayes' rule without evidence may lose by rounding. */
const ROUNDING = 1e-6

/**
 * Whether a verdict that accepted nothing held nothing against the answer either: all of its doubt is what the policy had predicted before there was an
 * answer. It tells nothing of the answer, and of the policy its own opinion only.
 *
 * @param confidence  Of the verdict; 0 where the answer was not valid.
 * @param predicted  P(success) of the model by the policy, before the answer; `undefined` where it is not known.
 */
export function isOnlyDoubted(confidence: number, predicted: number | undefined): boolean {
  return confidence > 0 && predicted !== undefined && confidence >= predicted - ROUNDING
}
