import type { RoutingRow } from '../../core/learning/routing-rows.ts'
import type { CivilDate } from '../../core/models/civil-date.ts'
import type { ModelEntry } from '../../core/models/model-entry.ts'
import type { ModelRequest } from '../../ports/language-model.ts'
import { streamOf } from '../world/seeded-random.ts'
import { timesOf } from './drawn-outcomes.ts'
import type { LatencyProfile } from './model-profile.ts'
import { type OutcomeSource, type ServedOutcome, taskOf } from './outcome-source.ts'
import { plausibleAnswer } from './plausible-answer.ts'

/** One token of such an entry costs one nano-dollar, so that what was paid for an answer is its number of tokens. */
const NANOS_PER_MILLION = 1_000_000n
const NANOS_PER_DOLLAR = 1e9
/** Assumed: recordings tell no times. */
const LATENCY: LatencyProfile = { firstMs: 400, tokenMs: 15, deviation: 0.35 }
const TIMED_TOKENS = 100

/** Serves what models answered when they were recorded, at what that cost. Throws `RangeError` for what was not recorded. */
export class RecordedOutcomes implements OutcomeSource {
  private readonly seed: number
  private readonly rows: ReadonlyMap<string, RoutingRow>

  constructor({ seed, rows }: { readonly seed: number; readonly rows: readonly RoutingRow[] }) {
    this.seed = seed
    this.rows = new Map(rows.map((row) => [row.prompt, row]))
  }

  outcomeOf(modelId: string, request: ModelRequest): ServedOutcome {
    const prompt = taskOf(request)
    const outcome = this.rows.get(prompt)?.outcomes.get(modelId)
    if (outcome?.costUsd === undefined)
      throw new RangeError(`No answer and price of ${modelId} was recorded for this task`)
    const random = streamOf(this.seed, `recorded/${modelId}/${prompt}`)
    return {
      text: outcome.response ?? plausibleAnswer(prompt),
      finishReason: 'stop',
      // A prompt has tokens; the one is taken off again.
      tokensIn: 1,
      tokensOut: Math.max(0, Math.round(outcome.costUsd * NANOS_PER_DOLLAR) - 1),
      ...timesOf(LATENCY, TIMED_TOKENS, random),
    }
  }
}

/** Entries of recorded models: the dearer half counts as premium, by what they cost on average. */
export function recordedEntries(
  models: readonly { readonly name: string; readonly usd: number }[],
  checkedOn: CivilDate,
): readonly ModelEntry[] {
  const costs = models.map(({ usd }) => usd).toSorted((left, right) => left - right)
  const middle = costs[costs.length >> 1] ?? 0
  return models.map(({ name, usd }) => ({
    id: name,
    provider: 'recorded',
    model: name,
    tier: usd >= middle ? 'premium_api' : 'cheap_api',
    difficultyMax: 5,
    specialties: [],
    prices: [
      {
        inputNanosPerMillion: NANOS_PER_MILLION,
        outputNanosPerMillion: NANOS_PER_MILLION,
        contextTiers: [],
        source: 'recorded',
        checkedOn,
      },
    ],
    capabilities: { tools: true, vision: false, jsonSchema: true, logprobs: false, streaming: true },
    aliases: [],
  }))
}
