import type { SloRules } from '../rollout-rules.ts'
import { REFERENCE_MIN, type Sample, type ServedWindow } from '../serving-record.ts'
import type { WatchScale } from './watch-points.ts'

/** Times the mean that count as 1: what is above counts as no more. */
const SCALE_TIMES = 4
/** Below this a cost is no cost, and a scale of 0 would compare nothing. */
const SCALE_USD_MIN = 0.000_001
const SCALE_MS_MIN = 20

/** Standard deviations above the incumbent's mean that count as not worse. */
const REFERENCE_DEVIATIONS = 3
/** A mean above the reference must be able to show: at least so many times the reference counts as 1. */
const REFERENCE_TIMES = 3

/** Means that the incumbent will hardly have, in units of the scale; `null` where too little is known, or where nothing can be above. */
export type WatchReference = {
  readonly quality: number | null
  readonly errors: number | null
  readonly cost: number | null
  readonly latency: number | null
}

/** What counts as 1, by the mean cost and the mean time. */
export function scaleOf({ costUsd, latencyMs }: WatchScale): WatchScale {
  return {
    costUsd: SCALE_TIMES * Math.max(costUsd, SCALE_USD_MIN),
    latencyMs: SCALE_TIMES * Math.max(latencyMs, SCALE_MS_MIN),
  }
}

/** The scale by what the incumbent did lately; `null` where too little is known. */
export function scaleOfServed({ requests, cost, latency }: ServedWindow): WatchScale | null {
  return requests < REFERENCE_MIN ? null : scaleOf({ costUsd: meanOf(cost), latencyMs: meanOf(latency) })
}

/** What the incumbent did lately, with room for chance and for what a candidate may do worse, and the scale that this is told in. */
export function referenceOf(
  { requests, bad, errors, cost, latency }: ServedWindow,
  rules: SloRules,
): { readonly reference: WatchReference; readonly scale: WatchScale } {
  const usd = upperMean(cost, { least: SCALE_USD_MIN, margin: rules.costMargin })
  const ms = upperMean(latency, { least: SCALE_MS_MIN, margin: rules.latencyMargin })
  const scale = scaleOf({ costUsd: meanOf(cost), latencyMs: meanOf(latency) })
  const wide: WatchScale = {
    costUsd: Math.max(scale.costUsd, REFERENCE_TIMES * (usd ?? 0)),
    latencyMs: Math.max(scale.latencyMs, REFERENCE_TIMES * (ms ?? 0)),
  }
  const reference = {
    quality: shareReference(bad, requests, rules.qualityMargin),
    errors: shareReference(errors, requests, rules.errorMargin),
    cost: usd === null ? null : usd / wide.costUsd,
    latency: ms === null ? null : ms / wide.latencyMs,
  }
  return { reference, scale: wide }
}

/**
 * A share that the incumbent hardly has.
 *
 * @param margin  Points that the candidate's may be above.
 */
export function shareReference(sum: number, count: number, margin: number): number | null {
  if (count < REFERENCE_MIN) return null
  const mean = sum / count
  const deviation = Math.sqrt((mean * (1 - mean) + 1 / count) / count)
  const reference = mean + REFERENCE_DEVIATIONS * deviation + margin
  return reference < 1 ? reference : null
}

/** What is above the scale counts as the scale for the candidate, and in full here: so this is never too low. */
function upperMean(
  sample: Sample,
  { least, margin }: { readonly least: number; readonly margin: number },
): number | null {
  const { count, squares } = sample
  if (count < REFERENCE_MIN) return null
  const mean = meanOf(sample)
  const deviation = Math.sqrt(Math.max(0, squares / count - mean * mean) / count)
  return (1 + margin) * Math.max(mean + REFERENCE_DEVIATIONS * deviation, least)
}

function meanOf({ count, sum }: Sample): number {
  return count === 0 ? 0 : sum / count
}
