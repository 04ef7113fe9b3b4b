import { estimateTokens } from '../../core/models/estimate-tokens.ts'
import type { ModelEntry } from '../../core/models/model-entry.ts'
import { createFeatureExtractor } from '../../core/policy/prompt-features.ts'
import { profileTask } from '../../core/policy/task-profile.ts'
import type { UnansweredTask } from '../../core/learning/online/prior-weights.ts'
import type { RoutingRow } from '../../core/learning/routing-rows.ts'

/** A row without its outcomes: all that the loop sees of a task before it calls a model. */
export type StreamedTask = UnansweredTask & {
  /** Place of the row, for the outcome source. */
  readonly row: number
  readonly prompt: string
  readonly tokensIn: number
}

/** Reads the prompts of rows; nothing else. */
export function streamedTasks(rows: readonly RoutingRow[]): readonly StreamedTask[] {
  const extractor = createFeatureExtractor()
  return rows.map(({ prompt }, row) => {
    const { dense, scan } = extractor.extract(prompt)
    return { row, prompt, tokensIn: estimateTokens(prompt), features: dense.slice(), profile: profileTask(scan) }
  })
}

/**
 * Models of which nothing is known but the name: no price, and therefore the premium tier, as the registry treats a served model that no
 * list has. All start with the same prior.
 */
export function unknownModels(names: readonly string[]): readonly ModelEntry[] {
  return names.map((name) => ({
    id: name,
    provider: 'recorded',
    model: name,
    tier: 'premium_api',
    difficultyMax: 5,
    specialties: [],
    prices: [],
    capabilities: { tools: false, vision: false, jsonSchema: false, logprobs: false, streaming: true },
    aliases: [],
  }))
}
