/** Log odds above the highest score of a harmless text, where none of them may be taken for an injection. */
const MARGIN = 0.1

/**
 * The lowest threshold at which at most `share` of harmless texts score as high.
 *
 * @param logOdds  Scores of harmless texts by a model that had not seen them; at least one.
 * @param share  Of false alarms, 0 to 1.
 */
export function thresholdAt(logOdds: readonly number[], share: number): number {
  const falling = logOdds.toSorted((one, other) => other - one)
  const allowed = Math.min(falling.length - 1, Math.floor(share * falling.length))
  const first = falling[allowed]
  if (first === undefined) throw new RangeError('A threshold needs at least one harmless text')
  const last = falling[allowed - 1]
  return last === undefined || last === first ? first + MARGIN : (first + last) / 2
}
