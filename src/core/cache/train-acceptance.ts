import { sigmoid } from '../../base/deterministic-math.ts'
import { createRandomStream, shuffle } from '../../base/random-stream.ts'
import {
  acceptanceRow,
  LEXICAL_BITS,
  LEXICAL_FEATURES,
  LEXICAL_STEP,
  type AcceptanceModel,
  type LinearPart,
} from './acceptance-model.ts'
import { mixHash } from '../text/question-tokens.ts'
import { scoreTrees, trainTrees, type BoostedTrees, type TreeTrainingInit } from './boosted-trees.ts'
import { PAIR_FEATURES, type MeasuredPair } from './pair-features.ts'

/** A query and a stored question that was near it, with the truth. */
export type AcceptanceExample = {
  readonly measures: MeasuredPair
  readonly isRight: boolean
  /** Groups of questions that are tied by some pair; examples that share a group never stand on both sides of a split. */
  readonly queryGroup: number
  readonly storedGroup: number
}

const INNER_FOLDS = 5
/** Boosted models in the mean, and how many leave out each group once between them. */
const BAGS = 9
const LEFT_OUT = 3
const PASSES = 3
const DENSE_RATE = 0.1
const LEXICAL_RATE = 0.2
const LEXICAL_DECAY = 0.001
const VALUE_SCALE = 1_000_000

const TREE_INIT: Omit<TreeTrainingInit, 'directions'> = {
  trees: 50,
  depth: 6,
  rate: 0.12,
  curvatureMin: 10,
  shrinkage: 10,
}

/** Features with which the score may only fall, and those with which it may only rise. Keeps the model sane where examples are few. */
const FALLING: ReadonlySet<string> = new Set([
  'inversions',
  'names-unmatched',
  'rarity-unmatched-least',
  'rarity-unmatched-most',
  'rarity-unmatched-sum',
  'rarity-unmatched-top',
  'rarity-unmatched-share',
  'meaning-unmatched-least',
  'meaning-unmatched-most',
  'negation-least',
  'negation-most',
  'number-least',
  'number-most',
  'symbol-least',
  'symbol-most',
])
const RISING: ReadonlySet<string> = new Set(['cosine', 'lexical-sum', 'linear'])

const DIRECTIONS: Int8Array = Int8Array.from([...PAIR_FEATURES, ...LEXICAL_FEATURES], directionOf)

function directionOf(feature: string): number {
  if (FALLING.has(feature)) return -1
  return RISING.has(feature) ? 1 : 0
}

/** A model, and for each example the score by those trees alone that saw neither its query nor any question tied to it. */
export type TrainedAcceptance = { readonly model: AcceptanceModel; readonly unseenScores: Float64Array }

/** Told after each of `TRAINING_STEPS` steps. */
export type OnTrainingStep = (step: number) => void

export const TRAINING_STEPS: number = INNER_FOLDS + BAGS

/**
 * Fits the whole model: the mean of `BAGS` boosted models, each of which leaves a third of the groups out, so that every example is judged
 * by some that had not seen it (Breiman 1996, out-of-bag). The trees learn from linear parts that had not seen the row either, so that
 * they do not trust them too much.
 */
export function trainAcceptance(
  examples: readonly AcceptanceExample[],
  rarity: Uint8Array,
  onStep?: OnTrainingStep,
): TrainedAcceptance {
  const rows = unseenRows(examples, onStep)
  const labels = Uint8Array.from(examples, ({ isRight }) => Number(isRight))
  const logOdds = new Float64Array(examples.length)
  const bags: BoostedTrees[] = []
  for (let bag = 0; bag < BAGS; bag += 1) {
    const isLeftOut = (at: number): boolean =>
      leftOutOf(examples[at]?.queryGroup ?? 0, Math.floor(bag / LEFT_OUT)) === bag % LEFT_OUT
    const seen = examples.map((_, at) => at).filter((at) => !isLeftOut(at))
    const trees = trainTrees(
      seen.map((at) => rows[at] ?? new Float64Array(0)),
      Uint8Array.from(seen, (at) => labels[at] ?? 0),
      { ...TREE_INIT, directions: DIRECTIONS },
    )
    bags.push(trees)
    for (const [at, row] of rows.entries())
      if (isLeftOut(at)) logOdds[at] = (logOdds[at] ?? 0) + (scoreTrees(trees, row) * LEFT_OUT) / BAGS
    onStep?.(INNER_FOLDS + bag + 1)
  }
  return {
    model: { linear: trainLinear(examples), rarity, trees: meanOfTrees(bags) },
    unseenScores: logOdds.map(sigmoid),
  }
}

