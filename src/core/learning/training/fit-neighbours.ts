import { topKInt8 } from '../../kernels/flat-scan.ts'
import {
  NEIGHBOUR_DIMS,
  OUTCOME_ONE,
  OUTCOME_UNKNOWN,
  pooledOutcomes,
  type NeighbourModel,
} from '../../policy/neighbour-model.ts'

/** Most tasks that are kept as examples, and that are judged: more cost every decision, and say little more. */
export const EXAMPLES_MAX = 4096

/** Tasks with their embeddings and outcomes, from which examples are taken. */
export type NeighbourRows = {
  /** Row numbers that may be examples: those whose text is known. */
  readonly rows: Uint32Array
  /** By row number: `NEIGHBOUR_DIMS` codes each, and their scale. */
  readonly codes: Int8Array
  readonly scales: Float32Array
  /** By row number: which rows are a sample of all, lowest first. */
  readonly keys: Uint32Array
  /** Per candidate, by row number: 0 to 1, NaN unknown; and whether it counts (above 0). */
  readonly outcomes: readonly Float32Array[]
  readonly weights: readonly Float32Array[]
}

/** How many neighbours are asked, and how much the mean over all tasks weighs against them. */
export type NeighbourSetting = Pick<NeighbourModel, 'neighbourCount' | 'priorWeight'>

export const NEIGHBOUR_SETTINGS: readonly NeighbourSetting[] = [10, 30, 80].flatMap((neighbourCount) =>
  [2, 10].map((priorWeight) => ({ neighbourCount, priorWeight })),
)

/** Examples: the rows of the lowest keys, at most `EXAMPLES_MAX`, in row order. The same rows give the same examples in any order of reading. */
export function chooseExamples({ rows, keys }: Pick<NeighbourRows, 'rows' | 'keys'>): Uint32Array {
  const byKey = Array.from(rows).sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0) || a - b)
  return Uint32Array.from(byKey.slice(0, EXAMPLES_MAX)).sort()
}

/** A model of these examples, not yet calibrated. */
export function gatherExamples(set: NeighbourRows, examples: Uint32Array, setting: NeighbourSetting): NeighbourModel {
  const modelCount = set.outcomes.length
  const codes = new Int8Array(examples.length * NEIGHBOUR_DIMS)
  const outcomes = new Uint8Array(examples.length * modelCount)
  for (const [place, row] of examples.entries()) {
    codes.set(set.codes.subarray(row * NEIGHBOUR_DIMS, (row + 1) * NEIGHBOUR_DIMS), place * NEIGHBOUR_DIMS)
    for (let m = 0; m < modelCount; m += 1) {
      const isKnown = (set.weights[m]?.[row] ?? 0) > 0
      outcomes[place * modelCount + m] = isKnown
        ? Math.round((set.outcomes[m]?.[row] ?? 0) * OUTCOME_ONE)
        : OUTCOME_UNKNOWN
    }
  }
  return {
    ...setting,
    count: examples.length,
    prior: Float64Array.from(set.outcomes, (column, m) => meanOutcome(column, set.weights[m], examples)),
    codes,
    scales: Float32Array.from(examples, (row) => set.scales[row] ?? 0),
    outcomes,
    calibration: Float64Array.from({ length: 2 * modelCount }, (_, place) => (place % 2 === 0 ? 4 : -2)),
  }
}

/** Half a right and half a wrong answer are added, so that a model seen once is neither sure to be right nor sure to be wrong. */
function meanOutcome(column: Float32Array, weights: Float32Array | undefined, rows: Uint32Array): number {
  let sum = 0.5
  let count = 1
  for (const row of rows) {
    if (!((weights?.[row] ?? 0) > 0)) continue
    sum += column[row] ?? 0
    count += 1
  }
  return sum / count
}

/** Raw estimates of `judged` rows from `model`: per setting, row-major [row][candidate]. One search serves all settings. */
export function estimateFromExamples(
  model: NeighbourModel,
  set: NeighbourRows,
  judged: Uint32Array,
): readonly Float64Array[] {
  const modelCount = set.outcomes.length
  const most = Math.max(...NEIGHBOUR_SETTINGS.map(({ neighbourCount }) => neighbourCount))
  const estimates = NEIGHBOUR_SETTINGS.map(() => new Float64Array(judged.length * modelCount))
  const matrix = { rows: model.codes, scales: model.scales }
  for (const [place, row] of judged.entries()) {
    const query = set.codes.subarray(row * NEIGHBOUR_DIMS, (row + 1) * NEIGHBOUR_DIMS)
    const list = topKInt8(query, matrix, Math.min(most, model.count))
    const scale = set.scales[row] ?? 0
    const cosines = list.scores.map((score) => score * scale)
    for (const [index, { neighbourCount, priorWeight }] of NEIGHBOUR_SETTINGS.entries()) {
      const found = { count: Math.min(neighbourCount, list.count), slots: list.slots, cosines }
      estimates[index]?.set(pooledOutcomes({ ...model, priorWeight }, found), place * modelCount)
    }
  }
  return estimates
}
