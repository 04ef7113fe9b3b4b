import { DIFFICULTY_MAX_OF_TIER } from './builtin-models.ts'
import { canonicalModelName } from './price-lists/merge-price-lists.ts'
import { localTierOfParameters, type ModelCapabilities, type ModelEntry, type ModelTier } from './model-entry.ts'

/** A model that a configured provider serves, by the provider's own list or the operator's word. */
export type ServedModel = {
  readonly provider: string
  readonly model: string
  /** Whether the provider runs on this machine or is otherwise free and private. */
  readonly isLocal: boolean
}

const NO_CAPABILITIES: ModelCapabilities = {
  tools: false,
  vision: false,
  jsonSchema: false,
  logprobs: false,
  streaming: true,
}

/** `llama3.1:8b`, `Qwen2.5-0.5B-Instruct`, `smollm-135m`: the number before a closing `b` or `m`. */
const PARAMETERS = /(?:^|[-_:.\s/])(\d+(?:\.\d+)?)([bm])(?=$|[-_:.\s/])/i

/** Parameters, in billions, that a model's name states; `undefined` when it states none. */
export function parametersFromName(model: string): number | undefined {
  const match = PARAMETERS.exec(model)
  if (match?.[1] === undefined) return undefined
  const size = Number(match[1])
  return match[2]?.toLowerCase() === 'm' ? size / 1000 : size
}

/**
 * The registry entry for a model as a provider serves it. What the registry knows about the same model under another provider is taken
 * over but for the price, which belongs to the provider. What nobody knows stays unknown: an API model without a known price has none,
 * and counts as premium so that it is not mistaken for a cheap one.
 */
export function entryForServedModel(served: ServedModel, known: Iterable<ModelEntry>): ModelEntry {
  const { provider, model, isLocal } = served
  const relative = findRelative(served, known)
  if (relative?.provider === provider && relative.model === model) return relative
  const parametersBillions = relative?.parametersBillions ?? parametersFromName(model)
  const tier = tierOf(isLocal, parametersBillions, relative)
  const { prices: _prices, id: _id, aliases: _aliases, tier: _tier, difficultyMax, ...facts } = relative ?? UNKNOWN
  return {
    ...facts,
    id: `${provider}/${model}`,
    provider,
    model,
    tier,
    difficultyMax: relative === undefined ? DIFFICULTY_MAX_OF_TIER[tier] : difficultyMax,
    ...(parametersBillions !== undefined && { parametersBillions }),
    prices: [],
    aliases: [],
  }
}

const UNKNOWN: ModelEntry = {
  id: '',
  provider: '',
  model: '',
  tier: 'premium_api',
  difficultyMax: 3,
  specialties: ['general'],
  prices: [],
  capabilities: NO_CAPABILITIES,
  aliases: [],
}

function tierOf(isLocal: boolean, parametersBillions: number | undefined, relative: ModelEntry | undefined): ModelTier {
  if (isLocal) return parametersBillions === undefined ? 'local_medium' : localTierOfParameters(parametersBillions)
  if (relative === undefined) return 'premium_api'
  return relative.tier === 'premium_api' ? 'premium_api' : 'cheap_api'
}

/** The same model, else one of the same name at another provider. */
function findRelative(served: ServedModel, known: Iterable<ModelEntry>): ModelEntry | undefined {
  const name = canonicalModelName(served.model)
  let relative: ModelEntry | undefined
  for (const entry of known) {
    if (entry.provider === served.provider && entry.model === served.model) return entry
    if (relative === undefined && canonicalModelName(entry.model) === name) relative = entry
  }
  return relative
}
