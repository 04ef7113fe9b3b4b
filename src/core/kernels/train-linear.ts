import { sigmoid } from '../../base/deterministic-math.ts'
import { CHUNK_BYTES, type RowChunk, type RowLayout, type TrainingShape } from './training-rows.ts'

const round = Math.fround

/** `logistic`: targets 0 to 1, scores are log odds. `squared`: scores are means. `quantile`: scores are the quantile asked for (pinball loss). */
export type TrainingLoss = 'logistic' | 'squared' | 'quantile'

/**
 * How one linear model is trained, one row at a time. With g the slope of a row's loss by a weight w,
 *
 * ```
 * n = n + g * g        d = (start + sqrt(n)) / rate        w = (d * w - g) / (d + penalty * k)
 * ```
 *
 * with k = rows since the weight's feature was last seen, in steps of 64. Each weight so has a step of its own that shrinks with what was learnt (AdaGrad), and
 * the L2 penalty `penalty / 2 * w^2` per row costs nothing on rows without the feature. All arithmetic is 32-bit in a fixed order, so every
 * implementation gives the same bits.
 *
 * @see Duchi, Hazan and Singer (2011), sections 1.3 and 5.3; Duchi and others (2010), composite objective mirror descent
 */
export type TrainingPlan = {
  readonly loss: TrainingLoss
  /** Of loss `quantile`, between 0 and 1. */
  readonly quantile?: number
  /** Step size of a hashed feature's weight at first, above 0. */
  readonly rate: number
  /** The same of dense features and the bias. Every row has all of them, so they move together and need smaller steps. */
  readonly denseRate: number
  /** Above 0; keeps the first steps of a weight small. */
  readonly start: number
  /** Per dense feature, 0 or more, in units of the mean loss. */
  readonly densePenalties: Float32Array
  /** Of the hashed features, 0 or more. */
  readonly sparsePenalty: number
  /** False: only the dense part is trained and scored. */
  readonly readsPairs: boolean
  /** Where the bias starts: the best constant, say. Never penalised. */
  readonly bias: number
}

/** Rows to be trained on, in order, and what is known of each, by row number. */
export type TrainingPass = {
  /** Row numbers; a row may come several times. */
  readonly order: Uint32Array
  /** By row number; rows where it is NaN are passed over. */
  readonly targets: Float32Array
  /** By row number, 0 or more; rows of weight 0 are passed over. Absent: all weigh 1. */
  readonly weights?: Float32Array
}

/** Weights that training arrived at. */
export type TrainedWeights = {
  readonly bias: number
  /** `denseCount` long. */
  readonly dense: Float32Array
  /** `sparseCount` long; empty for a plan that does not read pairs. */
  readonly sparse: Float32Array
}

/** Throws `RangeError` for a plan that does not fit the rows. */
export function checkTrainingPlan(shape: TrainingShape, plan: TrainingPlan): void {
  const { quantile, rate, denseRate, start, densePenalties, sparsePenalty, bias } = plan
  if (plan.loss === 'quantile' && !(quantile !== undefined && quantile > 0 && quantile < 1))
    throw new RangeError(`The quantile must be between 0 and 1, not ${quantile}`)
  for (const positive of [rate, denseRate, start])
    if (!(positive > 0 && positive < Number.POSITIVE_INFINITY)) throw new RangeError('Rates and start must be above 0')
  if (densePenalties.length !== shape.denseCount)
    throw new RangeError(`densePenalties must be ${shape.denseCount} long, not ${densePenalties.length}`)
  if (!densePenalties.every((penalty) => penalty >= 0 && penalty < Number.POSITIVE_INFINITY))
    throw new RangeError('Penalties must be 0 or more')
  if (!(sparsePenalty >= 0 && sparsePenalty < Number.POSITIVE_INFINITY) || !Number.isFinite(bias))
    throw new RangeError('sparsePenalty must be 0 or more, bias finite')
}

/**
 * A model in training. The table has two words per bucket: the weight, and n without the 12 low bits of its mantissa, which hold when the
 * bucket was last seen, in units of 64 rows modulo 4096.
 */
