import { CodedError } from '../../base/errors.ts'
import type { PolicyArtefact } from '../../core/policy/policy-artefact.ts'
import type { EncodedSet } from './encode-set.ts'
import { createExactMethods } from './exact-method.ts'
import { QUANTILES, hasEnough } from './fit-quantiles.ts'
import { GRADIENT_SETTINGS, createGradientCosts, createGradientMethod, type GradientInit } from './gradient-method.ts'
import { dealFolds, type CostMethod, type Folds, type LinearMethod, type NeighbourMethod } from './method.ts'
import { TEXTS_MIN, createNeighbourMethod } from './neighbour-method.ts'
import type { TrainingRun } from './training-run.ts'

/** Up to so many rows every method is judged on every fold; beyond, methods are told apart on one fold, and the chosen one is judged on all. */
const ALL_FOLDS_ROWS_MAX = 20_000
const SMALL_ROWS_MAX = 5000

export type TrainingWork = {
  readonly set: EncodedSet
  readonly run: TrainingRun
  readonly seed: number
  readonly folds: Folds
  /** Folds on which methods are told apart. */
  readonly selection: readonly number[]
  /** Simplest first. */
  readonly linear: readonly LinearMethod[]
  readonly neighbours: NeighbourMethod | undefined
  /** `undefined` when a candidate lacks costs. */
  readonly costs: CostMethod | undefined
  readonly hasLatency: boolean
}

export type WorkInit = {
  readonly set: EncodedSet
  readonly run: TrainingRun
  readonly seed: number
  readonly family: 'auto' | PolicyArtefact['family']
  readonly isPaired: boolean
}

/** What is to be tried on a set. Throws `TRAINING_DATA_INVALID` when the family asked for cannot be learned from it. */
export function planWork({ set, run, seed, family, isPaired }: WorkInit): TrainingWork {
  const { rowCount, candidates, prepared } = set
  const folds = dealFolds(set.keys, rowCount <= SMALL_ROWS_MAX ? 10 : 5)
  const selection = rowCount <= ALL_FOLDS_ROWS_MAX ? folds.rowsOf.map((_, fold) => fold) : [0]
  const withCosts = hasEnough(candidates.map(({ usd }) => usd))
  const epochMarks = rowCount <= ALL_FOLDS_ROWS_MAX ? [5, 20] : [2, 6]
  const gradient: GradientInit = { set, folds, run, seed, epochMarks, isLeastSquares: isPaired }
  const exact =
    prepared === undefined
      ? undefined
      : createExactMethods({ set, prepared, folds, run, withTemplates: !isPaired, withCosts })
  const texts = set.hasText.reduce((sum, flag) => sum + flag, 0)
  if (family === 'neighbours' && texts < TEXTS_MIN) {
    throw new CodedError('TRAINING_DATA_INVALID', {
      message: `Family \`neighbours\` needs ${TEXTS_MIN} tasks with their text; the rows have ${texts}`,
      details: { texts },
    })
  }
  const costs = exact?.usd ?? createGradientCosts(gradient)
  return {
    set,
    run,
    seed,
    folds,
    selection,
    linear: [
      ...(exact === undefined ? [] : [exact.success]),
      ...GRADIENT_SETTINGS.map((setting) => createGradientMethod(gradient, setting)),
    ],
    neighbours: family === 'linear' || texts < TEXTS_MIN ? undefined : createNeighbourMethod({ set, folds, run }),
    costs: withCosts ? costs : undefined,
    hasLatency: hasEnough(candidates.map(({ logLatency }) => logLatency)),
  }
}

/** Steps that a run takes, about: the chosen method is not known yet. */
export function countSteps({ set, folds, selection, linear, neighbours, costs, hasLatency }: TrainingWork): number {
  const count = set.candidates.length
  const perFold = [...linear, ...(neighbours === undefined ? [] : [neighbours])].reduce(
    (sum, { stepsPerFold }) => sum + stepsPerFold,
    0,
  )
  const costSteps = costs === undefined ? 0 : costs.stepsPerFold * (selection.length + 1)
  const quantiles = Number(hasLatency) + Number(costs !== undefined)
  return (
    perFold * selection.length +
    count * (folds.count - selection.length) +
    costSteps +
    count +
    quantiles * 2 * QUANTILES.length * count
  )
}
