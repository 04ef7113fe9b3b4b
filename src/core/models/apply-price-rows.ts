import { DIFFICULTY_MAX_OF_TIER } from './builtin-models.ts'
import type { ModelEntry, ModelPrice, ModelTier } from './model-entry.ts'
import { canonicalModelName, canonicalProvider } from './price-lists/merge-price-lists.ts'
import type { PriceRow } from './price-lists/price-row.ts'

/** A new API model whose usual mix of three input tokens to one output token costs more than this per million tokens is a premium one. */
const CHEAP_MIX_NANOS_PER_MILLION_MAX = 2_000_000_000n

/**
 * Brings imported prices into the registry's entries: a row replaces the prices of the entry of the same provider and model, whatever the
 * spelling, and otherwise adds an entry of its own. Local models stay free; entries without a row stay as they are.
 *
 * Conflicts between lists are settled before, by `mergePriceLists`; the operator's entries are applied after and so win.
 */
export function applyPriceRows(entries: Iterable<ModelEntry>, rows: Iterable<PriceRow>): readonly ModelEntry[] {
  const byName = new Map<string, ModelEntry>()
  for (const entry of entries) byName.set(nameOf(entry), entry)
  for (const row of rows) {
    const name = nameOf(row)
    const entry = byName.get(name)
    if (entry === undefined) byName.set(name, entryOfRow(row))
    else if (!entry.tier.startsWith('local_')) byName.set(name, { ...entry, prices: row.prices })
  }
  return [...byName.values()]
}

function nameOf({ provider, model }: { readonly provider: string; readonly model: string }): string {
  return `${canonicalProvider(provider)} ${canonicalModelName(model)}`
}

function entryOfRow(row: PriceRow): ModelEntry {
  const provider = canonicalProvider(row.provider)
  const model = row.model.startsWith(`${row.provider}/`) ? row.model.slice(row.provider.length + 1) : row.model
  const tier = tierOfPrices(row.prices)
  return {
    id: `${provider}/${model}`,
    provider,
    model,
    tier,
    difficultyMax: DIFFICULTY_MAX_OF_TIER[tier],
    specialties: ['general'],
    prices: row.prices,
    ...(row.contextTokens !== undefined && { contextTokens: row.contextTokens }),
    ...(row.outputTokensMax !== undefined && { outputTokensMax: row.outputTokensMax }),
    capabilities: {
      tools: row.supports?.tools === true,
      vision: row.supports?.vision === true,
      jsonSchema: row.supports?.jsonSchema === true,
      logprobs: false,
      streaming: true,
    },
    aliases: [],
  }
}

function tierOfPrices(prices: readonly ModelPrice[]): ModelTier {
  const price = prices.at(-1)
  if (price === undefined) return 'premium_api'
  const mix = (price.inputNanosPerMillion * 3n + price.outputNanosPerMillion) / 4n
  return mix <= CHEAP_MIX_NANOS_PER_MILLION_MAX ? 'cheap_api' : 'premium_api'
}