export type TrainingState = {
  readonly plan: TrainingPlan
  readonly layout: RowLayout
  readonly dense: Float32Array
  readonly denseSquares: Float32Array
  readonly densePenalties: Float32Array
  readonly table: Float32Array
  /** The table's words. */
  readonly packed: Int32Array
  readonly inverseRate: number
  readonly denseInverseRate: number
  readonly start: number
  /** Of 64 rows. */
  readonly unitPenalty: number
  readonly quantile: number
  rowsSeen: number
}

/** All weights 0 but the bias. */
export function createTrainingState(shape: TrainingShape, layout: RowLayout, plan: TrainingPlan): TrainingState {
  const dense = new Float32Array(layout.denseWidth)
  dense[shape.denseCount] = plan.bias
  const densePenalties = new Float32Array(layout.denseWidth)
  densePenalties.set(plan.densePenalties)
  const table = new Float32Array((shape.sparseCount + 1) * 2)
  return {
    plan,
    layout,
    dense,
    denseSquares: new Float32Array(layout.denseWidth),
    densePenalties,
    table,
    packed: new Int32Array(table.buffer),
    inverseRate: round(1 / plan.rate),
    denseInverseRate: round(1 / plan.denseRate),
    start: round(plan.start),
    unitPenalty: round(round(plan.sparsePenalty) * (1 << UNIT_BITS)),
    quantile: round(plan.quantile ?? 0.5),
    rowsSeen: 0,
  }
}

/** Addresses of rows in order, and the targets and weights of the same. */
export type PlacedPass = {
  readonly addresses: Uint32Array
  readonly targets: Float32Array
  readonly weights: Float32Array
}

/** Plain TypeScript twin of the training kernel: one step per row address, in order. Returns how many rows had a target and a weight. */
export function trainRows(
  state: TrainingState,
  chunks: readonly RowChunk[],
  { addresses, targets, weights }: PlacedPass,
): number {
  const { layout, plan } = state
  let used = 0
  for (let place = 0; place < addresses.length; place += 1) {
    const address = addresses[place] ?? 0
    const chunk = chunks[Math.floor(address / CHUNK_BYTES)]
    const target = targets[place] ?? Number.NaN
    const weight = weights[place] ?? 0
    if (chunk === undefined || Number.isNaN(target) || weight === 0) continue
    const from = (address % CHUNK_BYTES) / 4
    const gradient = round(slopeOf(state, scoreRow(state, chunk, from), target) * weight)
    state.rowsSeen += 1
    stepDense(state, chunk.floats, { from: from + layout.denseAt / 4, gradient })
    if (plan.readsPairs) {
      stepPairs(state, chunk, { from, gradient })
      if ((state.rowsSeen & SETTLE_MASK) === 0) settleWeights(state)
    }
    used += 1
  }
  return used
}

/** Writes a column in the order of a pass; ones where there is no column. Throws `RangeError` for a column that is shorter than the rows. */
export function gatherColumn(
  column: Float32Array | undefined,
  { order, rowCount }: { readonly order: Uint32Array; readonly rowCount: number },
  out: Float32Array,
): void {
  if (column === undefined) {
    out.fill(1, 0, order.length)
    return
  }
  if (column.length < rowCount) throw new RangeError(`A column has one number for each of ${rowCount} rows`)
  for (let place = 0; place < order.length; place += 1) out[place] = column[order[place] ?? 0] ?? Number.NaN
}

/** Raw scores of rows, in the order given. */
export function scoreRows(state: TrainingState, chunks: readonly RowChunk[], addresses: Uint32Array): Float64Array {
  return Float64Array.from(addresses, (address) => {
    const chunk = chunks[Math.floor(address / CHUNK_BYTES)]
    return chunk === undefined ? Number.NaN : scoreRow(state, chunk, (address % CHUNK_BYTES) / 4)
  })
}

/** log2 of rows per unit of time. */
const UNIT_BITS = 6
const UNIT_MASK = 0xfff
/** Units are told apart modulo 4096: what was not seen for half of that is brought up to date. */
const SETTLE_MASK = (2048 << UNIT_BITS) - 1

