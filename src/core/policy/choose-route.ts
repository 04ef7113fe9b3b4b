import { amountFromNanos, amountToUsd, type Amount } from '../../base/money.ts'
import { assert } from '../../base/assert.ts'
import { isLocalTier, modelTierRank, type ModelTier } from '../models/model-entry.ts'
import type { DecisionCandidate, DecisionRecord, DecisionRule, PlannedStep } from '../routing/decision-record.ts'
import type { TaskRoute } from '../routing/task-outcome.ts'
import { bestTradeIndex } from './best-trade.ts'
import { bestChain, cascadeOpener, chainedSuccess, cheapestChain, shareOf, type Chain } from './cascade.ts'
import { certainly, drawFirst, type DrawnFirst } from './exploration/draw-first.ts'
import { overrideReason } from './safety-override.ts'

/** What a decision is made from: candidates with predictions, the rule, and one draw. Nothing else is read, so a record can be replayed. */
export type RouteChoice = Pick<
  DecisionRecord,
  | 'risk'
  | 'riskReasons'
  | 'difficulty'
  | 'domain'
  | 'candidates'
  | 'expectedTokensOut'
  | 'maxBudgetNanos'
  | 'policyVersion'
  | 'priceVersion'
  | 'scorer'
  | 'featureHash'
  | 'features'
  | 'served'
  | 'draw'
> & { readonly rule: DecisionRule }

const ESCALATIONS_MAX = 3
/** From this many refused answers on, the bound moves half the way to certainty. */
const FAILURES_THAT_RAISE = 2
const DIFFICULTY_EXPERT = 5

/**
 * Chooses the plan: the cheapest candidate whose predicted success meets the bound, a cascade when that is cheaper still, and
 * the escalations behind it. Pure: the same choice gives the same record.
 *
 * @returns Route `hybrid` means that the first answer is held back until it is accepted. The plan is empty only when no candidate is usable.
 */
export function chooseRoute(choice: RouteChoice): DecisionRecord {
  const reasons: string[] = []
  const usable = choice.candidates.filter(({ excludedBecause }) => excludedBecause === undefined).toSorted(byCost)
  const starters = affordable(startersOf(usable, choice.rule.fixedRoute), choice, reasons)
  const best = strongest(starters)
  if (best === undefined)
    return recordOf(choice, {
      first: undefined,
      second: undefined,
      usable,
      reasons,
      drawn: undefined,
      reachable: () => 0,
    })
  const isCascadeAllowed = choice.rule.isCascadeAllowed && choice.rule.fixedRoute === 'auto'
  const chainable = isCascadeAllowed ? starters : []
  const greedy =
    choice.risk === 'high'
      ? pickSafest({ starters, chainable, best }, choice.rule, reasons)
      : pickGreedy({ starters, chainable, best }, choice.rule, reasons)
  const openers = choice.risk === 'high' ? [greedy.first] : starters
  const reachable = (): number => bestChain(openers, chainable)
  const drawn = explore(explorable(starters, choice.rule), greedy.first, choice)
  if (drawn.isStopped) reasons.push('exploration: what may be given up is used up')
  if (drawn.first !== greedy.first) {
    reasons.push('exploration: the draw chose another candidate')
    return recordOf(choice, { first: drawn.first, second: undefined, usable, reasons, drawn, reachable })
  }
  return recordOf(choice, { ...greedy, usable, reasons, drawn, reachable })
}

function byCost(a: DecisionCandidate, b: DecisionCandidate): number {
  if (a.expectedCostNanos !== b.expectedCostNanos) {
    if (a.expectedCostNanos === undefined) return 1
    if (b.expectedCostNanos === undefined) return -1
    return a.expectedCostNanos < b.expectedCostNanos ? -1 : 1
  }
  const rank = rankOf(a) - rankOf(b)
  if (rank !== 0) return rank
  return a.modelId < b.modelId ? -1 : 1
}

function rankOf({ tier }: DecisionCandidate): number {
  return modelTierRank(tier as ModelTier)
}

function routeOfTier(tier: string): TaskRoute {
  if (isLocalTier(tier as ModelTier)) return 'local'
  return tier === 'premium_api' ? 'premium' : 'cheap'
}

function startersOf(
  usable: readonly DecisionCandidate[],
  fixedRoute: DecisionRule['fixedRoute'],
): readonly DecisionCandidate[] {
  return fixedRoute === 'auto' ? usable : usable.filter(({ tier }) => routeOfTier(tier) === fixedRoute)
}

