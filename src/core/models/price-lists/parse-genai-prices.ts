import { parseCivilDate, type CivilDate } from '../civil-date.ts'
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

type NamedModel = { readonly provider: string; readonly model: unknown }

/** Reads the data file of genai-prices: providers with models, prices in dollars per million tokens, tiers and dated versions. */
export function parseGenaiPrices(providers: readonly unknown[], origin: PriceListOrigin): ParsedPriceList {
  const named: [string, NamedModel][] = []
  for (const provider of providers) {
    if (!isRecord(provider) || !Array.isArray(provider['models'])) continue
    const id = typeof provider['id'] === 'string' ? provider['id'] : 'unknown'
    for (const model of provider['models']) {
      const name = isRecord(model) && typeof model['id'] === 'string' ? model['id'] : ''
      named.push([`${id}/${name}`, { provider: id, model }])
    }
  }
  return collectRows(named, (_name, entry) => parseModel(entry, origin))
}

function parseModel({ provider, model }: NamedModel, origin: PriceListOrigin): RowOutcome {
  if (!isRecord(model)) return 'not-an-object'
  const name = model['id']
  if (typeof name !== 'string' || name === '') return 'no-name'
  const versions = readVersions(model['prices'])
  if (versions.length === 0) return 'price-missing'
  const prices: ModelPrice[] = []
  for (const version of versions) {
    const price = readVersion(version.prices, { origin, mayBeFree: isMarkedFree(name) })
    if (typeof price === 'string') return price
    prices.push({ ...price, ...(version.from && { validFrom: version.from }) })
  }
  const contextTokens = readTokenCount(model['context_window'])
  return { provider, model: name, prices: closeVersions(prices), ...(contextTokens !== undefined && { contextTokens }) }
}

type Version = { readonly prices: Readonly<Record<string, unknown>>; readonly from?: CivilDate }

/**
 * `prices` is one object, or a list of `{constraint, prices}`. Versions by time of day are dropped but for the unconstrained
 * one: a price that is right only at night is not the price.
 */
function readVersions(prices: unknown): readonly Version[] {
  if (isRecord(prices)) return [{ prices }]
  if (!Array.isArray(prices)) return []
  const versions: Version[] = []
  for (const item of prices) {
    if (!isRecord(item) || !isRecord(item['prices'])) continue
    const constraint = isRecord(item['constraint']) ? item['constraint'] : undefined
    const from = parseCivilDate(constraint?.['start_date'])
    if (constraint === undefined) versions.push({ prices: item['prices'] })
    else if (from !== undefined) versions.push({ prices: item['prices'], from })
  }
  return versions
}

/** Each dated version ends where the next one starts. */
function closeVersions(prices: readonly ModelPrice[]): readonly ModelPrice[] {
  const ascending = [...prices].sort((left, right) => ((left.validFrom ?? '') < (right.validFrom ?? '') ? -1 : 1))
  return ascending.map((price, index) => {
    const next = ascending[index + 1]?.validFrom
    return next === undefined ? price : { ...price, validUntil: next }
  })
}

type VersionContext = { readonly origin: PriceListOrigin; readonly mayBeFree: boolean }

function readVersion(
  raw: Readonly<Record<string, unknown>>,
  context: VersionContext,
): ReturnType<typeof readBasePrice> {
  const price = readBasePrice(
    {
      input: baseOf(raw['input_mtok']),
      output: baseOf(raw['output_mtok']),
      cachedInput: baseOf(raw['cache_read_mtok']),
      cacheWrite: baseOf(raw['cache_write_mtok']),
    },
    { exponent: SCALE.usdPerMillion, mayBeFree: context.mayBeFree, ...context.origin },
  )
  return typeof price === 'string' ? price : withContextTiers(price, readTiers(raw).values())
}

/** A figure is a number, or `{base, tiers: [{start, price}]}`. */
function baseOf(figure: unknown): unknown {
  return isRecord(figure) ? figure['base'] : figure
}

const TIERED_FIELDS = [
  ['input_mtok', 'inputNanosPerMillion'],
  ['output_mtok', 'outputNanosPerMillion'],
  ['cache_read_mtok', 'cachedInputNanosPerMillion'],
  ['cache_write_mtok', 'cacheWriteNanosPerMillion'],
] as const

type PartialTier = { -readonly [Key in keyof ContextTier]?: ContextTier[Key] } & { aboveTokens: number }

function readTiers(raw: Readonly<Record<string, unknown>>): ReadonlyMap<number, PartialTier> {
  const tiers = new Map<number, PartialTier>()
  for (const [field, target] of TIERED_FIELDS) {
    const figure = raw[field]
    if (!isRecord(figure) || !Array.isArray(figure['tiers'])) continue
    for (const item of figure['tiers']) {
      if (!isRecord(item)) continue
      const aboveTokens = readTokenCount(item['start'])
      const nanos = readOptionalPrice(item['price'], SCALE.usdPerMillion)
      if (aboveTokens === undefined || nanos === undefined) continue
      const tier = tiers.get(aboveTokens) ?? { aboveTokens }
      tier[target] = nanos
      tiers.set(aboveTokens, tier)
    }
  }
  return tiers
}