/** Applies what the penalty still owes to coordinates that were not seen of late. */
export function settleWeights({ table, packed, start, inverseRate, unitPenalty, rowsSeen }: TrainingState): void {
  const now = (rowsSeen >> UNIT_BITS) & UNIT_MASK
  for (let at = 0; at < table.length - 2; at += 2) {
    const weight = table[at] ?? 0
    const word = packed[at + 1] ?? 0
    if (weight !== 0) {
      packed[at + 1] = word & ~UNIT_MASK
      const d = round(round(start + round(Math.sqrt(table[at + 1] ?? 0))) * inverseRate)
      table[at] = round(round(d * weight) / round(d + round(unitPenalty * ((now - word) & UNIT_MASK))))
    }
    packed[at + 1] = (word & ~UNIT_MASK) | now
  }
}

/** Sums run in four lanes, one per place modulo 4, folded as (0 + 2) + (1 + 3). */
function scoreRow({ layout, dense, table, plan }: TrainingState, { floats, words }: RowChunk, from: number): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  const denseAt = from + layout.denseAt / 4
  for (let j = 0; j < dense.length; j += 4) {
    s0 = round(s0 + round((dense[j] ?? 0) * (floats[denseAt + j] ?? 0)))
    s1 = round(s1 + round((dense[j + 1] ?? 0) * (floats[denseAt + j + 1] ?? 0)))
    s2 = round(s2 + round((dense[j + 2] ?? 0) * (floats[denseAt + j + 2] ?? 0)))
    s3 = round(s3 + round((dense[j + 3] ?? 0) * (floats[denseAt + j + 3] ?? 0)))
  }
  const pairsAt = from + layout.pairsAt / 4
  const end = plan.readsPairs ? pairsAt + (words[from] ?? 0) * 8 : pairsAt
  for (let at = pairsAt; at < end; at += 8) {
    s0 = round(s0 + round((table[(words[at] ?? 0) * 2] ?? 0) * (floats[at + 4] ?? 0)))
    s1 = round(s1 + round((table[(words[at + 1] ?? 0) * 2] ?? 0) * (floats[at + 5] ?? 0)))
    s2 = round(s2 + round((table[(words[at + 2] ?? 0) * 2] ?? 0) * (floats[at + 6] ?? 0)))
    s3 = round(s3 + round((table[(words[at + 3] ?? 0) * 2] ?? 0) * (floats[at + 7] ?? 0)))
  }
  return round(round(s0 + s2) + round(s1 + s3))
}

function slopeOf({ plan, quantile }: TrainingState, score: number, target: number): number {
  if (plan.loss === 'logistic') return sigmoid(score) - target
  if (plan.loss === 'squared') return score - target
  return score < target ? -quantile : 1 - quantile
}

type Step = { readonly from: number; readonly gradient: number }

function stepDense(state: TrainingState, floats: Float32Array, { from, gradient }: Step): void {
  const { dense, denseSquares, densePenalties, start, denseInverseRate } = state
  for (let j = 0; j < dense.length; j += 1) {
    const g = round(gradient * (floats[from + j] ?? 0))
    const n = round((denseSquares[j] ?? 0) + round(g * g))
    const d = round(round(start + round(Math.sqrt(n))) * denseInverseRate)
    denseSquares[j] = n
    dense[j] = round(round(round(d * (dense[j] ?? 0)) - g) / round(d + (densePenalties[j] ?? 0)))
  }
}

function stepPairs(state: TrainingState, { floats, words }: RowChunk, { from, gradient }: Step): void {
  const { table, packed, start, inverseRate, unitPenalty, rowsSeen, layout } = state
  const pairsAt = from + layout.pairsAt / 4
  const end = pairsAt + (words[from] ?? 0) * 8
  const now = (rowsSeen >> UNIT_BITS) & UNIT_MASK
  for (let group = pairsAt; group < end; group += 8) {
    for (let i = group; i < group + 4; i += 1) {
      const at = (words[i] ?? 0) * 2
      const word = packed[at + 1] ?? 0
      const g = round(gradient * (floats[i + 4] ?? 0))
      packed[at + 1] = word & ~UNIT_MASK
      const n = round((table[at + 1] ?? 0) + round(g * g))
      const d = round(round(start + round(Math.sqrt(n))) * inverseRate)
      const pull = round(unitPenalty * ((now - word) & UNIT_MASK))
      table[at] = round(round(round(d * (table[at] ?? 0)) - g) / round(d + pull))
      table[at + 1] = n
      // Rounded to the bits that are kept.
      packed[at + 1] = (((packed[at + 1] ?? 0) + ((UNIT_MASK + 1) >> 1)) & ~UNIT_MASK) | now
    }
  }
}
