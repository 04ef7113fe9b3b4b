import type { DecisionRecord } from '../routing/decision-record.ts'
import { CONFIDENCE_MIN } from './safety-override.ts'

/** From this difficulty on (EXPERT) advice is worth its wait. */
const DIFFICULTY_MIN = 5
/** Expected cost from which a second opinion is cheap beside a wrong route: 0.05 dollars. */
const COST_NANOS_MIN = 50_000_000n
/** Refused answers in a row that say the policy is wrong about this conversation. */
const FAILURES_MIN = 2

/** Why a decision should be put to an adviser; `undefined` when the policy is sure enough of a task that is cheap enough. */
export function adviceReason(record: DecisionRecord, recentFailures: number): string | undefined {
  if (recentFailures >= FAILURES_MIN) return `${recentFailures} answers in a row were refused`
  if (record.risk === 'high') return 'the risk is high'
  if (record.confidence < CONFIDENCE_MIN) return `confidence ${record.confidence.toFixed(2)} is below ${CONFIDENCE_MIN}`
  if (record.difficulty >= DIFFICULTY_MIN) return `difficulty ${record.difficulty}`
  if (record.expectedCostNanos !== undefined && record.expectedCostNanos >= COST_NANOS_MIN)
    return 'the expected cost is high'
  return undefined
}
