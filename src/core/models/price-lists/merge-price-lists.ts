import { priceOnDate } from '../model-cost.ts'
import type { ModelPrice } from '../model-entry.ts'
import type { PriceRow } from './price-row.ts'

/** Two prices closer than this share of the larger one are the same price, written with different rounding. */
export const PRICE_TOLERANCE_PERCENT = 1n

/** The name of the operator's own entries among the sources; its price wins every conflict. */
export const OPERATOR_SOURCE = 'operator'

/** Providers that lists name differently. Everything else is compared as it is written. */
const PROVIDER_ALIASES: Readonly<Record<string, string>> = {
  together_ai: 'together',
  'together-ai': 'together',
  fireworks_ai: 'fireworks',
  'fireworks-ai': 'fireworks',
  'x-ai': 'xai',
  'mistral-ai': 'mistral',
  gemini: 'google',
  'perplexity-ai': 'perplexity',
}

/** The provider's name that all lists share. */
export function canonicalProvider(provider: string): string {
  return PROVIDER_ALIASES[provider] ?? provider
}

/** The model's name without the owner's prefix, case and punctuation other than dots: `meta-llama/Llama-3.1-8B` and `llama3.18b` meet. */
export function canonicalModelName(model: string): string {
  return (model.split('/').at(-1) ?? model).toLowerCase().replaceAll(/[^a-z0-9.]/g, '')
}

export type NamedPriceList = {
  /** Unique among the lists merged; `operator` for the operator's own entries. */
  readonly source: string
  readonly rows: readonly PriceRow[]
}

/**
 * A model for which lists differ by more than `PRICE_TOLERANCE_PERCENT`. `provider` and `model` are the names by which the lists were joined
 * (`canonicalProvider`, `canonicalModelName`).
 */
export type PriceConflict = {
  readonly provider: string
  readonly model: string
  /** The price of each source that names the model, as it applied on the day when that source was read. */
  readonly prices: Readonly<Record<string, ModelPrice>>
  /** The source whose price was taken. */
  readonly chosen: string
}

/** One price list made of several by `mergePriceLists`, and what those disagreed on. */
export type MergedPrices = {
  /** One row per provider and model, in the order first seen. */
  readonly rows: readonly PriceRow[]
  readonly conflicts: readonly PriceConflict[]
  /** Models that two sources or more name. */
  readonly overlapCount: number
}

/**
 * Merges price lists. Within a list the first row of a name counts. Between lists the operator's entry wins; otherwise the list
 * given first does, and every difference of more than one percent is reported, never settled in silence.
 */
export function mergePriceLists(lists: readonly NamedPriceList[]): MergedPrices {
  const bySource = groupByModel(lists)
  const rows: PriceRow[] = []
  const conflicts: PriceConflict[] = []
  let overlapCount = 0
  for (const candidates of bySource.values()) {
    const chosen = candidates.has(OPERATOR_SOURCE) ? OPERATOR_SOURCE : (candidates.keys().next().value ?? '')
    const row = candidates.get(chosen)
    if (row === undefined) continue
    rows.push(row)
    if (candidates.size < 2) continue
    overlapCount++
    if (!isDisputed(candidates)) continue
    const prices: Record<string, ModelPrice> = {}
    for (const [source, candidate] of candidates) {
      const price = priceWhenRead(candidate)
      if (price !== undefined) prices[source] = price
    }
    conflicts.push({ provider: canonicalProvider(row.provider), model: canonicalModelName(row.model), prices, chosen })
  }
  return { rows, conflicts, overlapCount }
}

function groupByModel(lists: readonly NamedPriceList[]): ReadonlyMap<string, ReadonlyMap<string, PriceRow>> {
  const groups = new Map<string, Map<string, PriceRow>>()
  for (const list of lists) {
    for (const row of list.rows) {
      const key = `${canonicalProvider(row.provider)} ${canonicalModelName(row.model)}`
      const group = groups.get(key) ?? new Map<string, PriceRow>()
      if (!group.has(list.source)) group.set(list.source, row)
      groups.set(key, group)
    }
  }
  return groups
}

function isDisputed(candidates: ReadonlyMap<string, PriceRow>): boolean {
  const inputs: bigint[] = []
  const outputs: bigint[] = []
  for (const row of candidates.values()) {
    const price = priceWhenRead(row)
    if (price === undefined) continue
    inputs.push(price.inputNanosPerMillion)
    outputs.push(price.outputNanosPerMillion)
  }
  return isSpreadBeyondTolerance(inputs) || isSpreadBeyondTolerance(outputs)
}

function isSpreadBeyondTolerance(figures: readonly bigint[]): boolean {
  let lowest = figures[0] ?? 0n
  let highest = lowest
  for (const figure of figures) {
    if (figure < lowest) lowest = figure
    if (figure > highest) highest = figure
  }
  return (highest - lowest) * 100n > highest * PRICE_TOLERANCE_PERCENT
}

/** The version of the price that applied on the day when the list was read. */
function priceWhenRead(row: PriceRow): ModelPrice | undefined {
  const first = row.prices[0]
  return first === undefined ? undefined : priceOnDate({ prices: row.prices, tier: 'cheap_api' }, first.checkedOn)
}
