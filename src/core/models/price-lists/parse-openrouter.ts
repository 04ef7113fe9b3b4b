import { collectRows, type RowOutcome } from './collect-rows.ts'
import {
  isRecord,
  type ParsedPriceList,
  type PriceListOrigin,
  readBasePrice,
  readTokenCount,
  SCALE,
} from './price-row.ts'

/** Reads the answer of OpenRouter's `GET /api/v1/models`: prices are decimal strings in dollars per token, -1 when they vary. */
export function parseOpenrouter(models: readonly unknown[], origin: PriceListOrigin): ParsedPriceList {
  const named = models.map((model, index): [string, unknown] => [nameOf(model) ?? `#${index}`, model])
  return collectRows(named, (name, entry) => parseEntry(name, entry, origin))
}

function nameOf(model: unknown): string | undefined {
  return isRecord(model) && typeof model['id'] === 'string' && model['id'] !== '' ? model['id'] : undefined
}

function parseEntry(name: string, entry: unknown, origin: PriceListOrigin): RowOutcome {
  if (!isRecord(entry)) return 'not-an-object'
  if (nameOf(entry) === undefined) return 'no-name'
  const pricing = isRecord(entry['pricing']) ? entry['pricing'] : {}
  const price = readBasePrice(
    {
      input: pricing['prompt'],
      output: pricing['completion'],
      cachedInput: pricing['input_cache_read'],
      cacheWrite: pricing['input_cache_write'],
    },
    { exponent: SCALE.usdPerToken, mayBeFree: isMarkedFree(name), ...origin },
  )
  if (typeof price === 'string') return price
  const architecture = isRecord(entry['architecture']) ? entry['architecture'] : {}
  const top = isRecord(entry['top_provider']) ? entry['top_provider'] : {}
  const parameters = Array.isArray(entry['supported_parameters']) ? entry['supported_parameters'] : []
  const modalities = Array.isArray(architecture['input_modalities']) ? architecture['input_modalities'] : []
  const contextTokens = readTokenCount(entry['context_length'])
  const outputTokensMax = readTokenCount(top['max_completion_tokens'])
  return {
    provider: 'openrouter',
    model: name,
    prices: [price],
    ...(contextTokens !== undefined && { contextTokens }),
    ...(outputTokensMax !== undefined && { outputTokensMax }),
    supports: {
      tools: parameters.includes('tools'),
      vision: modalities.includes('image'),
      jsonSchema: parameters.includes('structured_outputs'),
    },
  }
}

/** OpenRouter marks free variants in the name. */
export function isMarkedFree(model: string): boolean {
  return model.endsWith(':free') || model === 'openrouter/free'
}
