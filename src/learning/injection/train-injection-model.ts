import { sigmoid } from '../../base/deterministic-math.ts'
import { CodedError } from '../../base/errors.ts'
import { thresholdAt } from '../../core/injection/choose-threshold.ts'
import type { PassageHasher } from '../../core/injection/encode-passage.ts'
import { INJECTION_FEATURES } from '../../core/injection/injection-features.ts'
import { INJECTION_BUCKET_BITS, type InjectionModel } from '../../core/injection/injection-model.ts'
import type { LinearModel } from '../../core/kernels/linear-model.ts'
import type { TrainedWeights } from '../../core/kernels/train-linear.ts'
import type { PolicyKernel } from '../../ports/policy-kernel.ts'
import { isOfFamily, type InjectionFamily, type InjectionFile, type InjectionRow } from './injection-rows.ts'
import { FOLDS, PassageSet, type FitFeatures } from './passage-set.ts'
import { directPassages, embeddedPassages, type TrainingText, type TrainingTexts } from './training-passages.ts'

export type InjectionTrainingComponents = {
  readonly kernel: Pick<PolicyKernel, 'createTrainer'>
  /** Of `INJECTION_HASH_RECIPE`. */
  readonly hasher: PassageHasher
}

export type InjectionTrainingInit = {
  readonly files: readonly InjectionFile[]
  readonly leaveOut?: InjectionFamily
  /** Whether the rules count; without them only to say what they add. */
  readonly features?: FitFeatures
  readonly signal?: AbortSignal
  /** Told after each of `TRAINING_STEPS`. */
  readonly onStep?: (step: number) => void
}

export const TRAINING_STEPS: number = 2 * (FOLDS + 1)

/**
 * False alarms that the thresholds allow among unseen training rows: of texts that look like attacks, of the operator's ordinary tasks, and of the
 * package's own, which are few and hard.
 */
const ALARMS_ALLOWED = [
  ['harmless', 0.009],
  ['ordinary', 0.004],
  ['everyday', 0.04],
] as const

/**
 * Trains both channels and fixes their thresholds on scores of rows by models that had not seen them. Throws `TRAINING_DATA_INVALID` when attacks or
 * harmless texts are missing, and the signal's reason.
 */
export async function trainInjectionModel(
  components: InjectionTrainingComponents,
  init: InjectionTrainingInit,
): Promise<InjectionModel> {
  const { files, leaveOut, features = 'all' } = init
  const rows = files.flatMap(({ rows: found }) => found).filter((row) => !isOfFamily(row, leaveOut))
  for (const kind of ['direct', 'harmless'] as const) {
    if (!rows.some((row) => row.kind === kind))
      throw new CodedError('TRAINING_DATA_INVALID', { message: `The training files hold no ${kind} row` })
  }
  let step = 0
  const pause = async (): Promise<void> => {
    step += 1
    init.onStep?.(step)
    init.signal?.throwIfAborted()
    await Promise.resolve()
  }
  const channels = [directPassages(distinctRows(rows)), embeddedPassages(distinctRows(rows))]
  const fits: ChannelFit[] = []
  for (const texts of channels) fits.push(await fitChannel(texts, { ...components, features, pause }))
  const [direct, embedded] = fits
  if (direct === undefined || embedded === undefined) throw new RangeError('There are two channels')
  return {
    linear: joinModels([direct.weights, embedded.weights]),
    thresholds: { direct: direct.threshold, embedded: embedded.threshold },
    lineage: {
      sources: files.map(({ name, sha256, rows: found }) => ({ name, sha256, rows: found.length })),
      leftOut: leaveOut ?? null,
    },
  }
}

type ChannelFit = { readonly weights: TrainedWeights; readonly threshold: number }

async function fitChannel(
  { passages, texts }: TrainingTexts,
  {
    features,
    pause,
    ...components
  }: InjectionTrainingComponents & { readonly features: FitFeatures; readonly pause: () => Promise<void> },
): Promise<ChannelFit> {
  const set = new PassageSet(passages, components)
  try {
    const scores = await set.unseenScores(features, pause)
    const weights = set.fitAll(features)
    await pause()
    return { weights, threshold: sigmoid(thresholdOf(texts, scores)) }
  } finally {
    set.release()
  }
}

/** The lowest log odds that keep every one of `ALARMS_ALLOWED`; a text is as suspicious as its worst passage. */
function thresholdOf(texts: readonly TrainingText[], scores: Float64Array): number {
  let threshold = Number.NEGATIVE_INFINITY
  for (const [kind, share] of ALARMS_ALLOWED) {
    const worst = texts
      .filter((text) => text.kind === kind)
      .map(({ places }) => Math.max(...places.map((at) => scores[at] ?? 0)))
    if (worst.length > 0) threshold = Math.max(threshold, thresholdAt(worst, share))
  }
  return threshold
}

/** Equal texts count once; the first says what they are. */
function distinctRows(rows: readonly InjectionRow[]): readonly InjectionRow[] {
  const byText = new Map<string, InjectionRow>()
  for (const row of rows) if (!byText.has(row.text)) byText.set(row.text, row)
  return [...byText.values()].toSorted((one, other) => (one.text < other.text ? -1 : 1))
}

function joinModels(columns: readonly TrainedWeights[]): LinearModel {
  const modelCount = columns.length
  const denseCount = INJECTION_FEATURES.length
  const sparseCount = 1 << INJECTION_BUCKET_BITS
  const sparse = new Float32Array(modelCount * sparseCount)
  const dense = new Float32Array(modelCount * denseCount)
  for (const [m, column] of columns.entries()) {
    dense.set(column.dense.subarray(0, denseCount), m * denseCount)
    for (let index = 0; index < sparseCount; index += 1) sparse[index * modelCount + m] = column.sparse[index] ?? 0
  }
  return {
    modelCount,
    denseCount,
    sparseCount,
    sparseLayout: 'by-index',
    bias: Float32Array.from(columns, ({ bias }) => bias),
    dense,
    sparse,
    calibration: Float64Array.from({ length: 2 * modelCount }, (_, place) => (place % 2 === 0 ? 1 : 0)),
  }
}
