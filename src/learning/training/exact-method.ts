import { ESTIMATE_START } from '../../core/learning/calibrate.ts'
import {
  BUCKET_BITS,
  densePenaltiesOf,
  fitHeads,
  linearModelOf,
  predictFold,
  type FoldedRows,
  type Targets,
} from '../../core/learning/fit-heads.ts'
import type { InputMatrix, PreparedRow } from '../../core/learning/input-matrix.ts'
import type { LinearModel } from '../../core/kernels/linear-model.ts'
import type { EncodedSet } from './encode-set.ts'
import { cutScores, uncalibrated, type CostMethod, type Folds, type LinearMethod } from './method.ts'
import { joinNumbers, type TrainingRun } from './training-run.ts'

export type ExactInit = {
  readonly set: EncodedSet
  readonly prepared: readonly PreparedRow[]
  readonly folds: Folds
  readonly run: TrainingRun
  readonly withTemplates: boolean
  /** All candidates have costs, and they are to be learned too. */
  readonly withCosts: boolean
}

/** Ridge regression over few hash buckets, solved exactly: the strongest where rows are few. Chances and costs are solved together. */
export function createExactMethods(init: ExactInit): { readonly success: LinearMethod; readonly usd: CostMethod } {
  const { set, prepared, folds, run } = init
  const targets = targetsOf(init)
  const heads = targets.success.length + targets.usd.length
  const count = targets.success.length
  const reading = { withTemplates: init.withTemplates, readsAnswers: false }
  const folded: FoldedRows = { prepared, folds: folds.of, foldCount: folds.count }
  const foldScores = keepFirst(async (fold: number) => {
    const scores = await run.step(`ridge-fold-${fold}`, async () => {
      await run.pause()
      return joinNumbers(predictFold(folded, targets, { ...reading, fold }).scores)
    })
    return cutScores(scores, 1, heads)[0] ?? []
  })
  const allWeights = keepFirst(async () => {
    const packed = await run.step('ridge-all', async () => {
      await run.pause()
      return joinNumbers(fitHeads(prepared, targets, reading).weights)
    })
    return cutScores(packed, 1, heads)[0] ?? []
  })
  return {
    success: {
      family: 'linear',
      names: ['ridge-4096'],
      start: ESTIMATE_START,
      loss: 'squared',
      densePenalties: densePenaltiesOf(set.recipe),
      stepsPerFold: 1,
      scoreFold: async (fold) => [(await foldScores(fold)).slice(0, count)],
      fitAll: async () => unpack((await allWeights(0)).slice(0, count), set.denseCount),
    },
    usd: {
      stepsPerFold: 0,
      scoreFold: async (fold) => (await foldScores(fold)).slice(count),
      fitAll: async () => unpack((await allWeights(0)).slice(count), set.denseCount),
    },
  }
}

function targetsOf({ set, withCosts }: ExactInit): Targets {
  const { candidates } = set
  return {
    success: candidates.map(({ success, weights }) =>
      Float64Array.from(success, (value, row) => ((weights[row] ?? 0) > 0 ? value : Number.NaN)),
    ),
    usd: withCosts ? candidates.map(({ usd }) => Float64Array.from(usd)) : [],
    weights: candidates.map(({ weights }) => Float64Array.from(weights)),
  }
}

/** Each argument's result is computed once. */
function keepFirst<Result>(compute: (argument: number) => Promise<Result>): (argument: number) => Promise<Result> {
  const kept = new Map<number, Promise<Result>>()
  return (argument) => {
    const known = kept.get(argument) ?? compute(argument)
    kept.set(argument, known)
    return known
  }
}

function unpack(weights: readonly Float32Array[], denseCount: number): LinearModel {
  const shape: InputMatrix = {
    rowCount: 0,
    denseCount,
    dense: new Float64Array(0),
    bucketCount: 1 << BUCKET_BITS,
    rows: [],
  }
  return linearModelOf(
    weights.map((vector) => Float64Array.from(vector)),
    shape,
    uncalibrated(weights.length),
  )
}
