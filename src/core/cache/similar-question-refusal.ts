import { alignTokens } from './align-tokens.ts'
import { comparablePrompt, lengthRefusal } from './comparable-prompt.ts'
import { eligibilityRefusal, type EligibilityRefusal } from './prompt-eligibility.ts'
import { guardRefusal, type GuardRefusal } from './similarity-guards.ts'

/** Why the answer to one question is not given for another, whatever a score says of the two. */
export type SimilarQuestionRefusal = EligibilityRefusal | GuardRefusal | 'too-many-words' | 'no-words'

/**
 * What keeps a node from giving the answer to `stored` for `asked`: a wording whose answer depends on the moment or on who asks, more text than is compared, or a difference
 * (a number, a negation, a symbol, a name, an opposite, the order of words) that makes two questions of them. `undefined`: nothing of that; then the calibrated score decides.
 */
export function similarQuestionRefusal(asked: string, stored: string): SimilarQuestionRefusal | undefined {
  const unfit = eligibilityRefusal(asked) ?? eligibilityRefusal(stored)
  if (unfit !== undefined) return unfit
  const [query, entry] = [comparablePrompt(asked), comparablePrompt(stored)]
  return lengthRefusal(query, entry) ?? guardRefusal(alignTokens(query.tokens, entry.tokens))
}
