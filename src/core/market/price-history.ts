import { type Amount, AMOUNT_MAX } from '../../base/money.ts'
import type { DurationMs, Timestamp } from '../../base/time.ts'
import { PPM } from '../auction/auction-call.ts'
import type { Currency } from '../ledger/ledger-names.ts'
import { compareTexts } from '../text/compare-texts.ts'

/** Prices kept for one skill and currency; the oldest go first. */
export const PRICES_MAX = 256
/** Skills and currencies kept; the one that was quiet for the longest goes first. */
export const SERIES_MAX = 1_024
/** Older prices are forgotten: 90 days. */
export const PRICE_AGE_MS_MAX: DurationMs = 7_776_000_000 as DurationMs
/** Weight of one price at most, so that no single sale decides a quantile of a full series. */
export const PRICE_WEIGHT_MAX = 1_000
/** With fewer prices nothing is suggested. */
export const PRICES_FOR_SUGGESTION = 5
/** Share of a rising trend that a suggested reserve price follows at most. */
const TREND_PPM_MAX = 250_000
/** Share of prices that a suggested reserve price would have met. */
const RESERVE_QUANTILE_PPM = 900_000

/** What was paid in one contract that is final. */
export type PaidPrice = {
  readonly skill: string
  readonly currency: Currency
  readonly priceNanos: Amount
  /** How much the price counts, 1 to `PRICE_WEIGHT_MAX`: by the payer's standing, so that sales to oneself count little. */
  readonly weight: number
  readonly at: Timestamp
}

export type PriceSample = Pick<PaidPrice, 'priceNanos' | 'weight' | 'at'>

/** In the order of their stamps. */
export type PriceSeries = {
  readonly skill: string
  readonly currency: Currency
  readonly samples: readonly PriceSample[]
}

/** Sorted by skill, then currency. */
export type PriceHistory = { readonly series: readonly PriceSeries[] }

export const EMPTY_PRICE_HISTORY: PriceHistory = { series: [] }

export type PriceSummary = {
  readonly count: number
  readonly lastNanos: Amount
  /** Weighted, each one of the prices paid. */
  readonly lowerQuartileNanos: Amount
  readonly medianNanos: Amount
  readonly upperQuartileNanos: Amount
  /** Median of the newer half against the older one, in parts per million of the older, towards zero; 0 for a single price. */
  readonly trendPpm: number
}

/** Adds a price; out of range it is ignored, as is one that is older than the newest of its series. */
export function recordPrice(history: PriceHistory, paid: PaidPrice): PriceHistory {
  const { skill, currency, priceNanos, weight, at } = paid
  if (!Number.isSafeInteger(weight) || weight < 1 || weight > PRICE_WEIGHT_MAX) return history
  const known = findSeries(history, paid)
  const newest = known?.samples.at(-1)
  if (newest !== undefined && newest.at > at) return history
  const samples = [...(known?.samples ?? []), { priceNanos, weight, at }].slice(-PRICES_MAX)
  const others = history.series.filter((series) => series !== known)
  const kept = others.length < SERIES_MAX ? others : withoutQuietest(others)
  return { series: [...kept, { skill, currency, samples: withoutOld(samples, at) }].toSorted(compareSeries) }
}

/** Forgets prices that are too old, and series that have none left. */
export function prunePrices({ series }: PriceHistory, at: Timestamp): PriceHistory {
  return {
    series: series
      .map((one) => ({ ...one, samples: withoutOld(one.samples, at) }))
      .filter(({ samples }) => samples.length > 0),
  }
}

/** What has been paid for a skill; `undefined` when nothing was. */
export function summarizePrices(
  history: PriceHistory,
  of: Pick<PaidPrice, 'skill' | 'currency'>,
): PriceSummary | undefined {
  const samples = findSeries(history, of)?.samples ?? []
  const last = samples.at(-1)
  if (last === undefined) return undefined
  const quantile = (ppm: number): Amount => weightedQuantile(samples, ppm) ?? last.priceNanos
  return {
    count: samples.length,
    lastNanos: last.priceNanos,
    lowerQuartileNanos: quantile(250_000),
    medianNanos: quantile(500_000),
    upperQuartileNanos: quantile(750_000),
    trendPpm: trendOf(samples),
  }
}

/**
 * The lowest price at which the weights of it and all lower ones reach `ppm` of the whole weight: one of the prices, without rounding. `undefined`
 * for no prices.
 */
export function weightedQuantile(samples: readonly PriceSample[], ppm: number): Amount | undefined {
  const sorted = samples.toSorted((left, right) => compareAmounts(left.priceNanos, right.priceNanos))
  const whole = sorted.reduce((sum, { weight }) => sum + weight, 0)
  let reached = 0
  // At most 256 * 1,000 * 1,000,000 on either side: a safe integer.
  for (const { priceNanos, weight } of sorted) {
    reached += weight
    if (reached * PPM >= whole * ppm) return priceNanos
  }
  return undefined
}

/**
 * A reserve price that nine in ten of the paid prices would have met, raised by `headroomPpm` and by a rising trend, a quarter at most, rounded up.
 * `undefined` with fewer than `PRICES_FOR_SUGGESTION` prices.
 */
export function suggestReservePrice(
  history: PriceHistory,
  of: Pick<PaidPrice, 'skill' | 'currency'>,
  headroomPpm: number,
): Amount | undefined {
  const samples = findSeries(history, of)?.samples ?? []
  const price = weightedQuantile(samples, RESERVE_QUANTILE_PPM)
  if (price === undefined || samples.length < PRICES_FOR_SUGGESTION) return undefined
  const factor = BigInt(PPM + headroomPpm + Math.max(0, Math.min(TREND_PPM_MAX, trendOf(samples))))
  const raised = (price * factor + BigInt(PPM - 1)) / BigInt(PPM)
  return (raised > AMOUNT_MAX ? AMOUNT_MAX : raised) as Amount
}

function trendOf(samples: readonly PriceSample[]): number {
  const middle = Math.floor(samples.length / 2)
  const older = weightedQuantile(samples.slice(0, middle), 500_000)
  const newer = weightedQuantile(samples.slice(middle), 500_000)
  if (older === undefined || newer === undefined || older === 0n) return 0
  const trend = ((newer - older) * BigInt(PPM)) / older
  const bound = BigInt(PPM) * 1_000n
  return Number(trend > bound ? bound : trend)
}

function findSeries({ series }: PriceHistory, of: Pick<PaidPrice, 'skill' | 'currency'>): PriceSeries | undefined {
  return series.find(({ skill, currency }) => skill === of.skill && currency === of.currency)
}

function withoutOld(samples: readonly PriceSample[], at: Timestamp): readonly PriceSample[] {
  return samples.filter((sample) => at - sample.at <= PRICE_AGE_MS_MAX)
}

/** The quietest is the one whose newest price is the oldest; the first of equals. */
function withoutQuietest(series: readonly PriceSeries[]): readonly PriceSeries[] {
  const newestOf = ({ samples }: PriceSeries): number => samples.at(-1)?.at ?? 0
  const quietest = series.reduce((least, one) => (newestOf(one) < newestOf(least) ? one : least))
  return series.filter((one) => one !== quietest)
}

function compareSeries(left: PriceSeries, right: PriceSeries): number {
  return compareTexts(left.skill, right.skill) || compareTexts(left.currency, right.currency)
}

function compareAmounts(left: Amount, right: Amount): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
