import { CodedError } from '../../base/errors.ts'
import { PROMPT_FEATURES, createFeatureExtractor } from '../../core/policy/prompt-features.ts'
import { writeHashedWords } from '../../core/policy/encode-features.ts'
import { quantileTarget, USD_UNITS } from '../../core/policy/quantile-models.ts'
import { NEIGHBOUR_DIMS, createNeighbourEmbedder } from '../../core/policy/neighbour-model.ts'
import { WORDS_MAX } from '../../core/policy/scan-prompt.ts'
import type { PreparedRow } from '../../core/learning/input-matrix.ts'
import { BUCKET_BITS } from '../../core/learning/fit-heads.ts'
import type { LoggedTask } from '../../core/learning/logged-task.ts'
import { foldKeyOf } from '../../core/learning/training/fold-key.ts'
import { outcomeWeight, settleWeights, type SettledWeights } from '../../core/learning/training/outcome-weight.ts'
import type { LinearTrainer, PolicyKernel } from '../../ports/policy-kernel.ts'
import { GrowingColumn } from './growing-column.ts'

/** Up to so many rows the exact solver is tried as well; it keeps rows unpacked. */
export const EXACT_ROWS_MAX = 10_000
/** Models that rows may name, those left out later included. */
export const MODELS_MAX = 256
/** Outcomes that a model needs to be learned. */
export const OUTCOMES_MIN = 20
const BUCKET_BITS_MAX = 20
/** Leaves of a template tree at most. */
export const TEMPLATES_MAX = 4

/** Everything that is known of one candidate, by row number; NaN where it is not. */
export type CandidateColumns = {
  readonly name: string
  readonly success: Float32Array
  /** How much the outcome counts; 0 where there is none. Mean 1 over the others. */
  readonly weights: Float32Array
  readonly settled: SettledWeights
  /** Dollars. */
  readonly usd: Float32Array
  /** log(1 + dollars * 10^6) and log(1 + ms). */
  readonly logUsd: Float32Array
  readonly logLatency: Float32Array
}

/** Rows as they were read, encoded: 32-bit features and hashed words in the kernel's memory, outcomes in columns. */
export type TrainingSet = {
  /** Dense places: raw prompt features first; the rest is written when the recipe is known. */
  readonly trainer: LinearTrainer
  readonly rowCount: number
  readonly bucketBits: number
  readonly candidates: readonly CandidateColumns[]
  /** Models with too few outcomes to be learned. */
  readonly leftOut: readonly string[]
  /** Rows without text and without features of this version, which nothing can be learned from. */
  readonly unreadableRows: number
  /** A number per row by its task's hash. */
  readonly keys: Uint32Array
  /** 1: the text was there. */
  readonly hasText: Uint8Array
  readonly codes: Int8Array
  readonly scales: Float32Array
  /** The rows once more for the exact solver; `undefined` when there are too many. */
  readonly prepared: readonly PreparedRow[] | undefined
}

/** How `TrainingSetBuilder` encodes rows as they are read. */
export type TrainingSetInit = {
  readonly kernel: Pick<PolicyKernel, 'createTrainer'>
  /** Words and pairs of words are hashed into 2^bits buckets, 12 to 20. */
  readonly bucketBits: number
  /** Of the folds. */
  readonly seed: number
}

/** Encodes tasks as they come; nothing of a task is kept but numbers. */
export class TrainingSetBuilder {
  readonly #init: TrainingSetInit
  readonly #trainer: LinearTrainer
  readonly #extractor = createFeatureExtractor()
  readonly #embedder = createNeighbourEmbedder()
  readonly #pairs = { indices: new Uint32Array(2 * WORDS_MAX), values: new Float64Array(2 * WORDS_MAX) }
  readonly #dense: Float64Array
  readonly #columns = new Map<string, OpenColumns>()
  readonly #keys = new GrowingColumn(Uint32Array, 1)
  readonly #hasText = new GrowingColumn(Uint8Array, 1)
  readonly #codes = new GrowingColumn(Int8Array, NEIGHBOUR_DIMS)
  readonly #scales = new GrowingColumn(Float32Array, 1)
  #prepared: PreparedRow[] | undefined = []
  #rowCount = 0
  #unreadableRows = 0

  /** Throws `RangeError` for a number of buckets that is out of range. */
  constructor(init: TrainingSetInit) {
    const { bucketBits } = init
    if (!Number.isInteger(bucketBits) || bucketBits < BUCKET_BITS || bucketBits > BUCKET_BITS_MAX)
      throw new RangeError(`bucketBits must be ${BUCKET_BITS} to ${BUCKET_BITS_MAX}, not ${bucketBits}`)
    this.#init = init
    const denseCount = PROMPT_FEATURES.length + 1 + TEMPLATES_MAX
    this.#trainer = init.kernel.createTrainer({ denseCount, sparseCount: 1 << init.bucketBits })
    this.#dense = new Float64Array(denseCount)
  }

  get rowCount(): number {
    return this.#rowCount
  }

