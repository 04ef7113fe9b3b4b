/** What cross-validation measured of one way of training. */
export type MethodFigures = {
  readonly name: string
  /** Log loss per row by calibrated chances of held-out rows; NaN for rows that were not judged. */
  readonly rowLosses: Float64Array
  /** Cost, as a share of the best single model's, at 95 % of its quality; `undefined` where rows do not show costs and outcomes of all models. */
  readonly costAtQuality: number | undefined
  /** With a pair: what each row adds to the area under the curve of recovered quality, whose mean they are; NaN as above. */
  readonly rowGains: Float64Array | undefined
}

/**
 * The best method. The first stands until one beats it, which then stands in its place, and so on; put simpler methods first. One beats another when it
 * is better by more than two standard errors (paired, over rows) and does not cost more at 95 % of the best quality:
 * with a pair, better is a larger area under the curve of recovered quality, without one a smaller log loss.
 *
 * A difference that these rows cannot show is no reason for a larger model: the best of a dozen looks better than it is, and tasks to come are
 * further from the rows than the rows are from each other. And a smaller loss that makes dearer choices is none to a router.
 *
 * @returns The place of the method. @see Breiman and others (1984), section 3.4.3, on the rule of standard errors.
 */
export function chooseMethod(methods: readonly MethodFigures[]): number {
  const isPaired = methods.every(({ rowGains }) => rowGains !== undefined)
  const losses = methods.map(({ rowLosses, rowGains }) =>
    isPaired && rowGains !== undefined ? rowGains.map((gain) => -gain) : rowLosses,
  )
  const costOf = (place: number): number => methods[place]?.costAtQuality ?? 1
  let standing = 0
  for (const [place, loss] of losses.entries()) {
    const { mean, error } = differenceOf(loss, losses[standing] ?? loss)
    if (mean < -ERRORS * error && costOf(place) <= costOf(standing)) standing = place
  }
  return standing
}

const ERRORS = 2

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
