import { writePromptInput } from '../../policy/encode-features.ts'
import { FIRST_TEMPLATE_INPUT, denseInputCount, type FeatureRecipe } from '../../policy/feature-recipe.ts'
import type { LinearModel } from '../../kernels/linear-model.ts'
import type { PolicyArtefact, PolicyLineage } from '../../policy/policy-artefact.ts'
import { fitCalibration, type Calibration } from '../calibrate.ts'
import { predictedOperatingPoints } from './predicted-operating-points.ts'
import { addOutcome, createOutcomeSums, type OutcomeSums } from './outcome-statistics.ts'
import { solveCosts } from './pooled-costs.ts'
import { solvePooled, type PooledPosterior, type PooledPrior } from './pooled-posterior.ts'

export type OnlineLearnerInit = {
  /** How prompts become numbers; made from prompts alone, and held while the learner lives. */
  readonly recipe: FeatureRecipe
  /** Models to learn, in the order of the artefact. */
  readonly candidates: readonly string[]
  /** Per candidate the weights that give the documented prior of a task; `priorWeights` makes them. */
  readonly priorWeights: readonly Float64Array[]
  /** Absent: `pooledPriorOf(recipe)`. */
  readonly prior?: PooledPrior
}

/** An outcome of a model that was really called. */
export type ExecutedOutcome = {
  readonly model: string
  /** Raw prompt features in the order of `PROMPT_FEATURES`. */
  readonly features: Float64Array
  /** 0 to 1. */
  readonly success: number
  readonly costUsd: number | undefined
  /** 1 for a verified outcome, less for a doubtful one; negative takes back an outcome that was learned before. */
  readonly weight: number
}

/**
 * Learns chances and costs of models from one outcome after another. It keeps sums, not outcomes, so it costs the same after a million;
 * the same outcomes in any order give the same policy, up to rounding.
 */
export type OnlineLearner = {
  /** Sum of the weights learned. */
  readonly weight: number
  /** Learns an outcome. Throws `RangeError` for a model that is no candidate. */
  learn(outcome: ExecutedOutcome): void
  /** The policy as of now. */
  artefact(lineage: PolicyLineage): PolicyArtefact
  /** What a learner goes on from. Its arrays are the learner's own: write them down before anything else is learned. */
  state(): OnlineLearnerState
}

/** All that a learner holds beside what it was started with. */
export type OnlineLearnerState = {
  readonly weight: number
  readonly sums: OutcomeSums
  /** Per candidate the weights by which predictions are made until the next artefact. */
  readonly weights: readonly Float64Array[]
  /** Encoded inputs of recent tasks, oldest first. */
  readonly tasks: readonly Float64Array[]
  /** Recent predictions and what came of them, oldest first. */
  readonly predictions: readonly RecentPrediction[]
}

export type RecentPrediction = { readonly raw: number; readonly success: number }

/**
 * Prior variances, chosen on the first half of the seeds of the closed loop over `routerbench` and `mmlu_pro` (see the README):
 * success rates of models differ by some 0.17 around what they have in common, tasks by some 0.17 in difficulty, and models by some
 * 0.06 in what they find hard. `noise`: a right or wrong answer around its chance.
 */
const VARIANCE = { commonLevel: 0.1, commonSlope: 0.03, ownLevel: 0.03, ownSlope: 0.004, noise: 0.18 } as const

/** Predictions kept to calibrate with, and tasks kept to choose operating points on; the oldest go first. */
const RECENT_MAX = 1_000
const CALIBRATION_MIN = 200
/** Nearest to the identity between 0.2 and 0.95, where chances of models lie. */
const UNCALIBRATED: Calibration = { slope: 5, intercept: -2.5 }
const SLOPE_MIN = 2.5
const SLOPE_MAX = 10

/** The variances above, spread evenly over the inputs of a recipe that are switched on. */
export function pooledPriorOf(recipe: FeatureRecipe): PooledPrior {
  const size = denseInputCount(recipe, false)
  const slopes = 1 + recipe.scale.filter((scale) => scale > 0).length
  const spread = (level: number, slope: number): Float64Array =>
    Float64Array.from({ length: size }, (_, j) => (isLevel(j) ? level : slope / slopes))
  return {
    common: spread(VARIANCE.commonLevel, VARIANCE.commonSlope),
    own: spread(VARIANCE.ownLevel, VARIANCE.ownSlope),
    noise: VARIANCE.noise,
  }
}

/** Whether an input is the flag of a template. */
function isLevel(input: number): boolean {
  return input >= FIRST_TEMPLATE_INPUT
}

