import type { FeedbackEvent } from '../../wire/feedback-event.ts'

/** Weight of one verdict of the verifier; all other weights are against it. */
export const VERIFIER_WEIGHT = 1

/** An answer that nobody checked, from an interface that is paid for: the claim of its success. */
export const UNVERIFIED_WEIGHT = 0.5

/**
 * Weights of what was said of an answer, set by judgement. A person outweighs the verifier with a single word: four to one puts
 * an accepted answer with a thumb down at 0.2 and a refused one with a thumb up at 0.8, beyond any bound in use. What became
 * of the answer in the end says most. An edit says less than a verdict, since good answers are edited, too. Another program's score is
 * worth a verifier's; what a program found out later (tests passed, a ticket reopened) three.
 */
const WEIGHTS: Readonly<Record<FeedbackEvent['source'], Readonly<Record<FeedbackEvent['kind'], number>>>> = {
  user: { thumbs: 4, edit: 3, score: 4, outcome: 6 },
  system: { thumbs: 1, edit: 1, score: 1, outcome: 3 },
}

/** A share of right, 0 to 1, and how much it says. */
export type Evidence = { readonly value: number; readonly weight: number }

/** The last word of each kind and source counts: who changes their mind is heard once. Order does not matter. */
export function feedbackEvidence(feedback: readonly FeedbackEvent[]): readonly Evidence[] {
  const last = new Map<string, FeedbackEvent>()
  for (const event of feedback) {
    const key = `${event.source} ${event.kind}`
    const known = last.get(key)
    if (known === undefined || isLater(event, known)) last.set(key, event)
  }
  return [...last.values()].map(({ source, kind, value }) => ({ value, weight: WEIGHTS[source][kind] }))
}

/** Whether a person has the better of it: their words together say that the answer was good. */
export function isGoodForPeople(feedback: readonly FeedbackEvent[]): boolean {
  const mean = weightedMean(feedbackEvidence(feedback.filter(({ source }) => source === 'user')))
  return mean !== undefined && mean.value >= 0.5
}

/** `undefined` for no evidence. */
export function weightedMean(evidence: readonly Evidence[]): Evidence | undefined {
  let weight = 0
  let sum = 0
  for (const item of evidence) {
    weight += item.weight
    sum += item.weight * item.value
  }
  return weight > 0 ? { value: Math.min(1, sum / weight), weight } : undefined
}

/** Of two at the same instant the one with the larger id, so that the order of a file does not matter. */
function isLater(event: FeedbackEvent, other: FeedbackEvent): boolean {
  if (event.timestamp !== other.timestamp) return event.timestamp > other.timestamp
  return event.feedback_id > other.feedback_id
}
