import { daysBetween, type CivilDate } from './civil-date.ts'
import { priceOnDate } from './model-cost.ts'
import { isLocalTier, type ModelEntry } from './model-entry.ts'

/** Prices read longer ago than this are reported by `kernell doctor`. */
export const PRICE_AGE_DAYS_MAX = 60

/** A model whose applicable price was read too long ago: `id` is the model's, `source` and `checkedOn` say where and when the price was read. */
export type StalePrice = {
  readonly id: string
  readonly source: string
  readonly checkedOn: CivilDate
  readonly ageDays: number
}

/** Models whose applicable price was read more than `ageDaysMax` days before `today`, oldest first, then by id. */
export function findStalePrices(
  entries: Iterable<ModelEntry>,
  today: CivilDate,
  ageDaysMax: number = PRICE_AGE_DAYS_MAX,
): readonly StalePrice[] {
  const stale: StalePrice[] = []
  for (const entry of entries) {
    const price = priceOnDate(entry, today)
    if (price === undefined || (isLocalTier(entry.tier) && entry.prices.length === 0)) continue
    const ageDays = daysBetween(price.checkedOn, today)
    if (ageDays > ageDaysMax) stale.push({ id: entry.id, source: price.source, checkedOn: price.checkedOn, ageDays })
  }
  return stale.sort((left, right) => right.ageDays - left.ageDays || (left.id < right.id ? -1 : 1))
}

/** Ids of models that have no price on `today`: under a budget the router refuses them. */
export function findUnpricedModels(entries: Iterable<ModelEntry>, today: CivilDate): readonly string[] {
  const unpriced: string[] = []
  for (const entry of entries) if (priceOnDate(entry, today) === undefined) unpriced.push(entry.id)
  return unpriced.sort()
}
