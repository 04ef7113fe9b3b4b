/** How far tasks may be from those that a policy has seen. */
export type NoveltyGauge = {
  /** Share of the tasks that are further away from the reference than all but `1 - level` of the reference itself. 0 for none. */
  share(features: readonly Float64Array[]): number
}

/** What usual tasks look like, without any of them: per feature its mean and variance, and how far from the middle a task may be. */
export type NoveltyLimit = {
  readonly centre: readonly number[]
  readonly variance: readonly number[]
  readonly distanceMax: number
}

/** Of the reference, this share is nearer than the limit: a tenth beyond it would be expected to be novel by chance. */
const LEVEL = 0.99
const SQUARE_MAX = 36

/**
 * Learns what usual tasks look like: mean and spread of every feature, and how far tasks usually are from the middle (the root mean square of
 * the standardised distances, each cut at 6 deviations so that one odd feature does not decide alone). Tasks beyond the 99th percentile
 * of the reference are novel.
 *
 * Throws `RangeError` for an empty reference or rows of different lengths.
 */
export function createNoveltyGauge(reference: readonly Float64Array[]): NoveltyGauge {
  const limit = noveltyLimitOf(reference)
  return {
    share: (features) =>
      features.length === 0 ? 0 : features.filter((row) => isNovel(limit, row)).length / features.length,
  }
}

/** Throws as `createNoveltyGauge`. */
export function noveltyLimitOf(reference: readonly Float64Array[]): NoveltyLimit {
  const size = reference[0]?.length
  if (size === undefined) throw new RangeError('There is no reference task to compare with')
  const centre = new Float64Array(size)
  const variance = new Float64Array(size)
  for (const row of reference) {
    if (row.length !== size) throw new RangeError(`A row has ${row.length} features, others ${size}`)
    for (let at = 0; at < size; at += 1) centre[at] = (centre[at] ?? 0) + (row[at] ?? 0) / reference.length
  }
  for (const row of reference)
    for (let at = 0; at < size; at += 1) {
      const distance = (row[at] ?? 0) - (centre[at] ?? 0)
      variance[at] = (variance[at] ?? 0) + (distance * distance) / reference.length
    }
  const middle = { centre: [...centre], variance: [...variance] }
  const distances = reference.map((row) => distanceOf(middle, row)).toSorted((a, b) => a - b)
  const distanceMax = distances[Math.min(distances.length - 1, Math.floor(LEVEL * distances.length))] ?? 0
  return { ...middle, distanceMax }
}

/** Whether a task is further away than all but a hundredth of the reference. Throws `RangeError` for a row of another length. */
export function isNovel(limit: NoveltyLimit, row: Float64Array): boolean {
  return distanceOf(limit, row) > limit.distanceMax
}

function distanceOf({ centre, variance }: Pick<NoveltyLimit, 'centre' | 'variance'>, row: Float64Array): number {
  const size = centre.length
  if (row.length !== size) throw new RangeError(`A row has ${row.length} features, the reference ${size}`)
  let sum = 0
  for (let at = 0; at < size; at += 1) {
    const distance = (row[at] ?? 0) - (centre[at] ?? 0)
    const spread = variance[at] ?? 0
    // A feature that never changed in the reference and does now is as far as it can be.
    const square = spread > 0 ? (distance * distance) / spread : Number(distance !== 0) * SQUARE_MAX
    sum += Math.min(SQUARE_MAX, square)
  }
  return size === 0 ? 0 : Math.sqrt(sum / size)
}
