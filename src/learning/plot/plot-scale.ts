import { integerPower, log } from '../../base/deterministic-math.ts'
import type { PlotAxis } from './plot-init.ts'

/** Turns values of an axis into places 0 (its start) to 1 (its end), and says where it is labelled. */
export type PlotScale = {
  place(value: number): number
  readonly ticks: readonly { readonly value: number; readonly text: string }[]
}

const TICKS_WANTED = 6
const LN10 = log(10)

/** Throws `RangeError` for values that the axis cannot show. */
export function createScale(axis: PlotAxis, values: readonly number[]): PlotScale {
  let low = axis.min ?? Number.POSITIVE_INFINITY
  let high = axis.max ?? Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (!Number.isFinite(value)) throw new RangeError(`Axis "${axis.label}": ${value} is not a finite number`)
    if (axis.min === undefined && value < low) low = value
    if (axis.max === undefined && value > high) high = value
  }
  if (!(low <= high)) throw new RangeError(`Axis "${axis.label}": it would reach from ${low} to ${high}`)
  return axis.scale === 'log' ? logScale(axis, { low, high }, values) : linearScale(axis, { low, high })
}

type Reach = { readonly low: number; readonly high: number }

function linearScale(axis: PlotAxis, { low, high }: Reach): PlotScale {
  const span = high > low ? high - low : Math.abs(high) || 1
  const step = niceStep(span / TICKS_WANTED)
  const [least, largest] = axis.limits ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  // An estimate may lie beyond what it estimates can be; it is shown where it is.
  const from = Math.max(Math.min(least, low), high > low ? Math.floor(low / step) * step : low - span / 2)
  const to = Math.min(Math.max(largest, high), high > low ? Math.ceil(high / step) * step : high + span / 2)
  const start = axis.min ?? from
  const end = axis.max ?? to
  const reach = end > start ? end - start : 1
  const ticks: { value: number; text: string }[] = []
  for (let count = Math.ceil(start / step - 1e-9); count * step <= end + step * 1e-9; count += 1) {
    ticks.push({ value: count * step, text: textOf(count * step, axis, step) })
  }
  return { place: (value) => (value - start) / reach, ticks }
}

function logScale(axis: PlotAxis, { low, high }: Reach, values: readonly number[]): PlotScale {
  if (!(low > 0) || values.some((value) => value <= 0))
    throw new RangeError(`Axis "${axis.label}": a logarithmic axis needs values above 0`)
  const [start, end] = high > low ? [low, high] : [low / 2, high * 2]
  const from = log(start)
  const reach = log(end) - from
  const decades = reach / LN10
  const factors = tickFactors(decades)
  const ticks: { value: number; text: string }[] = []
  for (let power = Math.floor(from / LN10) - 1; power <= Math.ceil((from + reach) / LN10); power += 1) {
    for (const factor of factors) {
      const value = factor * powerOfTen(power)
      if (value >= start * (1 - 1e-9) && value <= end * (1 + 1e-9))
        ticks.push({ value, text: textOf(value, axis, powerOfTen(power)) })
    }
  }
  return { place: (value) => (log(value) - from) / reach, ticks }
}

/** Places within a decade that are labelled: fewer, the more decades there are. */
function tickFactors(decades: number): readonly number[] {
  if (decades > 3.5) return [1]
  return decades > 1.5 ? [1, 3] : [1, 2, 3, 5, 7]
}

/** The least of 1, 2, 2.5 and 5 times a power of ten that is not below `wanted`. */
function niceStep(wanted: number): number {
  const unit = powerOfTen(Math.floor(log(wanted) / LN10 + 1e-9))
  const factor = [1, 2, 2.5, 5].find((candidate) => candidate * unit >= wanted * (1 - 1e-9)) ?? 10
  return factor * unit
}

function powerOfTen(power: number): number {
  return power >= 0 ? integerPower(10, power) : 1 / integerPower(10, -power)
}

function textOf(value: number, { unit }: PlotAxis, step: number): string {
  const shown = unit === 'percent' ? value * 100 : value
  const text = numberText(shown, unit === 'percent' ? step * 100 : step)
  if (unit === 'percent') return `${text} %`
  return unit === 'usd' ? `$${text}` : text
}

/** As many decimals as tell neighbours apart; powers of ten beyond a million. */
function numberText(value: number, step: number): string {
  if (value === 0) return '0'
  if (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-6)
    return value.toExponential(1).replace('.0e', 'e').replace('e+', 'e')
  let decimals = 0
  while (decimals < 9 && Math.abs(step - Number(step.toFixed(decimals))) > Math.abs(step) * 1e-6) decimals += 1
  return value.toFixed(decimals)
}
