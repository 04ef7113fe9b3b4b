import { assert } from '../../base/assert.ts'
import { amountToUsd } from '../../base/money.ts'
import type { DecisionCandidate, DecisionRule } from '../routing/decision-record.ts'
import { bestTradeIndex } from './best-trade.ts'
import { cascadeOpener, cheapestChain, type Chain } from './cascade.ts'

/** From this many refused answers on, the bound moves half the way to certainty. */
const FAILURES_THAT_RAISE = 2

type Selection = {
  readonly starters: readonly DecisionCandidate[]
  /** Those that may follow in a cascade; empty where none is allowed. */
  readonly chainable: readonly DecisionCandidate[]
  readonly best: DecisionCandidate
}

export function pickSafest(
  { starters, chainable, best }: Selection,
  { quality }: DecisionRule,
  reasons: string[],
): Chain {
  const first = safest(starters, best)
  reasons.push('high risk: the strongest candidate answers')
  const chain = first.predictedSuccess < quality ? cheapestChain([first], chainable, quality) : undefined
  return chain ?? { first, second: undefined }
}

export function pickGreedy({ starters, chainable, best }: Selection, rule: DecisionRule, reasons: string[]): Chain {
  if (rule.successPerUsd !== undefined) {
    reasons.push('best trade of predicted success against cost')
    return { first: bestTrade(starters, rule.successPerUsd), second: undefined }
  }
  const bound = boundOf(rule, reasons)
  const single = starters.find(({ predictedSuccess }) => predictedSuccess >= bound)
  if (single === undefined) return pickBelowBound({ starters, chainable, best }, [bound, rule.quality], reasons)
  reasons.push(`cheapest candidate that meets the quality bound ${bound.toFixed(2)}`)
  const opener = cascadeOpener(chainable, single, bound)
  if (opener === undefined) return { first: single, second: undefined }
  reasons.push(`a cascade from ${opener.modelId} to ${single.modelId} is expected to cost less`)
  return { first: opener, second: single }
}

/** No model alone meets the bound: two in a row may, or meet at least what was asked for before failures raised it. */
function pickBelowBound(
  { starters, chainable, best }: Selection,
  bounds: readonly [raised: number, asked: number],
  reasons: string[],
): Chain {
  const [raised, asked] = bounds
  // Asked for certainty, a price is no reason.
  const first = asked >= 1 ? safest(starters, best) : best
  for (const bound of best.predictedSuccess >= asked ? [raised] : bounds) {
    const chain = cheapestChain(chainable, chainable, bound)
    if (chain?.second === undefined) continue
    reasons.push(
      `no candidate alone meets the quality bound ${bound.toFixed(2)}; ${chain.first.modelId} and then ${chain.second.modelId} do`,
    )
    return chain
  }
  reasons.push(`no candidate meets the quality bound ${raised.toFixed(2)}; the strongest answers`)
  const opener = cascadeOpener(chainable, first, first.predictedSuccess)
  if (opener === undefined) return { first, second: undefined }
  reasons.push(`a cascade from ${opener.modelId} to ${first.modelId} is expected to cost less`)
  return { first: opener, second: first }
}

export function strongest(candidates: readonly DecisionCandidate[]): DecisionCandidate | undefined {
  let best: DecisionCandidate | undefined
  for (const candidate of candidates)
    if (best === undefined || candidate.predictedSuccess > best.predictedSuccess) best = candidate
  return best
}

/** Of equally promising candidates the dearest: under high risk a price is no reason. Candidates come cheapest first. */
function safest(candidates: readonly DecisionCandidate[], best: DecisionCandidate): DecisionCandidate {
  return candidates.findLast(({ predictedSuccess }) => predictedSuccess >= best.predictedSuccess) ?? best
}

export function boundOf({ quality, recentFailures }: DecisionRule, reasons: string[]): number {
  if (recentFailures < FAILURES_THAT_RAISE) return quality
  reasons.push('repeated failures raise the quality bound')
  return quality + (1 - quality) / 2
}

/** A candidate of unknown price takes part only when all prices are unknown. */
function bestTrade(candidates: readonly DecisionCandidate[], successPerUsd: number): DecisionCandidate {
  const priced = candidates.filter(({ expectedCostNanos }) => expectedCostNanos !== undefined)
  const traded = priced.length > 0 ? priced : candidates
  const place = bestTradeIndex(
    traded.map(({ predictedSuccess }) => predictedSuccess),
    traded.map(({ expectedCostNanos }) => (expectedCostNanos === undefined ? 0 : amountToUsd(expectedCostNanos))),
    successPerUsd,
  )
  const best = traded[place]
  assert(best !== undefined, 'there is a candidate to trade')
  return best
}
