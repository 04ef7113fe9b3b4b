/** Values of a column beside those of a label, row by row. */
export type Pairs = { readonly values: readonly number[]; readonly labels: readonly number[] }

/** Share of the rows whose value is the label, to nine digits, among those whose label is neither 0 nor 1; and how many rows these are. */
export function equalShare({ values, labels }: Pairs): { readonly share: number; readonly rows: number } {
  let rows = 0
  let equal = 0
  for (const [place, label] of labels.entries()) {
    if (label === 0 || label === 1) continue
    rows += 1
    const value = values[place] ?? 0
    if (Math.abs(value - label) <= 1e-9 * Math.max(Math.abs(value), Math.abs(label))) equal += 1
  }
  return { share: rows === 0 ? 0 : equal / rows, rows }
}

/** Pearson's correlation, -1 to 1; 0 where one side never changes. */
export function correlation({ values, labels }: Pairs): number {
  const meanValue = meanOf(values)
  const meanLabel = meanOf(labels)
  let product = 0
  let squareValue = 0
  let squareLabel = 0
  for (const [place, label] of labels.entries()) {
    const byValue = (values[place] ?? 0) - meanValue
    const byLabel = label - meanLabel
    product += byValue * byLabel
    squareValue += byValue * byValue
    squareLabel += byLabel * byLabel
  }
  if (squareValue === 0 || squareLabel === 0) return 0
  return product / Math.sqrt(squareValue * squareLabel)
}

/** Spearman's correlation: Pearson's of the ranks, equal values sharing their mean rank. Any rising function of a label has 1. */
export function rankCorrelation({ values, labels }: Pairs): number {
  return correlation({ values: ranksOf(values), labels: ranksOf(labels) })
}

/** Probability that a row of label 1 has the larger value, ties halved; `undefined` where a side has fewer than `sideMin` rows. */
export function separation({ values, labels }: Pairs, sideMin: number): number | undefined {
  const ranks = ranksOf(values)
  let ones = 0
  let sum = 0
  for (const [place, label] of labels.entries()) {
    if (label !== 1) continue
    ones += 1
    sum += ranks[place] ?? 0
  }
  const zeros = labels.length - ones
  if (ones < sideMin || zeros < sideMin) return undefined
  return (sum - (ones * (ones + 1)) / 2) / (ones * zeros)
}

export type Purity = {
  readonly share: number
  readonly majority: number
  /** How many different ones there are. */
  readonly values: number
  readonly classes: number
}

/**
 * How far a class can be read off a value: the share of rows that whoever knows the most frequent class of each value would name rightly, beside the
 * share of the most frequent class of all. `undefined` where the column has more than `valuesMax` values: those are names of rows.
 */
export function purity(
  rows: readonly { readonly value: string; readonly label: string }[],
  valuesMax: number,
): Purity | undefined {
  if (rows.length === 0) return undefined
  const counts = new Map<string, Map<string, number>>()
  const all = new Map<string, number>()
  for (const { value, label } of rows) {
    const ofValue = counts.get(value) ?? new Map<string, number>()
    if (!counts.has(value)) {
      if (counts.size === valuesMax) return undefined
      counts.set(value, ofValue)
    }
    ofValue.set(label, (ofValue.get(label) ?? 0) + 1)
    all.set(label, (all.get(label) ?? 0) + 1)
  }
  let right = 0
  for (const ofValue of counts.values()) right += Math.max(...ofValue.values())
  const majority = Math.max(...all.values()) / rows.length
  return { share: right / rows.length, majority, values: counts.size, classes: all.size }
}

function ranksOf(values: readonly number[]): readonly number[] {
  const order = values.map((_, place) => place).toSorted((a, b) => (values[a] ?? 0) - (values[b] ?? 0))
  const ranks = Array.from({ length: values.length }, () => 0)
  for (let from = 0; from < order.length;) {
    let to = from + 1
    while (to < order.length && values[order[to] ?? 0] === values[order[from] ?? 0]) to += 1
    for (let place = from; place < to; place += 1) ranks[order[place] ?? 0] = (from + to + 1) / 2
    from = to
  }
  return ranks
}

function meanOf(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return values.length === 0 ? 0 : sum / values.length
}
