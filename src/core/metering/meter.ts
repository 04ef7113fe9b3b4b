import { AMOUNT_MAX, type Amount, amountFromNanos } from '../../base/money.ts'
import { type DurationMs, type Timestamp, timestampFromMs } from '../../base/time.ts'
import type { ContractId } from '../evidence/names.ts'
import type { MeteringRefusalCode } from './metering-refusals.ts'

/** Units of one meter at most. */
export const METER_UNITS_MAX = 32

/** What was used since the start of a contract: cumulative, so that a lost reading loses nothing and the last one can be claimed by itself. */
export type MeterSnapshot = {
  readonly contract: ContractId
  /** From 0, without gaps. */
  readonly seq: number
  readonly at: Timestamp
  /** By unit, a word such as `tokens.out`; whole, 0 or more. */
  readonly counts: ReadonlyMap<string, bigint>
}

/** `nanos` for every `per` of a unit; `per` is 1 or more. */
export type UnitPrice = { readonly nanos: Amount; readonly per: bigint }
export type PriceList = ReadonlyMap<string, UnitPrice>

export type RatedLine = { readonly unit: string; readonly quantity: bigint; readonly nanos: Amount }

export type RatedUsage = {
  /** By unit ascending. */
  readonly lines: readonly RatedLine[]
  readonly totalNanos: Amount
}

export type Rating =
  | ({ readonly kind: 'rated' } & RatedUsage)
  | { readonly kind: 'refused'; readonly code: MeteringRefusalCode }

/** Whether `next` may follow `last`; `undefined` when it may. Nothing precedes the first reading, which has the number 0. */
export function refuseSnapshot(last: MeterSnapshot | undefined, next: MeterSnapshot): MeteringRefusalCode | undefined {
  if (next.counts.size > METER_UNITS_MAX) return 'METER_UNITS_MANY'
  for (const count of next.counts.values()) if (count < 0n) return 'METER_COUNT_BACK'
  if (last === undefined) return next.seq === 0 ? undefined : 'METER_SEQUENCE_WRONG'
  if (next.contract !== last.contract) return 'METER_CONTRACT_WRONG'
  if (next.seq !== last.seq + 1) return 'METER_SEQUENCE_WRONG'
  if (next.at < last.at) return 'METER_TIME_BACK'
  for (const [unit, count] of last.counts) if ((next.counts.get(unit) ?? -1n) < count) return 'METER_COUNT_BACK'
  return undefined
}

/**
 * What a reading costs since the start of the contract: per unit `floor(quantity * nanos / per)`, rounded down once on the cumulative count, so that many small
 * readings cost what one large one does.
 */
export function rateSnapshot(counts: MeterSnapshot['counts'], prices: PriceList): Rating {
  const lines: RatedLine[] = []
  let total = 0n
  for (const unit of [...counts.keys()].sort()) {
    const price = prices.get(unit)
    const quantity = counts.get(unit) ?? 0n
    if (price === undefined) return { kind: 'refused', code: 'METER_UNIT_UNPRICED' }
    const nanos = (quantity * price.nanos) / price.per
    total += nanos
    if (total > AMOUNT_MAX) return { kind: 'refused', code: 'METER_AMOUNT_LARGE' }
    lines.push({ unit, quantity, nanos: amountFromNanos(nanos) })
  }
  return { kind: 'rated', lines, totalNanos: amountFromNanos(total) }
}

/** What was used between two readings of one contract: the differences of quantities and of rated amounts, so that periods sum to the whole. */
export function rateBetween(
  { from, to }: { readonly from: MeterSnapshot | undefined; readonly to: MeterSnapshot },
  prices: PriceList,
): Rating {
  const before = rateSnapshot(from?.counts ?? new Map(), prices)
  const after = rateSnapshot(to.counts, prices)
  if (before.kind === 'refused') return before
  if (after.kind === 'refused') return after
  const lines: RatedLine[] = []
  for (const { unit, quantity, nanos } of after.lines) {
    const start = before.lines.find((line) => line.unit === unit)
    const used = quantity - (start?.quantity ?? 0n)
    const cost = nanos - (start?.nanos ?? 0n)
    if (used < 0n || cost < 0n) return { kind: 'refused', code: 'METER_COUNT_BACK' }
    lines.push({ unit, quantity: used, nanos: amountFromNanos(cost) })
  }
  return { kind: 'rated', lines, totalNanos: amountFromNanos(after.totalNanos - before.totalNanos) }
}

export type StopInit = {
  /** What is held for the contract. */
  readonly holdNanos: Amount
  /** Rated so far, by a reading at `at`. */
  readonly ratedNanos: Amount
  readonly at: Timestamp
  /** The most that the work can cost in one second. */
  readonly perSecondNanos: Amount
  /** From the decision to stop until nothing is used any more. */
  readonly reactionMs: DurationMs
}

/**
 * When work must be told to stop, so that it has stopped before the hold is spent: a meter that only notices an empty deposit has already given work away (the
 * lesson of Akash, where leases run on until a deposit is overdrawn).
 *
 * ```text
 * at + floor((hold - rated) * 1000 / perSecond) - reaction
 * ```
 *
 * @returns The instant; `at` when it is due already; `undefined` when the work costs nothing by time.
 */
export function stopBefore({ holdNanos, ratedNanos, at, perSecondNanos, reactionMs }: StopInit): Timestamp | undefined {
  if (ratedNanos >= holdNanos) return at
  if (perSecondNanos === 0n) return undefined
  const spanMs = ((holdNanos - ratedNanos) * 1_000n) / perSecondNanos
  const capped =
    spanMs > BigInt(Number.MAX_SAFE_INTEGER) - BigInt(at) ? BigInt(Number.MAX_SAFE_INTEGER) - BigInt(at) : spanMs
  const instant = at + Number(capped) - reactionMs
  return instant > at ? timestampFromMs(instant) : at
}

/** Whether one more step, which costs `stepNanos` at most, still fits into the hold. */
export function fitsHold(
  { holdNanos, ratedNanos }: Pick<StopInit, 'holdNanos' | 'ratedNanos'>,
  stepNanos: Amount,
): boolean {
  return ratedNanos + stepNanos <= holdNanos
}