/** Starts a learner that knows nothing but the priors, or one that goes on from a state of one with the same start. */
export function createOnlineLearner(init: OnlineLearnerInit, state?: OnlineLearnerState): OnlineLearner {
  const { recipe, candidates, priorWeights } = init
  const size = denseInputCount(recipe, false)
  const prior = init.prior ?? pooledPriorOf(recipe)
  const places = new Map(candidates.map((name, place) => [name, place]))
  const sums = state?.sums ?? createOutcomeSums(candidates.length, size)
  const tasks = createRecent<Float64Array>(state?.tasks)
  const predictions = createRecent<RecentPrediction>(state?.predictions)
  let weights = state?.weights ?? priorWeights
  let weight = state?.weight ?? 0
  const solve = (): PooledPosterior => {
    const posterior = solvePooled(sums, prior)
    weights = posterior.weights.map((own, k) => own.map((value, j) => value + (priorWeights[k]?.[j] ?? 0)))
    return { ...posterior, weights }
  }
  return {
    get weight() {
      return weight
    },
    learn(outcome) {
      const candidate = places.get(outcome.model)
      if (candidate === undefined) throw new RangeError(`${outcome.model} is not among the candidates`)
      const input = new Float64Array(size)
      writePromptInput(recipe, outcome.features, input)
      addOutcome(sums, { ...outcome, candidate, input }, dot(priorWeights[candidate], input))
      weight += outcome.weight
      if (outcome.weight <= 0) return
      tasks.push(input)
      predictions.push({ raw: dot(weights[candidate], input), success: outcome.success })
    },
    state: () => ({ weight, sums, weights, tasks: tasks.inOrder(), predictions: predictions.inOrder() }),
    artefact: (lineage) => artefactOf({ init, sums, posterior: solve(), lineage, prior, tasks, predictions }),
  }
}

type Recent<Item> = {
  push(item: Item): void
  readonly items: readonly Item[]
  /** Oldest first. */
  inOrder(): readonly Item[]
}

function createRecent<Item>(start: readonly Item[] = []): Recent<Item> {
  const items = start.slice(-RECENT_MAX)
  let at = items.length % RECENT_MAX
  return {
    items,
    push(item) {
      items[at] = item
      at = (at + 1) % RECENT_MAX
    },
    inOrder: () => (items.length < RECENT_MAX ? items.slice() : [...items.slice(at), ...items.slice(0, at)]),
  }
}

type Learned = {
  readonly init: OnlineLearnerInit
  readonly sums: OutcomeSums
  readonly posterior: PooledPosterior
  readonly lineage: PolicyLineage
  readonly prior: PooledPrior
  readonly tasks: Recent<Float64Array>
  readonly predictions: Recent<RecentPrediction>
}

function artefactOf({ init, sums, posterior, lineage, prior, tasks, predictions }: Learned): PolicyArtefact {
  const { recipe, candidates } = init
  const calibration = calibrationOf(predictions.items)
  const success = denseModel(posterior.weights, calibration)
  const costs = solveCosts(sums, isLevel)
  const usd = costs === undefined ? undefined : denseModel(costs, { slope: 1, intercept: 0 })
  return {
    family: 'linear',
    recipe,
    candidates,
    success,
    ...(usd !== undefined && { usd }),
    uncertainty: {
      covariance: posterior.covariance.map((matrix) => Float32Array.from(matrix)),
      noise: Float64Array.from(candidates, () => prior.noise),
    },
    operatingPoints: usd === undefined ? [] : predictedOperatingPoints({ success, usd }, tasks.items),
    lineage,
  }
}

/** One calibration for all candidates, from predictions that were made before their outcome was known. */
function calibrationOf(predictions: Learned['predictions']['items']): Calibration {
  if (predictions.length < CALIBRATION_MIN) return UNCALIBRATED
  const { slope, intercept } = fitCalibration(
    predictions.map(({ raw }) => raw),
    predictions.map((prediction) => prediction.success),
    { start: UNCALIBRATED },
  )
  return slope >= SLOPE_MIN && slope <= SLOPE_MAX ? { slope, intercept } : UNCALIBRATED
}

function denseModel(weights: readonly Float64Array[], { slope, intercept }: Calibration): LinearModel {
  const modelCount = weights.length
  const denseCount = weights[0]?.length ?? 0
  const dense = new Float32Array(modelCount * denseCount)
  for (const [k, own] of weights.entries()) dense.set(own, k * denseCount)
  return {
    modelCount,
    denseCount,
    sparseCount: 0,
    sparseLayout: 'by-index',
    bias: new Float32Array(modelCount),
    dense,
    sparse: new Float32Array(0),
    calibration: Float64Array.from({ length: 2 * modelCount }, (_, index) => (index % 2 === 0 ? slope : intercept)),
  }
}

function dot(weights: Float64Array | undefined, input: Float64Array): number {
  let sum = 0
  for (let j = 0; j < input.length; j += 1) sum += (weights?.[j] ?? 0) * (input[j] ?? 0)
  return sum
}