function affordable(
  starters: readonly DecisionCandidate[],
  { maxBudgetNanos }: RouteChoice,
  reasons: string[],
): readonly DecisionCandidate[] {
  if (maxBudgetNanos === undefined) return starters
  const within = starters.filter(
    ({ expectedCostNanos }) => expectedCostNanos !== undefined && expectedCostNanos <= maxBudgetNanos,
  )
  if (within.length === starters.length) return starters
  if (within.length > 0) {
    reasons.push('candidates above the budget were passed over')
    return within
  }
  reasons.push('no candidate is expected to stay within the budget; the cheapest is proposed')
  return starters.slice(0, 1)
}

function strongest(candidates: readonly DecisionCandidate[]): DecisionCandidate | undefined {
  let best: DecisionCandidate | undefined
  for (const candidate of candidates)
    if (best === undefined || candidate.predictedSuccess > best.predictedSuccess) best = candidate
  return best
}

/** Of equally promising candidates the dearest: under high risk a price is no reason. Candidates come cheapest first. */
function safest(candidates: readonly DecisionCandidate[], best: DecisionCandidate): DecisionCandidate {
  return candidates.findLast(({ predictedSuccess }) => predictedSuccess >= best.predictedSuccess) ?? best
}

type Selection = {
  readonly starters: readonly DecisionCandidate[]
  /** Those that may follow in a cascade; empty where none is allowed. */
  readonly chainable: readonly DecisionCandidate[]
  readonly best: DecisionCandidate
}

function pickSafest({ starters, chainable, best }: Selection, { quality }: DecisionRule, reasons: string[]): Chain {
  const first = safest(starters, best)
  reasons.push('high risk: the strongest candidate answers')
  const chain = first.predictedSuccess < quality ? cheapestChain([first], chainable, quality) : undefined
  return chain ?? { first, second: undefined }
}

