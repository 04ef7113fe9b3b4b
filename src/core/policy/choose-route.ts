import { amountFromNanos, type Amount } from '../../base/money.ts'
import { isLocalTier, modelTierRank, type ModelTier } from '../models/model-entry.ts'
import type { DecisionCandidate, DecisionRecord, DecisionRule, PlannedStep } from '../routing/decision-record.ts'
import type { TaskRoute } from '../routing/task-outcome.ts'
import { bestChain, chainedSuccess, shareOf } from './cascade.ts'
import { certainly, drawFirst, type DrawnFirst } from './exploration/draw-first.ts'
import { boundOf, pickGreedy, pickSafest, strongest } from './pick-greedy.ts'
import { tradePeers } from '../peer-tier/trade-peers.ts'
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
const DIFFICULTY_EXPERT = 5

/**
 * Chooses the plan: the cheapest model whose predicted success meets the bound, a cascade when that is cheaper still, and
 * the escalations behind it; before it a peer, where buying pays. Pure: the same choice gives the same record.
 *
 * @returns Route `hybrid` means that the first answer is held back until it is accepted. The plan is empty only when no candidate is usable.
 */
export function chooseRoute(choice: RouteChoice): DecisionRecord {
  const reasons: string[] = []
  const allowed = choice.candidates.filter(({ excludedBecause }) => excludedBecause === undefined).toSorted(byCost)
  const usable = allowed.filter(({ tier }) => tier !== 'peer')
  const peers = allowed.filter(({ tier }) => tier === 'peer')
  const starters = affordable(startersOf(usable, choice.rule.fixedRoute), choice, reasons)
  const best = strongest(starters)
  if (best === undefined) {
    const nobody = { first: undefined, second: undefined, drawn: undefined, reachable: () => 0 }
    const record = recordOf(choice, { ...nobody, usable, reasons })
    return tradePeers({ record, rule: choice.rule, peers, isExploring: false })
  }
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
  const isExploring = drawn.first !== greedy.first
  if (isExploring) reasons.push('exploration: the draw chose another candidate')
  const opening = isExploring ? { first: drawn.first, second: undefined } : greedy
  const record = recordOf(choice, { ...opening, usable, reasons, drawn, reachable })
  return tradePeers({ record, rule: choice.rule, peers, isExploring })
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

/** Where the caller set a bound, no draw chooses a candidate below it. */
function explorable(starters: readonly DecisionCandidate[], rule: DecisionRule): readonly DecisionCandidate[] {
  if (rule.isQualityAsked !== true) return starters
  return starters.filter(({ predictedSuccess }) => predictedSuccess >= rule.quality)
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
