import { PROMPT_FEATURES } from './prompt-features.ts'
import { RESPONSE_FEATURES } from './response-features.ts'

/** One question of a template tree: `dense[feature] <= threshold` goes to `below`, else to `above`. A negative child is leaf `-1 - child`. */
export type TemplateNode = {
  readonly feature: number
  readonly threshold: number
  readonly below: number
  readonly above: number
}

/**
 * How prompt (and answer) features become the inputs of a linear model:
 *
 * ```
 * dense input  [ prompt features, centred and scaled | difficulty | one flag per template | answer features, centred and scaled ]
 * sparse input [ hashed words and pairs of words, each with value 1 / sqrt(count) ]
 * ```
 *
 * Templates are families of prompts (a form, a kind of task) that training told apart by a few questions.
 */
export type FeatureRecipe = {
  /** Per prompt feature; values are clipped to `CLIP` after scaling. */
  readonly centre: Float64Array
  /** Reciprocal of the spread; 0 switches a constant feature off. */
  readonly scale: Float64Array
  /** Mean and reciprocal spread of the difficulty index. */
  readonly difficultyCentre: number
  readonly difficultyScale: number
  /** Node 0 is the root; empty: one template. */
  readonly templates: readonly TemplateNode[]
  readonly templateCount: number
  /** 2^bits hash buckets, 1 to 20; 0: no hashed features. */
  readonly bucketBits: number
}

/** Centre and scale of the answer features, for models that also read the answer. */
export type ResponseRecipe = { readonly centre: Float64Array; readonly scale: Float64Array }

export const CLIP = 4

/** Length of the dense input. */
export function denseInputCount(recipe: FeatureRecipe, readsResponse: boolean): number {
  return PROMPT_FEATURES.length + 1 + recipe.templateCount + (readsResponse ? RESPONSE_FEATURES.length : 0)
}

/** First of the dense inputs that are flags of templates: exactly one of them is 1, so together they are the level. */
export const FIRST_TEMPLATE_INPUT: number = PROMPT_FEATURES.length + 1

/** The template of a prompt, 0 to `templateCount - 1`. */
export function templateOf(recipe: FeatureRecipe, dense: Float64Array): number {
  let at = 0
  while (at >= 0) {
    const node = recipe.templates[at]
    if (node === undefined) return 0
    at = (dense[node.feature] ?? 0) <= node.threshold ? node.below : node.above
  }
  return -1 - at
}
