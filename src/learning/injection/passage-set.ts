import { createRandomStream } from '../../base/random-stream.ts'
import { encodePassage, type PassageHasher } from '../../core/injection/encode-passage.ts'
import { INJECTION_FEATURES } from '../../core/injection/injection-features.ts'
import { INJECTION_BUCKET_BITS } from '../../core/injection/injection-model.ts'
import type { VisibleText } from '../../core/injection/visible-text.ts'
import type { TrainedWeights } from '../../core/kernels/train-linear.ts'
import { foldKeyOf } from '../../core/learning/training/fold-key.ts'
import type { LinearTrainer, PolicyKernel } from '../../ports/policy-kernel.ts'

/** One passage to be trained on. Passages of one `group` (a document, a row) are on the same side of every split. */
export type TrainingPassage = {
  readonly passage: VisibleText
  readonly isInjection: boolean
  readonly weight: number
  readonly group: string
}

/** Which features a fit may use: all, or the hashed n-grams alone, to say what the rules add. */
export type FitFeatures = 'all' | 'n-grams'

export const FOLDS = 5
const EPOCHS = 15
const RATE = 0.5
const DENSE_RATE = 0.1
const START = 0.1
const DENSE_PENALTY = 0.0005
/** So strong that a weight stays at nothing. */
const OFF = 1e6
/** As if so many rows had asked for a weight of 0. */
const SPARSE_PRIOR = 1
const SEED = 20
const BIAS = -2

/** Passages as rows of a trainer. */
export class PassageSet {
  readonly #trainer: LinearTrainer
  readonly #targets: Float32Array
  readonly #weights: Float32Array
  readonly #folds: Uint8Array

  constructor(
    passages: readonly TrainingPassage[],
    { kernel, hasher }: { readonly kernel: Pick<PolicyKernel, 'createTrainer'>; readonly hasher: PassageHasher },
  ) {
    this.#trainer = kernel.createTrainer({
      denseCount: INJECTION_FEATURES.length,
      sparseCount: 1 << INJECTION_BUCKET_BITS,
    })
    for (const { passage } of passages) {
      const encoded = encodePassage(passage, hasher)
      this.#trainer.rows.append({ ...encoded, pairCount: encoded.indices.length })
    }
    this.#targets = Float32Array.from(passages, ({ isInjection }) => Number(isInjection))
    this.#weights = Float32Array.from(passages, ({ weight }) => weight)
    this.#folds = Uint8Array.from(passages, ({ group }) => foldKeyOf(group, SEED) % FOLDS)
  }

  /** Log odds of every passage by a model that was trained on the other folds. `pause` is waited for after each of `FOLDS`. */
  async unseenScores(features: FitFeatures, pause: () => Promise<void>): Promise<Float64Array> {
    const scores = new Float64Array(this.#targets.length)
    const all = Uint32Array.from(this.#targets.keys())
    for (let fold = 0; fold < FOLDS; fold += 1) {
      this.#fit(
        all.filter((row) => this.#folds[row] !== fold),
        features,
      )
      const judged = all.filter((row) => this.#folds[row] === fold)
      for (const [place, score] of this.#trainer.score(judged).entries()) scores[judged[place] ?? 0] = score
      await pause()
    }
    return scores
  }

  /** Weights of a model that was trained on all passages. */
  fitAll(features: FitFeatures): TrainedWeights {
    this.#fit(Uint32Array.from(this.#targets.keys()), features)
    const { bias, dense, sparse } = this.#trainer.read()
    return { bias, dense: dense.slice(), sparse: sparse.slice() }
  }

  release(): void {
    this.#trainer.release()
  }

  /** Leaves the model in the trainer. The order of rows is seeded. */
  #fit(order: Uint32Array, features: FitFeatures): void {
    this.#trainer.begin({
      loss: 'logistic',
      rate: RATE,
      denseRate: DENSE_RATE,
      start: START,
      densePenalties: new Float32Array(INJECTION_FEATURES.length).fill(features === 'all' ? DENSE_PENALTY : OFF),
      sparsePenalty: SPARSE_PRIOR / Math.max(1, order.length),
      readsPairs: true,
      bias: BIAS,
    })
    const random = createRandomStream(SEED)
    for (let epoch = 0; epoch < EPOCHS; epoch += 1) {
      for (let last = order.length - 1; last > 0; last -= 1) {
        const other = random.nextBelow(last + 1)
        const kept = order[last] ?? 0
        order[last] = order[other] ?? 0
        order[other] = kept
      }
      this.#trainer.train({ order, targets: this.#targets, weights: this.#weights })
    }
  }
}