  /** Throws `TRAINING_DATA_INVALID` for more models than can be, and `TRAINING_DATA_TOO_LARGE` when the kernel's memory is full. */
  add(task: LoggedTask): void {
    if (!this.#encode(task)) {
      this.#unreadableRows += 1
      return
    }
    const row = this.#rowCount
    this.#rowCount += 1
    this.#keys.set(row, foldKeyOf(task.taskHash, this.#init.seed))
    this.#hasText.set(row, task.prompt === undefined ? 0 : 1)
    for (const [model, outcome] of task.observed) {
      const columns = this.#columnsOf(model)
      columns.success.set(row, outcome.success)
      columns.weights.set(row, outcomeWeight(task, model, outcome))
      if (outcome.costUsd !== undefined) columns.usd.set(row, outcome.costUsd)
      if (outcome.latencyMs !== undefined) columns.logLatency.set(row, quantileTarget(outcome.latencyMs, 1))
    }
  }

  /** The set; nothing may be added afterwards. Throws `TRAINING_DATA_INVALID` when no model has enough outcomes. */
  finish(): TrainingSet {
    const count = this.#rowCount
    const all = [...this.#columns].toSorted(([a], [b]) => (a < b ? -1 : 1))
    const closed = all.map(([name, columns]) => closeColumns(name, columns, count))
    const candidates = closed.filter(({ settled }) => settled.count >= OUTCOMES_MIN)
    if (candidates.length === 0) {
      throw new CodedError('TRAINING_DATA_INVALID', {
        message: `Training needs ${OUTCOMES_MIN} tasks with the outcome of one model; ${count} tasks were read, ${this.#unreadableRows} without text or features`,
        details: { rows: count, unreadableRows: this.#unreadableRows },
      })
    }
    return {
      trainer: this.#trainer,
      rowCount: count,
      bucketBits: this.#init.bucketBits,
      candidates,
      leftOut: closed.flatMap(({ name, settled }) => (settled.count >= OUTCOMES_MIN ? [] : [name])),
      unreadableRows: this.#unreadableRows,
      keys: this.#keys.cut(count),
      hasText: this.#hasText.cut(count),
      codes: this.#codes.cut(count),
      scales: this.#scales.cut(count),
      prepared: this.#prepared,
    }
  }

  /** Writes the row's features; false when there are none. */
  #encode({ prompt, features }: LoggedTask): boolean {
    const row = this.#rowCount
    if (prompt === undefined && features?.length !== PROMPT_FEATURES.length) return false
    let pairCount = 0
    let raw = features
    if (prompt !== undefined) {
      const extracted = this.#extractor.extract(prompt)
      raw = extracted.dense
      pairCount = writeHashedWords(extracted.scan, this.#init.bucketBits, this.#pairs)
      this.#scales.set(row, this.#embedder.embed(prompt, this.#codes.room(row), row * NEIGHBOUR_DIMS))
    } else this.#codes.room(row)
    this.#dense.fill(0)
    this.#dense.set(raw ?? [])
    this.#append(pairCount)
    this.#prepare(prompt === undefined ? undefined : pairCount)
    return true
  }

  #append(pairCount: number): void {
    try {
      this.#trainer.rows.append({ dense: this.#dense, ...this.#pairs, pairCount })
    } catch (error: unknown) {
      throw new CodedError('TRAINING_DATA_TOO_LARGE', {
        message: `The rows do not fit into the kernel's memory: ${this.#rowCount} rows took ${this.#trainer.rows.bytes} bytes`,
        cause: error,
        details: { rows: this.#rowCount, bytes: this.#trainer.rows.bytes },
      })
    }
  }

  #prepare(pairCount: number | undefined): void {
    if (this.#rowCount >= EXACT_ROWS_MAX) this.#prepared = undefined
    if (this.#prepared === undefined) return
    // Buckets are the high bits of a hash, so those of fewer buckets are a shift away.
    const shift = this.#init.bucketBits - BUCKET_BITS
    const count = pairCount ?? 0
    this.#prepared.push({
      raw: this.#dense.slice(0, PROMPT_FEATURES.length),
      buckets: this.#pairs.indices.slice(0, count).map((index) => index >>> shift),
      bucketValue: count > 0 ? (this.#pairs.values[0] ?? 0) : 0,
      answer: undefined,
    })
  }

  #columnsOf(model: string): OpenColumns {
    const known = this.#columns.get(model)
    if (known !== undefined) return known
    if (this.#columns.size === MODELS_MAX) {
      throw new CodedError('TRAINING_DATA_INVALID', {
        message: `The rows name more than ${MODELS_MAX} models`,
        details: { models: MODELS_MAX },
      })
    }
    const column = (): GrowingColumn<Float32Array<ArrayBuffer>> => new GrowingColumn(Float32Array, 1, Number.NaN)
    const columns = { success: column(), weights: column(), usd: column(), logLatency: column() }
    this.#columns.set(model, columns)
    return columns
  }
}

type OpenColumns = Readonly<
  Record<'success' | 'weights' | 'usd' | 'logLatency', GrowingColumn<Float32Array<ArrayBuffer>>>
>

function closeColumns(name: string, columns: OpenColumns, count: number): CandidateColumns {
  const weights = columns.weights.cut(count)
  const usd = columns.usd.cut(count)
  return {
    name,
    success: columns.success.cut(count),
    settled: settleWeights(weights),
    weights,
    usd,
    logUsd: usd.map((value) => (Number.isNaN(value) ? value : quantileTarget(value, USD_UNITS))),
    logLatency: columns.logLatency.cut(count),
  }
}
