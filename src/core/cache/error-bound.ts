import { exp, log } from '../../base/deterministic-math.ts'

/** Bisection steps: the bound is right to 2^-40. */
const STEPS = 40

/**
 * Upper confidence bound of a proportion from `wrong` of `hits` (Clopper and Pearson 1934, one-sided): with this confidence the true share
 * is no higher. 1 when `hits` is 0.
 *
 * @param confidence  Above 0 and below 1, for example 0.95.
 */
export function wrongShareUpperBound({
  wrong,
  hits,
  confidence,
}: {
  readonly wrong: number
  readonly hits: number
  readonly confidence: number
}): number {
  if (hits === 0 || wrong >= hits) return 1
  if (wrong === 0) return 1 - exp(log(1 - confidence) / hits)
  let low = wrong / hits
  let high = 1
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (low + high) / 2
    if (atMost(wrong, hits, middle) > 1 - confidence) low = middle
    else high = middle
  }
  return high
}

/** P(X <= wrong) for a binomial X of `hits` draws with chance `share`, summed from the largest term down so that nothing underflows early. */
function atMost(wrong: number, hits: number, share: number): number {
  if (share <= 0) return 1
  if (share >= 1) return 0
  const odds = log(share) - log(1 - share)
  let term = hits * log(1 - share)
  let sum = 0
  for (let count = 0; count <= wrong; count += 1) {
    sum += exp(term)
    term += log((hits - count) / (count + 1)) + odds
  }
  return Math.min(1, sum)
}

/** A query that the similarity tier could answer: the score of its best candidate and whether that one is right. */
export type ScoredHit = { readonly score: number; readonly isRight: boolean }

export type ThresholdInit = {
  /** Hits of the exact tier in the same traffic; they are right, and count among all hits. */
  readonly exactHits: number
  /** Largest share of wrong hits among all hits, 0 to 1. */
  readonly maxWrong: number
  readonly confidence: number
}

/** A threshold and what it rests on. */
export type ThresholdChoice = {
  /** Least score that is accepted. */
  readonly threshold: number
  readonly hits: number
  readonly wrong: number
  /** Upper bound of wrong hits among all hits, at the confidence asked for. */
  readonly wrongRateBound: number
}

/**
 * The choice aims at this share of `maxWrong`, observed. The binomial bound takes hits for independent, but wrong ones come in clusters: one
 * misleading entry answers many rewordings of a question. The bound does not model that, so a margin stands in for it. The value has no
 * derivation: it was chosen by looking at what is measured on the other part of repeated splits of question pairs. Traffic with larger
 * clusters would need a smaller one.
 */
const HEADROOM = 0.6

/**
 * The loosest threshold whose wrong hits, by their upper confidence bound, stay within `maxWrong` of all hits. Thresholds are tested from
 * the strictest on and the first failure ends the search (fixed-sequence testing), so that looking at many does not spoil the confidence.
 * `undefined` when not even the strictest can be vouched for: too few examples, or too many wrong ones.
 */
export function chooseThreshold(
  scored: readonly ScoredHit[],
  { exactHits, maxWrong, confidence }: ThresholdInit,
): ThresholdChoice | undefined {
  const ordered = scored.toSorted((one, other) => other.score - one.score)
  let wrong = 0
  let choice: ThresholdChoice | undefined
  for (let hits = 1; hits <= ordered.length; hits += 1) {
    const last = ordered[hits - 1]
    if (last === undefined) break
    if (!last.isRight) wrong += 1
    const next = ordered[hits]
    if (next !== undefined && next.score === last.score) continue
    const all = hits + exactHits
    if (hits * wrongShareUpperBound({ wrong: 0, hits, confidence }) > maxWrong * all) continue
    const wrongRateBound = (hits * wrongShareUpperBound({ wrong, hits, confidence })) / all
    if (wrongRateBound > maxWrong || wrong > HEADROOM * maxWrong * all) break
    choice = { threshold: next === undefined ? last.score : (last.score + next.score) / 2, hits, wrong, wrongRateBound }
  }
  return choice
}
