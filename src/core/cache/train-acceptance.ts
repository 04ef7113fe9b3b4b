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
import { trainTrees, type BoostedTrees, type TreeTrainingInit } from './boosted-trees.ts'
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
const PASSES = 3
const DENSE_RATE = 0.1
const LEXICAL_RATE = 0.2
const LEXICAL_DECAY = 0.001
const VALUE_SCALE = 1_000_000

const TREE_INIT: Omit<TreeTrainingInit, 'directions'> = {
  trees: 100,
  depth: 6,
  rate: 0.07,
  curvatureMin: 5,
  shrinkage: 5,
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

/** Fits the whole model. The trees learn from linear parts that had not seen the row, so that they do not trust it too much. */
export function trainAcceptance(examples: readonly AcceptanceExample[], rarity: Uint8Array): AcceptanceModel {
  const rows: Float64Array[] = []
  const labels: number[] = []
  for (let fold = 0; fold < INNER_FOLDS; fold += 1) {
    const seen = examples.filter(
      (example) => example.queryGroup % INNER_FOLDS !== fold && example.storedGroup % INNER_FOLDS !== fold,
    )
    const linear = trainLinear(seen)
    for (const example of examples) {
      if (example.queryGroup % INNER_FOLDS !== fold) continue
      rows.push(acceptanceRow(linear, example.measures))
      labels.push(example.isRight ? 1 : 0)
    }
  }
  const trees = trainTrees(rows, Uint8Array.from(labels), { ...TREE_INIT, directions: DIRECTIONS })
  return { linear: trainLinear(examples), rarity, trees: roundedTrees(trees) }
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

function roundedTrees(trees: BoostedTrees): BoostedTrees {
  return { ...trees, base: rounded(trees.base), values: trees.values.map(rounded) }
}

/** Six decimals: what the artefact keeps. */
function rounded(value: number): number {
  return Math.round(value * VALUE_SCALE) / VALUE_SCALE
}