/** Rows in the order of the examples, each by a linear part that saw nothing of its groups. */
function unseenRows(
  examples: readonly AcceptanceExample[],
  onStep: OnTrainingStep | undefined,
): readonly Float64Array[] {
  const rows = examples.map((): Float64Array => new Float64Array(0))
  for (let fold = 0; fold < INNER_FOLDS; fold += 1) {
    const linear = trainLinear(
      examples.filter(
        ({ queryGroup, storedGroup }) => queryGroup % INNER_FOLDS !== fold && storedGroup % INNER_FOLDS !== fold,
      ),
    )
    for (const [at, { queryGroup, measures }] of examples.entries()) {
      if (queryGroup % INNER_FOLDS === fold) rows[at] = acceptanceRow(linear, measures)
    }
    onStep?.(fold + 1)
  }
  return rows
}

/** Which third of a round a group is in. */
function leftOutOf(group: number, round: number): number {
  return mixHash(group + Math.imul(round + 1, 0x9e3779b1)) % LEFT_OUT
}

/** One model that scores the mean log odds of several, rounded to what the artefact keeps. */
function meanOfTrees(bags: readonly BoostedTrees[]): BoostedTrees {
  const share = 1 / bags.length
  const roots: number[] = []
  const features: number[] = []
  const values: number[] = []
  const rights: number[] = []
  let base = 0
  for (const trees of bags) {
    const offset = features.length
    base += trees.base * share
    for (const root of trees.roots) roots.push(offset + root)
    for (const [node, feature] of trees.features.entries()) {
      const value = trees.values[node] ?? 0
      features.push(feature)
      values.push(rounded(feature < 0 ? value * share : value))
      rights.push(feature < 0 ? 0 : offset + (trees.rights[node] ?? 0))
    }
  }
  return {
    base: rounded(base),
    roots: Int32Array.from(roots),
    features: Int16Array.from(features),
    values: Float64Array.from(values),
    rights: Int32Array.from(rights),
  }
}

/** Logistic regression by AdaGrad (Duchi et al. 2011) in a seeded order. */
function trainLinear(examples: readonly AcceptanceExample[]): LinearPart {
  const width = PAIR_FEATURES.length
  const weights = new Float64Array(width + 1)
  const squares = new Float64Array(width + 1).fill(1)
  const lexical = new Float64Array(1 << LEXICAL_BITS)
  const lexicalSquares = new Float64Array(1 << LEXICAL_BITS).fill(1)
  const order = examples.map((_, at) => at)
  const random = createRandomStream(1)
  for (let pass = 0; pass < PASSES; pass += 1) {
    for (const at of shuffle(order, random)) {
      const example = examples[at]
      if (example === undefined) continue
      const { values, differences } = example.measures
      const scale = differences.length === 0 ? 0 : 1 / Math.sqrt(differences.length)
      let logOdds = weights[width] ?? 0
      for (let feature = 0; feature < width; feature += 1) logOdds += (weights[feature] ?? 0) * (values[feature] ?? 0)
      for (const hash of differences) logOdds += (lexical[hash >>> (32 - LEXICAL_BITS)] ?? 0) * scale
      const error = sigmoid(logOdds) - (example.isRight ? 1 : 0)
      for (let feature = 0; feature <= width; feature += 1) {
        const value = feature === width ? 1 : (values[feature] ?? 0)
        if (value !== 0) adaptiveStep(weights, squares, { at: feature, gradient: error * value, rate: DENSE_RATE })
      }
      for (const hash of differences) {
        const bucket = hash >>> (32 - LEXICAL_BITS)
        adaptiveStep(lexical, lexicalSquares, {
          at: bucket,
          gradient: error * scale + LEXICAL_DECAY * (lexical[bucket] ?? 0),
          rate: LEXICAL_RATE,
        })
      }
    }
  }
  return {
    bias: rounded(weights[width] ?? 0),
    weights: weights.subarray(0, width).map(rounded),
    lexical: Int8Array.from(lexical, (weight) => Math.max(-127, Math.min(127, Math.round(weight / LEXICAL_STEP)))),
  }
}

function adaptiveStep(
  weights: Float64Array,
  squares: Float64Array,
  { at, gradient, rate }: { readonly at: number; readonly gradient: number; readonly rate: number },
): void {
  const square = (squares[at] ?? 1) + gradient * gradient
  squares[at] = square
  weights[at] = (weights[at] ?? 0) - (rate * gradient) / Math.sqrt(square)
}

/** Six decimals: what the artefact keeps. */
function rounded(value: number): number {
  return Math.round(value * VALUE_SCALE) / VALUE_SCALE
}
