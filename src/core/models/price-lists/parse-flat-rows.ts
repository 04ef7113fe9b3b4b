import { parseCivilDate } from '../civil-date.ts'
import type { ContextTier, ModelPrice } from '../model-entry.ts'
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
import { isMarkedFree } from './parse-openrouter.ts'

const LOCAL_PROVIDERS = new Set(['ollama', 'lemonade', 'llamafile', 'gguf'])

/**
 * Reads cleaned rows `{model, provider, input_usd_per_mtok, output_usd_per_mtok, context, max_output, cached_input_usd_per_mtok?,
 * tiers_by_prompt_tokens?, price_versions?}`, the common form into which lists are often converted.
 */
export function parseFlatRows(rows: readonly unknown[], origin: PriceListOrigin): ParsedPriceList {
  const named = rows.map((row, index): [string, unknown] => {
    const isNamed = isRecord(row) && typeof row['provider'] === 'string' && typeof row['model'] === 'string'
    return [isNamed ? `${String(row['provider'])}/${String(row['model'])}` : `#${index}`, row]
  })
  return collectRows(named, (_name, row) => parseRow(row, origin))
}

function parseRow(row: unknown, origin: PriceListOrigin): RowOutcome {
  if (!isRecord(row)) return 'not-an-object'
  const { provider, model } = row
  if (typeof provider !== 'string' || typeof model !== 'string' || provider === '' || model === '') return 'no-name'
  const price = readBasePrice(
    {
      input: row['input_usd_per_mtok'],
      output: row['output_usd_per_mtok'],
      cachedInput: row['cached_input_usd_per_mtok'],
      cacheWrite: row['cache_write_usd_per_mtok'],
    },
    {
      exponent: SCALE.usdPerMillion,
      mayBeFree: LOCAL_PROVIDERS.has(provider) || isMarkedFree(model),
      source: origin.source,
      checkedOn: origin.checkedOn,
    },
  )
  if (typeof price === 'string') return price
  const contextTokens = readTokenCount(row['context'])
  const outputTokensMax = readTokenCount(row['max_output'])
  return {
    provider,
    model,
    prices: readVersions(row['price_versions'], withContextTiers(price, readTiers(row['tiers_by_prompt_tokens']))),
    ...(contextTokens !== undefined && { contextTokens }),
    ...(outputTokensMax !== undefined && { outputTokensMax }),
    ...(typeof row['modality'] === 'string' && {
      supports: { vision: row['modality'].split('->')[0]?.includes('image') ?? false },
    }),
  }
}

type PartialTier = { -readonly [Key in keyof ContextTier]?: ContextTier[Key] } & { aboveTokens: number }

/** `{input: [[200000, 6]], output: [[200000, 22.5]]}`. */
function readTiers(tiers: unknown): readonly PartialTier[] {
  if (!isRecord(tiers)) return []
  const byThreshold = new Map<number, PartialTier>()
  for (const [field, target] of [
    ['input', 'inputNanosPerMillion'],
    ['output', 'outputNanosPerMillion'],
  ] as const) {
    const pairs: readonly unknown[] = Array.isArray(tiers[field]) ? tiers[field] : []
    for (const pair of pairs) {
      if (!Array.isArray(pair)) continue
      const aboveTokens = readTokenCount(pair[0])
      const nanos = readOptionalPrice(pair[1], SCALE.usdPerMillion)
      if (aboveTokens === undefined || nanos === undefined) continue
      const tier = byThreshold.get(aboveTokens) ?? { aboveTokens }
      tier[target] = nanos
      byThreshold.set(aboveTokens, tier)
    }
  }
  return [...byThreshold.values()]
}

/** Versions that start on a date, chained onto the base price; versions by time of day are not followed. */
function readVersions(versions: unknown, base: ModelPrice): readonly ModelPrice[] {
  if (!Array.isArray(versions)) return [base]
  const dated: ModelPrice[] = []
  for (const version of versions) {
    const validFrom = isRecord(version) ? parseCivilDate(version['from']) : undefined
    if (!isRecord(version) || validFrom === undefined) continue
    const input = readOptionalPrice(version['input'], SCALE.usdPerMillion)
    const output = readOptionalPrice(version['output'], SCALE.usdPerMillion)
    if (input === undefined || output === undefined) continue
    const { cachedInputNanosPerMillion: _cached, cacheWriteNanosPerMillion: _written, ...rest } = base
    // The row gives cached prices for its first version only; later versions charge cached input in full rather than by a guess.
    dated.push({ ...rest, inputNanosPerMillion: input, outputNanosPerMillion: output, contextTiers: [], validFrom })
  }
  dated.sort((left, right) => ((left.validFrom ?? '') < (right.validFrom ?? '') ? -1 : 1))
  return [base, ...dated].map((price, index, all) => {
    const next = all[index + 1]?.validFrom
    return next === undefined ? price : { ...price, validUntil: next }
  })
}