function pickGreedy({ starters, chainable, best }: Selection, rule: DecisionRule, reasons: string[]): Chain {
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

/** Where the caller set a bound, no draw chooses a candidate below it. */
function explorable(starters: readonly DecisionCandidate[], rule: DecisionRule): readonly DecisionCandidate[] {
  if (rule.isQualityAsked !== true) return starters
  return starters.filter(({ predictedSuccess }) => predictedSuccess >= rule.quality)
}

function boundOf({ quality, recentFailures }: DecisionRule, reasons: string[]): number {
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

function explore(candidates: readonly DecisionCandidate[], greedy: DecisionCandidate, choice: RouteChoice): DrawnFirst {
  const { rule, draw, risk } = choice
  if (risk === 'high' || rule.fixedRoute !== 'auto') return certainly(greedy)
  if (rule.explore === undefined) return exploreEvenly(candidates, greedy, choice)
  const isTried = candidates.length > 1 || (candidates.length === 1 && candidates[0] !== greedy)
  if (!isTried) return certainly(greedy)
  // What failures raised the bound to is what the greedy choice keeps, and so what a draw is measured by.
  const bound = boundOf(rule, [])
  return drawFirst({ candidates, greedy, rule: rule.explore, draw, successPerUsd: rule.successPerUsd, bound })
}

function exploreEvenly(
  candidates: readonly DecisionCandidate[],
  greedy: DecisionCandidate,
  { rule: { explorationRate: rate }, draw }: RouteChoice,
): DrawnFirst {
  if (rate <= 0 || candidates.length < 2) return certainly(greedy)
  const each = rate / candidates.length
  const propensities = new Map(candidates.map((candidate) => [candidate, each]))
  propensities.set(greedy, 1 - rate + (propensities.get(greedy) ?? 0))
  const first = (draw < rate ? candidates[Math.floor(draw / each)] : greedy) ?? greedy
  return { ...certainly(first), propensities }
}

type Chosen = {
  readonly first: DecisionCandidate | undefined
  readonly second: DecisionCandidate | undefined
  readonly usable: readonly DecisionCandidate[]
  readonly reasons: string[]
  /** `undefined` where there was nobody to draw from. */
  readonly drawn: DrawnFirst | undefined
  /** The best predicted success of any plan that was allowed. */
  readonly reachable: () => number
}

function recordOf(choice: RouteChoice, chosen: Chosen): DecisionRecord {
  const { first, second, usable, reasons, drawn } = chosen
  const chain = first === undefined ? [] : chainOf(choice, [first, ...(second === undefined ? [] : [second])], usable)
  const confidence = confidenceOf(first, second)
  const expectedCostNanos = expectedCostOf(chain)
  const override = overrideReason({ ...choice, confidence, expectedCostNanos })
  if (override !== undefined) reasons.push(override)
  const isSplit = choice.rule.isCompound && choice.difficulty >= DIFFICULTY_EXPERT
  const plan: PlannedStep[] = chain.map(({ modelId, tier }, index) => ({
    modelId,
    tier,
    role: index === 0 ? 'answer' : 'escalation',
  }))
  return {
    route: override !== undefined || second !== undefined || first === undefined ? 'hybrid' : routeOfTier(first.tier),
    confidence,
    risk: choice.risk,
    riskReasons: choice.riskReasons,
    difficulty: choice.difficulty,
    domain: choice.domain,
    needsDecomposition: override !== undefined || isSplit,
    expectedCostNanos,
    expectedLatencyS: expectedLatencyOf(chain),
    expectedTokensOut: choice.expectedTokensOut,
    maxBudgetNanos: choice.maxBudgetNanos,
    candidates: choice.candidates.map((candidate) => withPropensity(candidate, drawn)),
    plan,
    ...qualityOf(choice.rule, confidence, chosen),
    reasons,
    policyVersion: choice.policyVersion,
    priceVersion: choice.priceVersion,
    scorer: choice.scorer,
    featureHash: choice.featureHash,
    ...(choice.features !== undefined && { features: choice.features }),
    ...(choice.served !== undefined && { served: choice.served }),
    draw: choice.draw,
    propensity: first === undefined ? 1 : (drawn?.propensities.get(first) ?? 1),
    ...(choice.rule.explore !== undefined && drawn !== undefined && { exploration: drawn.regret }),
    rule: choice.rule,
  }
}

/** What an earlier choice wrote is replaced; an excluded candidate has no chance and says nothing. */
function withPropensity(candidate: DecisionCandidate, drawn: DrawnFirst | undefined): DecisionCandidate {
  const { propensity: _earlier, ...rest } = candidate
  if (candidate.excludedBecause !== undefined || drawn === undefined) return rest
  return { ...rest, propensity: drawn.propensities.get(candidate) ?? 0 }
}

/** Whether the bound is met, and by how much it is missed at best. A trade keeps no bound, and an empty plan meets none. */
function qualityOf(
  { quality, successPerUsd }: DecisionRule,
  confidence: number,
  { first, reachable }: Chosen,
): Pick<DecisionRecord, 'isQualityMet' | 'reachableQuality'> {
  if (first === undefined || successPerUsd !== undefined) return {}
  if (confidence >= quality) return { isQualityMet: true }
  return { isQualityMet: false, reachableQuality: Math.max(confidence, reachable()) }
}

/** The opening steps, then what may follow when they fail: candidates of no lower tier, cheapest first, within the budget. */
function chainOf(
  { maxBudgetNanos }: RouteChoice,
  opening: readonly DecisionCandidate[],
  usable: readonly DecisionCandidate[],
): readonly DecisionCandidate[] {
  const last = opening.at(-1)
  if (last === undefined) return opening
  const escalations = usable.filter((candidate) => {
    if (opening.includes(candidate) || rankOf(candidate) < rankOf(last)) return false
    if (maxBudgetNanos === undefined) return true
    return candidate.expectedCostNanos !== undefined && candidate.expectedCostNanos <= maxBudgetNanos
  })
  return [...opening, ...escalations.slice(0, ESCALATIONS_MAX)]
}

function confidenceOf(first: DecisionCandidate | undefined, second: DecisionCandidate | undefined): number {
  if (first === undefined) return 0
  return second === undefined ? first.predictedSuccess : chainedSuccess(first, second)
}

/** Each call costs its price times the chance that all before it failed. `undefined` when a price is unknown. */
function expectedCostOf(chain: readonly DecisionCandidate[]): Amount | undefined {
  let sum = 0n
  let reach = 1
  for (const { expectedCostNanos, predictedSuccess } of chain) {
    if (expectedCostNanos === undefined) return undefined
    sum += shareOf(expectedCostNanos, reach)
    reach *= 1 - predictedSuccess
  }
  return amountFromNanos(sum)
}

function expectedLatencyOf(chain: readonly DecisionCandidate[]): number {
  let sum = 0
  let reach = 1
  for (const { expectedLatencyS, predictedSuccess } of chain) {
    sum += reach * expectedLatencyS
    reach *= 1 - predictedSuccess
  }
  return sum
}
