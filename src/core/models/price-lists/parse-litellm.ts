import { collectRows, type RowOutcome } from './collect-rows.ts'
import {
  isRecord,
  type ParsedPriceList,
  type PriceListOrigin,
  readBasePrice,
  readOptionalPrice,
  readTokenCount,
  SCALE,
  withContextTiers,
} from './price-row.ts'
import type { ContextTier } from '../model-entry.ts'

/** Providers of the list that run on the operator's machine: zero is their price. */
const LOCAL_PROVIDERS = new Set(['ollama', 'ollama_chat', 'lemonade', 'llamafile', 'lm_studio', 'hosted_vllm'])

const CHAT_MODES = new Set(['chat', 'responses', 'completion'])

/** `input_cost_per_token_above_200k_tokens` and its siblings: the threshold is in the name. */
const TIER_KEY = /^(input|output)_cost_per_token_above_(\d+)k_tokens$/
const CACHE_TIER_KEY = /^cache_read_input_token_cost_above_(\d+)k_tokens$/

/** Reads LiteLLM's `model_prices_and_context_window.json`: a map from name to costs in dollars per token. */
export function parseLitellm(document: Readonly<Record<string, unknown>>, origin: PriceListOrigin): ParsedPriceList {
  return collectRows(Object.entries(document), (name, entry) => parseEntry(name, entry, origin))
}

function parseEntry(name: string, entry: unknown, origin: PriceListOrigin): RowOutcome {
  if (!isRecord(entry)) return 'not-an-object'
  if (name === 'sample_spec') return 'skipped'
  if (typeof entry['mode'] === 'string' && !CHAT_MODES.has(entry['mode'])) return 'skipped'
  const provider = typeof entry['litellm_provider'] === 'string' ? entry['litellm_provider'] : 'unknown'
  const price = readBasePrice(
    {
      input: entry['input_cost_per_token'],
      output: entry['output_cost_per_token'],
      cachedInput: entry['cache_read_input_token_cost'],
      cacheWrite: entry['cache_creation_input_token_cost'],
    },
    { exponent: SCALE.usdPerToken, mayBeFree: LOCAL_PROVIDERS.has(provider), ...origin },
  )
  if (typeof price === 'string') return price
  const contextTokens = readTokenCount(entry['max_input_tokens']) ?? readTokenCount(entry['max_tokens'])
  const outputTokensMax = readTokenCount(entry['max_output_tokens'])
  return {
    provider,
    model: name,
    prices: [withContextTiers(price, readTiers(entry).values())],
    ...(contextTokens !== undefined && { contextTokens }),
    ...(outputTokensMax !== undefined && { outputTokensMax }),
    supports: {
      tools: entry['supports_function_calling'] === true,
      vision: entry['supports_vision'] === true,
      jsonSchema: entry['supports_response_schema'] === true,
    },
  }
}

type PartialTier = { -readonly [Key in keyof ContextTier]?: ContextTier[Key] } & { aboveTokens: number }

function readTiers(entry: Readonly<Record<string, unknown>>): ReadonlyMap<number, PartialTier> {
  const tiers = new Map<number, PartialTier>()
  for (const [key, value] of Object.entries(entry)) {
    const match = TIER_KEY.exec(key)
    const cacheMatch = match === null ? CACHE_TIER_KEY.exec(key) : null
    const thousands = match?.[2] ?? cacheMatch?.[1]
    const nanos = thousands === undefined ? undefined : readOptionalPrice(value, SCALE.usdPerToken)
    if (thousands === undefined || nanos === undefined) continue
    const aboveTokens = Number(thousands) * 1000
    const tier = tiers.get(aboveTokens) ?? { aboveTokens }
    if (match === null) tier.cachedInputNanosPerMillion = nanos
    else if (match[1] === 'input') tier.inputNanosPerMillion = nanos
    else tier.outputNanosPerMillion = nanos
    tiers.set(aboveTokens, tier)
  }
  return tiers
}
