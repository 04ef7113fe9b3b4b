import type { DatasetRow } from '../label-row.ts'
import type { FeatureValue } from './feature-columns.ts'

/** What the contract's own fields say of a task beforehand, by their names; absent where they say nothing. */
export function contractColumns({ logged, ...label }: DatasetRow): ReadonlyMap<string, FeatureValue> {
  const chosen = logged?.candidates.find(({ model }) => model === logged.action)
  const fields = {
    task_token_count: label.task_token_count,
    task_domain: label.task_domain,
    hardware_tier: label.hardware_tier,
    has_gpu: label.has_gpu,
    predicted_route: label.predicted_route,
    risk: logged?.risk ?? null,
    predicted_success: chosen?.predicted_success ?? null,
    expected_cost_usd: chosen?.expected_cost_usd ?? null,
    expected_latency_s: chosen?.expected_latency_s ?? null,
  }
  return new Map(Object.entries(fields).filter((entry): entry is [string, FeatureValue] => entry[1] !== null))
}

/** Such a field is what a policy expected of the model that it chose: where the choice alone tells the outcome, so does the field. */
export function followsChoice(field: string): boolean {
  return /^(?:predicted|expected)_/.test(field)
}
