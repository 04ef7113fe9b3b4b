import { amountFromNanos, amountToUsd, type Amount, formatAmount } from '../../base/money.ts'
import { sha256Hex } from '../../base/sha256.ts'
import { tradeValue } from '../policy/best-trade.ts'
import { boundOf } from '../policy/pick-greedy.ts'
import type { DecisionCandidate, DecisionRecord, DecisionRule, PlannedStep } from '../routing/decision-record.ts'

/** Below this chance of a right answer not even a judge's word makes the answer acceptable. */
export const PEER_SUCCESS_MIN = 0.42
/** A purchase is a wait, a risk and a stranger: it must save at least this share of what the task would cost without. */
export const PEER_SAVING_MIN = 0.1
const PARTS_PER_UNIT = 1_000_000

/** A plan by models alone, and who may be asked before it. */
export type PeerTrade = {
  /** Without any peer. */
  readonly record: DecisionRecord
  readonly rule: DecisionRule
  /** Usable ones of tier `peer`. */
  readonly peers: readonly DecisionCandidate[]
  /** The draw chose another model than the best, to learn of it. */
  readonly isExploring: boolean
}

type Bought = { readonly peer: DecisionCandidate; readonly totalNanos: bigint; readonly confidence: number }

/**
 * Puts a peer before the plan where that pays: its whole cost, and what the plan costs where its answer is not right, come to less than the plan alone, and the quality is no less
 * than the bound, or than the plan's own. One peer at most: whoever has many names is still asked once for a task. All others are named with the reason.
 */
export function tradePeers(trade: PeerTrade): DecisionRecord {
  const { record, peers } = trade
  if (peers.length === 0) return record
  const whole = refuseTask(trade)
  const refusals = new Map<string, string>()
  let best: Bought | undefined
  for (const peer of peers) {
    const offered = whole ?? weigh(trade, peer)
    if (typeof offered === 'string') refusals.set(peer.modelId, offered)
    else if (best === undefined || isBetter(offered, best, record.draw)) best = offered
  }
  for (const { modelId } of peers)
    if (modelId !== best?.peer.modelId && !refusals.has(modelId))
      refusals.set(modelId, 'another peer is the better buy')
  const candidates = [
    ...record.candidates.filter(({ tier }) => tier !== 'peer'),
    ...record.candidates.filter(({ tier }) => tier === 'peer').map((peer) => refused(peer, refusals.get(peer.modelId))),
  ]
  return best === undefined ? { ...record, candidates } : withPeer({ ...record, candidates }, trade.rule, best)
}

/** Why no peer is asked, whoever it is. */
function refuseTask({ record, rule, isExploring }: PeerTrade): string | undefined {
  const { peers } = rule
  if (peers === undefined) return 'no peer is bought from'
  if (rule.fixedRoute !== 'auto') return 'the route is fixed'
  if (record.risk === 'high' || (record.risk === 'medium' && peers.riskMax === 'low'))
    return `tasks of ${record.risk} risk do not leave`
  if (record.needsDecomposition) return 'the task is to be split'
  if (record.plan.length === 0) return 'no model could take over'
  if (isExploring) return 'the draw tries a model'
  return record.expectedCostNanos === undefined ? 'what the task costs without is unknown' : undefined
}

/** What buying from a peer comes to, or why it does not pay. */
function weigh({ record, rule }: PeerTrade, peer: DecisionCandidate): Bought | string {
  const { expectedCostNanos: cost, predictedSuccess: right, caughtShare = 0 } = peer
  const alone = record.expectedCostNanos
  const latencyMsMax = rule.peers?.latencyMsMax ?? 0
  if (cost === undefined || alone === undefined) return 'its price is unknown'
  if (peer.expectedLatencyS * 1000 > latencyMsMax) return 'it answers later than is waited for'
  if (record.maxBudgetNanos !== undefined && cost > record.maxBudgetNanos) return 'it costs more than the budget'
  if (right < PEER_SUCCESS_MIN) return `its answers are right in ${percent(right)} of the cases, too few to check`
  const totalNanos = cost + shareRoundedUp(alone, 1 - right)
  if (totalNanos * BigInt(PARTS_PER_UNIT) > alone * BigInt(PARTS_PER_UNIT * (1 - PEER_SAVING_MIN)))
    return `it comes to ${dollars(totalNanos)} in all, and the task to ${dollars(alone)} without`
  const confidence = right + (1 - right) * caughtShare * record.confidence
  const isWorse = refuseQuality({ record, rule }, { totalNanos, confidence })
  return isWorse ?? { peer, totalNanos, confidence }
}

