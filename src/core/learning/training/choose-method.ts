/** What cross-validation measured of one way of training. */
export type MethodFigures = {
  readonly name: string
  /** Mean log loss per row by calibrated chances of held-out rows, over the rows that all methods were judged on; NaN elsewhere. */
  readonly rowLosses: Float64Array
  /** Cost, as a share of the best single model's, at 95 % of its quality; `undefined` where rows do not show costs and outcomes of all models. */
  readonly costAtQuality: number | undefined
  /** Area under the curve of recovered quality; `undefined` without a pair. */
  readonly recovered: number | undefined
}

/**
 * The best method: the least log loss, and of all that are within one standard error of it (paired, over rows) the one that recovers most
 * with a pair, else the one that costs least at 95 % of the best quality, else the first. Put simpler methods first.
 *
 * @returns The place of the method. @see Breiman and others (1984), section 3.4.3, on the one-standard-error rule.
 */
export function chooseMethod(methods: readonly MethodFigures[]): number {
  const means = methods.map(({ rowLosses }) => meanOf(rowLosses))
  const best = means.reduce(
    (least, mean, place) => (mean < (means[least] ?? Number.POSITIVE_INFINITY) ? place : least),
    0,
  )
  const equals = methods.flatMap((method, place) => {
    const other = methods[best]?.rowLosses ?? method.rowLosses
    const { mean, error } = differenceOf(method.rowLosses, other)
    return place === best || mean <= error ? [place] : []
  })
  const [first = best] = equals.toSorted((a, b) => preferenceOf(methods[a], methods[b]) || a - b)
  return first
}

/** Below 0: the first is to be preferred. Differences that no sample of this size shows are none. */
function preferenceOf(a: MethodFigures | undefined, b: MethodFigures | undefined): number {
  const gained = roundTo3(b?.recovered ?? 0) - roundTo3(a?.recovered ?? 0)
  if (gained !== 0) return gained
  // A method that does not reach the quality has no cost at it, and is the last.
  return roundTo3(a?.costAtQuality ?? 2) - roundTo3(b?.costAtQuality ?? 2)
}

function roundTo3(value: number): number {
  return Math.round(value * 1000) / 1000
}

export function meanOf(losses: Float64Array): number {
  let sum = 0
  let count = 0
  for (const loss of losses) {
    if (Number.isNaN(loss)) continue
    sum += loss
    count += 1
  }
  return sum / count
}

function differenceOf(a: Float64Array, b: Float64Array): { readonly mean: number; readonly error: number } {
  const differences = a.map((loss, row) => loss - (b[row] ?? Number.NaN))
  const mean = meanOf(differences)
  let squares = 0
  let count = 0
  for (const difference of differences) {
    if (Number.isNaN(difference)) continue
    squares += (difference - mean) * (difference - mean)
    count += 1
  }
  return { mean, error: count > 1 ? Math.sqrt(squares / (count * (count - 1))) : 0 }
}
