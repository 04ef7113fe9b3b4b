import { assert } from '../../base/assert.ts'
import {
  API_ROWS,
  LISTS_READ_ON,
  LOCAL_ROWS,
  TWO_LISTS,
  type ApiRow,
  type LocalRow,
  type RowPrice,
} from './builtin-model-rows.ts'
import { parseCivilDate, type CivilDate } from './civil-date.ts'
import { scaleDecimal } from './decimal-scaling.ts'
import { estimateModelMemory } from './hardware-fit.ts'
import {
  localTierOfParameters,
  type ModelCapabilities,
  type ModelDifficulty,
  type ModelEntry,
  type ModelPrice,
  type ModelTier,
} from './model-entry.ts'

/** The hardest task that a tier is sent when nothing is known about the model itself. */
export const DIFFICULTY_MAX_OF_TIER: Readonly<Record<ModelTier, ModelDifficulty>> = {
  local_nano: 1,
  local_small: 2,
  local_medium: 3,
  local_large: 4,
  cheap_api: 4,
  premium_api: 5,
}

/**
 * A small table of current models as registry entries, so that a fresh install knows prices and capabilities. `kernell models import` replaces them.
 * A new array each time; the caller keeps it.
 */
export function builtinModels(): readonly ModelEntry[] {
  return [...API_ROWS.map(readApiRow), ...LOCAL_ROWS.map(readLocalRow)]
}

function readApiRow(row: ApiRow): ModelEntry {
  const capabilities: ModelCapabilities = {
    tools: true,
    vision: row.isVisual === true,
    jsonSchema: row.lacksJsonSchema !== true,
    logprobs: row.hasLogprobs === true,
    streaming: true,
  }
  return {
    id: `${row.provider}/${row.model}`,
    provider: row.provider,
    model: row.model,
    tier: row.tier,
    difficultyMax: row.difficultyMax ?? DIFFICULTY_MAX_OF_TIER[row.tier],
    specialties: row.specialties ?? ['general'],
    prices: row.prices.map(readRowPrice),
    contextTokens: row.contextTokens,
    ...(row.outputTokensMax !== undefined && { outputTokensMax: row.outputTokensMax }),
    capabilities,
    aliases: row.aliases ?? [],
  }
}

function readRowPrice(price: RowPrice): ModelPrice {
  const { cached, cacheWrite, above, from, until } = price
  return {
    inputNanosPerMillion: readNanos(price.input),
    outputNanosPerMillion: readNanos(price.output),
    ...(cached !== undefined && { cachedInputNanosPerMillion: readNanos(cached) }),
    ...(cacheWrite !== undefined && { cacheWriteNanosPerMillion: readNanos(cacheWrite) }),
    contextTiers: above === undefined ? [] : [readTier(above)],
    ...(from !== undefined && { validFrom: readDate(from) }),
    ...(until !== undefined && { validUntil: readDate(until) }),
    source: price.source ?? TWO_LISTS,
    checkedOn: readDate(LISTS_READ_ON),
  }
}

function readTier(above: NonNullable<RowPrice['above']>): ModelPrice['contextTiers'][number] {
  return {
    aboveTokens: above.tokens,
    inputNanosPerMillion: readNanos(above.input),
    outputNanosPerMillion: readNanos(above.output),
  }
}

function readLocalRow(row: LocalRow): ModelEntry {
  const tier = localTierOfParameters(row.parametersBillions)
  return {
    id: `ollama/${row.model}`,
    provider: 'ollama',
    model: row.model,
    tier,
    parametersBillions: row.parametersBillions,
    memory: estimateModelMemory(row.parametersBillions),
    difficultyMax: DIFFICULTY_MAX_OF_TIER[tier],
    specialties: row.specialties ?? ['general'],
    prices: [],
    contextTokens: row.contextTokens,
    capabilities: {
      tools: row.hasTools === true,
      vision: row.isVisual === true,
      jsonSchema: true,
      logprobs: false,
      streaming: true,
    },
    aliases: [],
  }
}

function readNanos(usdPerMillion: string): bigint {
  const nanos = scaleDecimal(usdPerMillion, 9)
  assert(nanos !== undefined && nanos >= 0n, 'a price of the built-in table is a decimal of 0 or more')
  return nanos
}

function readDate(text: string): CivilDate {
  const date = parseCivilDate(text)
  assert(date !== undefined, 'a date of the built-in table exists')
  return date
}
