import type { AdmissionOutcome, CacheAdmission } from '../semantic-cache.ts'

/** The verifier accepts from this confidence on; what it was less sure of is not shown to others. */
export const MIN_CONFIDENCE_DEFAULT = 0.7

/** Why an answer may not be kept for others; `undefined` when it may. Only a whole, plain, accepted answer may. */
export function admissionRefusal(
  { answer, isAccepted, confidence }: CacheAdmission,
  confidenceMin: number,
): Exclude<AdmissionOutcome, 'stored'> | undefined {
  if (!isAccepted) return 'not-accepted'
  if (!(confidence >= confidenceMin)) return 'not-confident'
  const isWhole =
    answer.finishReason === 'stop' &&
    answer.refusal === undefined &&
    answer.toolCalls.length === 0 &&
    answer.text !== ''
  return isWhole ? undefined : 'answer-incomplete'
}