function refuseQuality(
  { record, rule }: Pick<PeerTrade, 'record' | 'rule'>,
  { totalNanos, confidence }: Omit<Bought, 'peer'>,
): string | undefined {
  const { successPerUsd } = rule
  const alone = record.expectedCostNanos
  if (successPerUsd !== undefined && alone !== undefined) {
    const value = tradeValue(confidence, usdOf(totalNanos), successPerUsd)
    return value > tradeValue(record.confidence, amountToUsd(alone), successPerUsd)
      ? undefined
      : 'what it saves is not worth what it risks'
  }
  const bound = Math.min(boundOf(rule, []), record.confidence)
  return confidence >= bound
    ? undefined
    : `right in ${percent(confidence)} of the cases after its checks, below ${percent(bound)}`
}

/** The cheaper in all; of equals the likelier; of those again whoever the task's draw names, so that no name is worth having. */
function isBetter(one: Bought, other: Bought, draw: number): boolean {
  if (one.totalNanos !== other.totalNanos) return one.totalNanos < other.totalNanos
  if (one.confidence !== other.confidence) return one.confidence > other.confidence
  const place = ({ peer }: Bought): string => sha256Hex(`${draw}\0${peer.modelId}`)
  return place(one) < place(other)
}

function withPeer(record: DecisionRecord, { quality, successPerUsd }: DecisionRule, bought: Bought): DecisionRecord {
  const { peer, totalNanos, confidence } = bought
  const [first] = record.plan
  const begin = record.candidates.find(({ modelId }) => modelId === first?.modelId)?.propensity ?? 1
  const plan: PlannedStep[] = [
    { modelId: peer.modelId, tier: peer.tier, role: 'answer' },
    ...record.plan.map((step): PlannedStep => ({ ...step, role: 'escalation' })),
  ]
  const propensityOf = ({ modelId }: DecisionCandidate): number | undefined => {
    if (modelId === peer.modelId) return begin
    return modelId === first?.modelId ? 0 : undefined
  }
  const { isQualityMet: _met, reachableQuality, ...rest } = record
  const isTraded = successPerUsd !== undefined
  return {
    ...rest,
    // Whoever sells is believed when its answer was checked, not before.
    route: 'hybrid',
    confidence,
    candidates: record.candidates.map((candidate) => {
      const propensity = candidate.excludedBecause === undefined ? propensityOf(candidate) : undefined
      return propensity === undefined ? candidate : { ...candidate, propensity }
    }),
    plan,
    expectedCostNanos: amountFromNanos(totalNanos),
    expectedLatencyS: peer.expectedLatencyS + (1 - peer.predictedSuccess) * record.expectedLatencyS,
    ...(!isTraded && { isQualityMet: confidence >= quality }),
    ...(!isTraded && confidence < quality && { reachableQuality: Math.max(confidence, reachableQuality ?? 0) }),
    reasons: [
      ...record.reasons,
      `a peer is asked first: ${dollars(totalNanos)} in all, ${dollars(record.expectedCostNanos ?? 0n)} without`,
    ],
    propensity: begin,
  }
}

/** What an earlier trade wrote is replaced. */
function refused(candidate: DecisionCandidate, because: string | undefined): DecisionCandidate {
  if (because === undefined) return candidate
  const { propensity: _chance, ...rest } = candidate
  return { ...rest, excludedBecause: because }
}

/** Rounded up, so that no purchase looks cheaper than it is. */
function shareRoundedUp(amount: Amount, share: number): bigint {
  const [parts, unit] = [BigInt(Math.ceil(share * PARTS_PER_UNIT)), BigInt(PARTS_PER_UNIT)]
  return (amount * parts + unit - 1n) / unit
}

function usdOf(nanos: bigint): number {
  return amountToUsd(amountFromNanos(nanos))
}

function dollars(nanos: bigint): string {
  return `$${formatAmount(amountFromNanos(nanos))}`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
