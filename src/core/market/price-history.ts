import { type Amount, AMOUNT_MAX } from '../../base/money.ts'
import type { DurationMs, Timestamp } from '../../base/time.ts'
import { PPM } from '../auction/auction-call.ts'
import type { Currency } from '../ledger/ledger-names.ts'
import { compareTexts } from '../text/compare-texts.ts'

/** Prices kept for one skill and currency, those that were heard of apart; the oldest go first. */
export const PRICES_MAX = 256
export const HEARD_PRICES_MAX = 64
/** Skills and currencies kept; the one that was quiet for the longest goes first. */
export const SERIES_MAX = 1_024
/** Older prices are forgotten: 90 days. */
export const PRICE_AGE_MS_MAX: DurationMs = 7_776_000_000 as DurationMs
/** Weight of one price at most, so that no single sale decides a quantile of a full series. */
export const PRICE_WEIGHT_MAX = 1_000
/** With fewer prices that were paid nothing is suggested. */
export const PRICES_FOR_SUGGESTION = 5
/** All that was heard of counts at most one in so many of the whole that was paid, less than what a suggested price leaves above itself: who lets others hear prices sets none. */
const PAID_OVER_HEARD = 20n
/** Share of a rising trend that a suggested reserve price follows at most. */
const TREND_PPM_MAX = 250_000
/** Share of prices that a suggested reserve price would have met. */
const RESERVE_QUANTILE_PPM = 900_000

/** What was paid in one contract that is final, or heard of. */
export type KnownPrice = {
  readonly skill: string
  readonly currency: Currency
  readonly priceNanos: Amount
  /** How much the price counts, 1 to `PRICE_WEIGHT_MAX`: by the payer's standing, so that sales to oneself count little. */
  readonly weight: number
  /** Whether it is known from others alone, such as the end of an auction: nobody needs to have paid it. */
  readonly isHeard: boolean
  readonly at: Timestamp
}

export type PriceSample = Pick<KnownPrice, 'priceNanos' | 'weight' | 'isHeard' | 'at'>

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
  /** Prices that were paid, and those that were heard of. */
  readonly count: number
  readonly heard: number
  /** Of those that were paid, where there are any. */
  readonly lastNanos: Amount
  /** Weighted, each one of the prices. */
  readonly lowerQuartileNanos: Amount
  readonly medianNanos: Amount
  readonly upperQuartileNanos: Amount
  /** Of those that were paid: median of the newer half against the older one, in parts per million of the older, towards zero; 0 for a single price. */
  readonly trendPpm: number
}

/** Adds a price; out of range it is ignored, as is one that is older than the newest of its series. */
export function recordPrice(history: PriceHistory, paid: KnownPrice): PriceHistory {
  const { skill, currency, priceNanos, weight, isHeard, at } = paid
  if (!Number.isSafeInteger(weight) || weight < 1 || weight > PRICE_WEIGHT_MAX) return history
  const known = findSeries(history, paid)
  const newest = known?.samples.at(-1)
  if (newest !== undefined && newest.at > at) return history
  const samples = withinBounds([...(known?.samples ?? []), { priceNanos, weight, isHeard, at }])
  const others = history.series.filter((series) => series !== known)
  const kept = others.length < SERIES_MAX ? others : withoutQuietest(others)
  return { series: [...kept, { skill, currency, samples: withoutOld(samples, at) }].toSorted(compareSeries) }
}

/** Prices of one kind never push out those of the other. */
function withinBounds(samples: readonly PriceSample[]): readonly PriceSample[] {
  const last = samples.at(-1)
  const same = samples.filter(({ isHeard }) => isHeard === last?.isHeard)
  const most = last?.isHeard === true ? HEARD_PRICES_MAX : PRICES_MAX
  const [oldest] = same.length > most ? same : []
  return samples.filter((sample) => sample !== oldest)
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
  of: Pick<KnownPrice, 'skill' | 'currency'>,
): PriceSummary | undefined {
  const samples = findSeries(history, of)?.samples ?? []
  const paid = paidOf(samples)
  const last = paid.at(-1) ?? samples.at(-1)
  if (last === undefined) return undefined
  const quantile = (ppm: number): Amount => weightedQuantile(samples, ppm) ?? last.priceNanos
  return {
    count: paid.length,
    heard: samples.length - paid.length,
    lastNanos: last.priceNanos,
    lowerQuartileNanos: quantile(250_000),
    medianNanos: quantile(500_000),
    upperQuartileNanos: quantile(750_000),
    trendPpm: trendOf(paid),
  }
}

/**
 * The lowest price at which the weights of it and all lower ones reach `ppm` of the whole weight: one of the prices, without rounding. `undefined`
 * for no prices. Where both kinds are there, those that were heard of weigh a twentieth of the others at most.
 */
export function weightedQuantile(samples: readonly PriceSample[], ppm: number): Amount | undefined {
  const sorted = samples.toSorted((left, right) => compareAmounts(left.priceNanos, right.priceNanos))
  const [paid, heard] = [false, true].map((kind) => wholeOf(sorted.filter(({ isHeard }) => isHeard === kind)))
  const factors = factorsOf(paid ?? 0n, heard ?? 0n)
  const weightOf = ({ weight, isHeard }: PriceSample): bigint =>
    BigInt(weight) * (isHeard ? factors.heard : factors.paid)
  const whole = sorted.reduce((sum, sample) => sum + weightOf(sample), 0n)
  let reached = 0n
  for (const sample of sorted) {
    reached += weightOf(sample)
    if (reached * BigInt(PPM) >= whole * BigInt(ppm)) return sample.priceNanos
  }
  return undefined
}

function wholeOf(samples: readonly PriceSample[]): bigint {
  return samples.reduce((sum, { weight }) => sum + BigInt(weight), 0n)
}

/** By what weights are multiplied so that the whole of what was heard is within its share. */
function factorsOf(paid: bigint, heard: bigint): { readonly paid: bigint; readonly heard: bigint } {
  const isWithin = paid === 0n || heard * PAID_OVER_HEARD <= paid
  return isWithin ? { paid: 1n, heard: 1n } : { paid: heard * PAID_OVER_HEARD, heard: paid }
}

/**
 * A reserve price that nine in ten of the prices would have met, raised by `headroomPpm` and by a rising trend, a quarter at most, rounded up.
 * `undefined` with fewer than `PRICES_FOR_SUGGESTION` prices that were paid.
 */
export function suggestReservePrice(
  history: PriceHistory,
  of: Pick<KnownPrice, 'skill' | 'currency'>,
  headroomPpm: number,
): Amount | undefined {
  const samples = findSeries(history, of)?.samples ?? []
  const price = weightedQuantile(samples, RESERVE_QUANTILE_PPM)
  const paid = paidOf(samples)
  if (price === undefined || paid.length < PRICES_FOR_SUGGESTION) return undefined
  const factor = BigInt(PPM + headroomPpm + Math.max(0, Math.min(TREND_PPM_MAX, trendOf(paid))))
  const raised = (price * factor + BigInt(PPM - 1)) / BigInt(PPM)
  return (raised > AMOUNT_MAX ? AMOUNT_MAX : raised) as Amount
}

function paidOf(samples: readonly PriceSample[]): readonly PriceSample[] {
  return samples.filter(({ isHeard }) => !isHeard)
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

function findSeries({ series }: PriceHistory, of: Pick<KnownPrice, 'skill' | 'currency'>): PriceSeries | undefined {
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
