import { isLocalTier, type ModelTier } from '../models/model-entry.ts'
import type { DecisionAdvice, DecisionCandidate, DecisionRecord, DecisionRule } from '../routing/decision-record.ts'
import type { TaskRisk, TaskRoute } from '../routing/task-outcome.ts'
import { chooseRoute } from './choose-route.ts'

/** Computes a decision again from its record, advice included. Equal to the record unless the rules have changed since. */
export function replayDecision(record: DecisionRecord): DecisionRecord {
  const { rule, advice } = record
  if (rule === undefined) return record
  const chosen = chooseRoute({ ...record, rule })
  return advice === undefined ? chosen : withAdvice(chosen, advice)
}

/**
 * The decision with what an adviser said of it. The route is chosen again by the rule as it then is: with the risk that the adviser may have raised,
 * and never lowers, and starting where it said, as far as a model is there. Under high risk the strongest candidate answers, whatever route was
 * advised: an adviser is not trusted to send such a task to a weaker one.
 */
export function adviseDecision(record: DecisionRecord, advice: DecisionAdvice): DecisionRecord {
  const { rule } = record
  const { judged } = advice
  const kept = [...(record.advice ?? []), judgedOnly(advice)]
  if (rule === undefined || judged === undefined)
    return { ...record, reasons: [...record.reasons, advice.said], advice: kept }
  const risk = worseRisk(record.risk, judged.risk)
  const riskReasons =
    risk === record.risk ? record.riskReasons : [...record.riskReasons, `an adviser judged the risk ${risk}`]
  const fixedRoute = fixedRouteOf({ ...record, risk }, rule, judged.route)
  const judgedAnew: DecisionRecord = { ...record, risk, riskReasons, scorer: 'model', advice: kept }
  const advised = replayDecision({ ...judgedAnew, rule: { ...rule, fixedRoute } })
  // Advice is no reason to miss a bound that the caller set and the node can keep.
  const isBoundLost = rule.isQualityAsked === true && record.isQualityMet === true && advised.isQualityMet === false
  return isBoundLost ? replayDecision({ ...judgedAnew, rule }) : advised
}

function fixedRouteOf(
  { risk, candidates }: DecisionRecord,
  rule: DecisionRule,
  advised: TaskRoute,
): DecisionRule['fixedRoute'] {
  if (risk === 'high') return 'auto'
  return advised !== 'hybrid' && candidates.some((candidate) => startsRoute(candidate, advised))
    ? advised
    : rule.fixedRoute
}

function startsRoute({ tier, excludedBecause }: DecisionCandidate, route: 'local' | 'cheap' | 'premium'): boolean {
  if (excludedBecause !== undefined) return false
  if (route === 'local') return isLocalTier(tier as ModelTier)
  return tier === (route === 'cheap' ? 'cheap_api' : 'premium_api')
}

/** What the advisers judged in place of what the rule computed. */
function withAdvice(chosen: DecisionRecord, advice: readonly DecisionAdvice[]): DecisionRecord {
  let decision: DecisionRecord = { ...chosen, reasons: [...chosen.reasons, ...advice.map(({ said }) => said)], advice }
  for (const { judged } of advice) {
    if (judged === undefined) continue
    const { route, confidence } = judged
    // What the safety override asks for under high risk is no adviser's to undo.
    const needsDecomposition = chosen.risk === 'high' ? chosen.needsDecomposition : judged.needsDecomposition
    decision = { ...decision, confidence, needsDecomposition, ...(route === 'hybrid' && { route }) }
  }
  return decision
}

/** An adviser's decision has more members (costs, its version) than are adopted and kept. */
function judgedOnly({ said, judged }: DecisionAdvice): DecisionAdvice {
  if (judged === undefined) return { said }
  const { route, confidence, risk, needsDecomposition } = judged
  return { said, judged: { route, confidence, risk, needsDecomposition } }
}

function worseRisk(own: TaskRisk, advised: TaskRisk): TaskRisk {
  const order = ['low', 'medium', 'high'] as const
  return order.indexOf(own) >= order.indexOf(advised) ? own : advised
}
