import { addAmounts, type Amount, ZERO_AMOUNT } from '../../../base/money.ts'
import type { ModelUsage } from '../../../ports/language-model.ts'
import type { RouteResult } from '../../../ports/router.ts'

/**
 * Several answers as one result: calls, tokens and costs of all, the time of the slowest, and otherwise what the first of them was. A cost that is not known of one is not known
 * of all. At least one.
 */
export function sumResults(results: readonly RouteResult[]): RouteResult {
  const [first] = results
  if (first === undefined) throw new RangeError('There is nothing to add up')
  return {
    ...first,
    answer: { ...first.answer, usage: sumUsage(results.map(({ answer }) => answer.usage)) },
    costNanos: sumAmounts(results.map(({ costNanos }) => costNanos)),
    premiumCostNanos: sumAmounts(results.map(({ premiumCostNanos }) => premiumCostNanos)),
    isCostEstimated: results.some(({ isCostEstimated }) => isCostEstimated),
    latencyMs: Math.max(...results.map(({ latencyMs }) => latencyMs)),
    attempts: results.flatMap(({ attempts }) => attempts),
    overheadCalls: results.flatMap(({ overheadCalls }) => overheadCalls),
    verification: verificationOf(results.map(({ verification }) => verification)),
  }
}

/** Tokens of all. What providers do not say of any is not said of the sum. */
export function sumUsage(usages: readonly ModelUsage[]): ModelUsage {
  const cacheWriteTokensIn = sumKnown(usages.map((usage) => usage.cacheWriteTokensIn))
  const reasoningTokensOut = sumKnown(usages.map((usage) => usage.reasoningTokensOut))
  return {
    tokensIn: sum(usages.map(({ tokensIn }) => tokensIn)),
    tokensOut: sum(usages.map(({ tokensOut }) => tokensOut)),
    cachedTokensIn: sum(usages.map(({ cachedTokensIn }) => cachedTokensIn)),
    ...(cacheWriteTokensIn !== undefined && { cacheWriteTokensIn }),
    ...(reasoningTokensOut !== undefined && { reasoningTokensOut }),
    isEstimated: usages.some(({ isEstimated }) => isEstimated),
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}

function sumKnown(counts: readonly (number | undefined)[]): number | undefined {
  const known = counts.filter((count) => count !== undefined)
  return known.length === 0 ? undefined : sum(known)
}

function sumAmounts(amounts: readonly (Amount | undefined)[]): Amount | undefined {
  let total = ZERO_AMOUNT
  for (const amount of amounts) {
    if (amount === undefined) return undefined
    total = addAmounts(total, amount)
  }
  return total
}

type Verification = RouteResult['verification']

/** One answer that a check refused is enough; all are accepted where every one of them is. */
function verificationOf(verifications: readonly Verification[]): Verification {
  const known = verifications.filter((verification) => verification !== undefined)
  const isRefused = known.some(({ isAccepted }) => !isAccepted)
  if (!isRefused && known.length < verifications.length) return undefined
  return { isAccepted: !isRefused, confidence: Math.min(...known.map(({ confidence }) => confidence)) }
}
