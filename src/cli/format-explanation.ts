import { formatUsd } from '../base/format.ts'
import { amountToUsd } from '../base/money.ts'
import type { DecisionRecord } from '../core/routing/decision-record.ts'
import { formatTable, type Column } from './format-table.ts'

/** Why a task went where it went: the reasons, then the candidates. */
export function formatExplanation(decision: DecisionRecord, width: number): string {
  const head = `route ${decision.route}, confidence ${decision.confidence.toFixed(2)}, risk ${decision.risk}, difficulty ${decision.difficulty}, policy ${decision.policyVersion} (${decision.scorer})`
  const reasons = decision.reasons.map((reason) => `  - ${reason}`)
  const rows = decision.candidates.map((candidate) => [
    candidate.modelId,
    candidate.tier,
    candidate.predictedSuccess.toFixed(3),
    candidate.expectedCostNanos === undefined ? 'unknown' : formatUsd(amountToUsd(candidate.expectedCostNanos)),
    decision.plan.some((step) => step.modelId === candidate.modelId) ? 'planned' : (candidate.excludedBecause ?? ''),
  ])
  const columns: readonly Column[] = [
    { heading: 'candidate', isFlexible: true },
    { heading: 'tier' },
    { heading: 'P(success)', align: 'right' },
    { heading: 'expected', align: 'right' },
    { heading: 'note', isFlexible: true },
  ]
  return [head, ...reasons, ...(rows.length === 0 ? [] : [formatTable(columns, rows, width)])].join('\n')
}
