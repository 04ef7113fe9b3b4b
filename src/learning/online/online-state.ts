import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type {
  ExecutedOutcome,
  OnlineLearnerInit,
  OnlineLearnerState,
} from '../../core/learning/online/online-learner.ts'
import type { CandidateSums, OutcomeSums } from '../../core/learning/online/outcome-statistics.ts'
import { ArtefactFields } from '../../core/policy/artefact-fields.ts'
import { readRecipe, recipeDocument } from '../../core/policy/artefact-parts.ts'
import { denseInputCount } from '../../core/policy/feature-recipe.ts'
import { encodeFloats } from '../../core/policy/float-text.ts'
import { PROMPT_FEATURES } from '../../core/policy/prompt-features.ts'
import type { OnlineLearningState } from './online-learning.ts'

/** A learner as it is written down: what it was started with, and all that it has learned. */
export type SavedLearning = { readonly init: OnlineLearnerInit; readonly state: OnlineLearningState }

const KIND = 'kernell-online-state'
const FORMAT = 1
const RECENT_MAX = 1_000
const KNOWN_MAX = 10_000
const KEY_PATTERN = /^[0-9a-f]{13}$/
/** Of a cost that is not known. */
const UNKNOWN = -1

/** Base64 of the little-endian bytes of floats. */
export type EncodeFloats = (values: Float32Array | Float64Array) => string

/**
 * JSON with numbers as base64. It holds no text and no hash of a task.
 *
 * @param encode  Some megabytes go through it, and a native one is a hundred times faster; it must equal `encodeFloats`.
 */
export function formatOnlineState({ init, state }: SavedLearning, encode: EncodeFloats = encodeFloats): JsonValue {
  const { learner, known } = state
  const outcomes = [...known.values()]
  const places = new Map(init.candidates.map((name, place) => [name, place]))
  const column = (read: (outcome: ExecutedOutcome) => number): string => encode(Float64Array.from(outcomes, read))
  return {
    kind: KIND,
    format: FORMAT,
    prompt_features: PROMPT_FEATURES,
    candidates: init.candidates,
    recipe: recipeDocument(init.recipe),
    prior_weights: encode(joined(init.priorWeights)),
    weight: learner.weight,
    weights: encode(joined(learner.weights)),
    sums: encode(joined(learner.sums.candidates.map(packedSums))),
    cost_gram: encode(learner.sums.costGram),
    task_count: learner.tasks.length,
    tasks: encode(joined(learner.tasks)),
    prediction_count: learner.predictions.length,
    predictions: encode(Float64Array.from(learner.predictions.flatMap(({ raw, success }) => [raw, success]))),
    known: {
      keys: [...known.keys()],
      models: column(({ model }) => places.get(model) ?? 0),
      // Records hold them as 32-bit numbers.
      features: encode(Float32Array.from(joined(outcomes.map(({ features }) => features)))),
      success: column(({ success }) => success),
      cost_usd: column(({ costUsd }) => costUsd ?? UNKNOWN),
      weights: column(({ weight }) => weight),
    },
  }
}

/** Reads what `formatOnlineState` gave; `undefined` for anything else, such as a state over other features. */
export function parseOnlineState(text: string): SavedLearning | undefined {
  try {
    return readState(ArtefactFields.parse(text))
  } catch (error: unknown) {
    if (CodedError.is(error, 'POLICY_ARTEFACT_INVALID') || CodedError.is(error, 'POLICY_FORMAT_NEWER')) return undefined
    throw error
  }
}

function readState(fields: ArtefactFields): SavedLearning {
  fields.expectKind(KIND, FORMAT)
  fields.expectTexts('prompt_features', PROMPT_FEATURES)
  const candidates = fields.texts('candidates')
  const recipe = readRecipe(fields.inner('recipe'))
  const size = denseInputCount(recipe, false)
  const count = candidates.length
  const init = { recipe, candidates, priorWeights: cut(fields.doubles('prior_weights', count * size), size) }
  const learner: OnlineLearnerState = {
    weight: fields.number('weight'),
    weights: cut(fields.doubles('weights', count * size), size),
    sums: readSums(fields, size, count),
    tasks: cut(fields.doubles('tasks', fields.wholeNumber('task_count', RECENT_MAX) * size), size),
    predictions: cut(fields.doubles('predictions', 2 * fields.wholeNumber('prediction_count', RECENT_MAX)), 2).map(
      ([raw = 0, success = 0]) => ({ raw, success }),
    ),
  }
  return { init, state: { learner, known: readKnown(fields.inner('known'), candidates) } }
}

function readKnown(fields: ArtefactFields, candidates: readonly string[]): ReadonlyMap<string, ExecutedOutcome> {
  const keys = fields.texts('keys')
  const count = keys.length
  if (count > KNOWN_MAX || !keys.every((key) => KEY_PATTERN.test(key)))
    throw fields.invalid('keys', `at most ${KNOWN_MAX} keys of outcomes`)
  const [models, success] = [fields.doubles('models', count), fields.doubles('success', count)]
  const [costs, weights] = [fields.doubles('cost_usd', count), fields.doubles('weights', count)]
  const width = PROMPT_FEATURES.length
  const features = fields.singles('features', count * width)
  return new Map(
    keys.map((key, row) => {
      const model = candidates[models[row] ?? -1]
      if (model === undefined) throw fields.invalid('models', 'places of candidates')
      const usd = costs[row] ?? UNKNOWN
      return [
        key,
        {
          model,
          features: Float64Array.from(features.subarray(row * width, (row + 1) * width)),
          success: success[row] ?? 0,
          costUsd: usd >= 0 ? usd : undefined,
          weight: weights[row] ?? 1,
        },
      ]
    }),
  )
}

/** Gram matrix, three vectors, three numbers. */
function packedSums({
  gram,
  residual,
  costInput,
  costMoment,
  weight,
  costWeight,
  costUsd,
}: CandidateSums): Float64Array {
  return joined([gram, residual, costInput, costMoment, Float64Array.of(weight, costWeight, costUsd)])
}

function readSums(fields: ArtefactFields, size: number, count: number): OutcomeSums {
  const square = size * size
  const length = square + 3 * size + 3
  const candidates = cut(fields.doubles('sums', count * length), length).map((packed): CandidateSums => {
    const vector = (place: number): Float64Array => packed.slice(square + place * size, square + (place + 1) * size)
    const [weight = 0, costWeight = 0, costUsd = 0] = packed.subarray(square + 3 * size)
    return {
      weight,
      gram: packed.slice(0, square),
      residual: vector(0),
      costWeight,
      costUsd,
      costInput: vector(1),
      costMoment: vector(2),
    }
  })
  return { size, candidates, costGram: fields.doubles('cost_gram', square) }
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function cut(values: Float64Array, size: number): readonly Float64Array[] {
  return Array.from({ length: values.length / size }, (_, place) => values.slice(place * size, (place + 1) * size))
}
