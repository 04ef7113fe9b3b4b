import type { Sha256Hex } from '../../base/sha256.ts'
import type { LoggedTask, ObservedOutcome } from '../../core/learning/logged-task.ts'
import { parseRoutingRow } from '../../core/learning/routing-rows.ts'
import { assessRisk } from '../../core/policy/risk-detection.ts'

/** First hexadecimal digits of a task's hash that draw the action of a recorded row: 52 bits, so that the bias is below 1e-12. */
const DRAW_DIGITS = 13

/**
 * A row in which every model's outcome was recorded, as a task of a log: as if a policy without a preference had drawn one of its models, each with the
 * same probability. The draw is the task's hash, so that a row gives the same task everywhere; estimates that divide by the
 * propensity are right for it, and whoever wants all outcomes takes `observed`.
 *
 * Throws `TRAINING_DATA_INVALID`; `undefined` for a contaminated row.
 */
export function parseEvaluationRow(line: string, place: string, hash: Sha256Hex): LoggedTask | undefined {
  const { prompt, outcomes, isContaminated } = parseRoutingRow(line, { label: 'score', place })
  if (isContaminated) return undefined
  const taskHash = hash(prompt)
  const models = [...outcomes.keys()].toSorted()
  const propensity = 1 / Math.max(1, models.length)
  const observed = new Map<string, ObservedOutcome>(
    [...outcomes].map(([model, { score, costUsd }]) => [
      model,
      { success: score, costUsd, latencyMs: undefined, source: 'recorded' },
    ]),
  )
  const action = models[Number.parseInt(taskHash.slice(0, DRAW_DIGITS), 16) % Math.max(1, models.length)] ?? ''
  return {
    taskHash,
    timestamp: undefined,
    prompt,
    features: undefined,
    risk: assessRisk(prompt).risk,
    policyVersion: undefined,
    candidates: models.map((model) => ({
      model,
      tier: 'unknown',
      propensity,
      // Nobody predicted anything.
      predictedSuccess: 0.5,
      expectedCostUsd: undefined,
      expectedLatencyS: 0,
    })),
    action,
    propensity,
    outcome: observed.get(action) ?? { success: 0, costUsd: undefined, latencyMs: undefined, source: 'recorded' },
    observed,
  }
}
