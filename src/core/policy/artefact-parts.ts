import type { JsonValue } from '../../base/canonical-json.ts'
import type { LinearModel } from '../kernels/linear-model.ts'
import { encodeBase64 } from '../text/base64.ts'
import type { ArtefactFields, ModelShape } from './artefact-fields.ts'
import type { FeatureRecipe, TemplateNode } from './feature-recipe.ts'
import { encodeFloats } from './float-text.ts'
import { NEIGHBOUR_DIMS, NEIGHBOUR_EMBEDDER, NEIGHBOURS_MAX, type NeighbourModel } from './neighbour-model.ts'
import type { PolicyUncertainty } from './policy-uncertainty.ts'
import { PROMPT_FEATURES } from './prompt-features.ts'
import type { QuantileModels } from './quantile-models.ts'

// Reading and writing of an artefact's parts, side by side. Readers throw `POLICY_ARTEFACT_INVALID` naming the field.

export function bucketCount(recipe: FeatureRecipe): number {
  return recipe.bucketBits === 0 ? 0 : 1 << recipe.bucketBits
}

export function readRecipe(fields: ArtefactFields): FeatureRecipe {
  const templateCount = fields.wholeNumber('template_count', 64)
  const templates = fields.list('templates').map((node) => ({
    feature: node.wholeNumber('feature', PROMPT_FEATURES.length - 1),
    threshold: node.number('threshold'),
    below: node.number('below'),
    above: node.number('above'),
  }))
  if (templateCount !== templates.length + 1)
    throw fields.invalid('templates', 'a binary tree with template_count leaves')
  for (const [at, node] of templates.entries()) expectDescending(fields, { node, at, count: templates.length })
  return {
    centre: fields.doubles('centre', PROMPT_FEATURES.length),
    scale: fields.doubles('scale', PROMPT_FEATURES.length),
    difficultyCentre: fields.number('difficulty_centre'),
    difficultyScale: fields.number('difficulty_scale'),
    templates,
    templateCount,
    bucketBits: fields.wholeNumber('bucket_bits', 20),
  }
}

/** Children come after their parent, so walking the tree always ends. */
function expectDescending(
  fields: ArtefactFields,
  { node, at, count }: { readonly node: TemplateNode; readonly at: number; readonly count: number },
): void {
  for (const child of [node.below, node.above]) {
    const isLeaf = Number.isInteger(child) && child < 0 && child >= -1 - count
    const isNode = Number.isInteger(child) && child > at && child < count
    if (!isLeaf && !isNode) throw fields.invalid('templates', 'children that are later nodes or leaves')
  }
}

export function recipeDocument(recipe: FeatureRecipe): JsonValue {
  return {
    centre: encodeFloats(recipe.centre),
    scale: encodeFloats(recipe.scale),
    difficulty_centre: recipe.difficultyCentre,
    difficulty_scale: recipe.difficultyScale,
    templates: recipe.templates.map(({ feature, threshold, below, above }) => ({ feature, threshold, below, above })),
    template_count: recipe.templateCount,
    bucket_bits: recipe.bucketBits,
  }
}

export function readNeighbours(fields: ArtefactFields, modelCount: number): NeighbourModel {
  fields.expectTexts('embedder', [NEIGHBOUR_EMBEDDER])
  const count = fields.wholeNumber('count', NEIGHBOURS_MAX)
  return {
    count,
    neighbourCount: fields.wholeNumber('neighbour_count', NEIGHBOURS_MAX),
    priorWeight: fields.number('prior_weight'),
    prior: fields.doubles('prior', modelCount),
    codes: new Int8Array(fields.bytes('codes', count * NEIGHBOUR_DIMS).buffer),
    scales: fields.singles('scales', count),
    outcomes: fields.bytes('outcomes', count * modelCount),
    calibration: fields.doubles('calibration', 2 * modelCount),
  }
}

export function readQuantiles(fields: ArtefactFields, shape: ModelShape): QuantileModels {
  const models = fields.list('models').map((model) => model.linearModel(shape))
  const quantiles = [...fields.doubles('quantiles', models.length)]
  if (models.length === 0 || !quantiles.every((q, at) => q > (quantiles[at - 1] ?? 0) && q < 1))
    throw fields.invalid('quantiles', 'rising numbers between 0 and 1')
  return { quantiles, models }
}

export function readUncertainty(fields: ArtefactFields, { modelCount, denseCount }: ModelShape): PolicyUncertainty {
  const covariance = fields.list('covariance').map((entry) => entry.singles('matrix', denseCount * denseCount))
  if (covariance.length !== modelCount) throw fields.invalid('covariance', `${modelCount} matrices`)
  return { covariance, noise: fields.doubles('noise', modelCount) }
}

export function uncertaintyDocument({ covariance, noise }: PolicyUncertainty): JsonValue {
  return { covariance: covariance.map((matrix) => ({ matrix: encodeFloats(matrix) })), noise: encodeFloats(noise) }
}

export function modelDocument(model: LinearModel): JsonValue {
  return {
    bias: encodeFloats(model.bias),
    dense: encodeFloats(model.dense),
    sparse: encodeFloats(model.sparse),
    calibration: encodeFloats(model.calibration),
  }
}

export function quantilesDocument({ quantiles, models }: QuantileModels): JsonValue {
  return { quantiles: encodeFloats(Float64Array.from(quantiles)), models: models.map(modelDocument) }
}

export function neighboursDocument(model: NeighbourModel): JsonValue {
  const { codes, scales, outcomes, prior, calibration } = model
  return {
    embedder: [NEIGHBOUR_EMBEDDER],
    count: model.count,
    neighbour_count: model.neighbourCount,
    prior_weight: model.priorWeight,
    prior: encodeFloats(prior),
    codes: encodeBase64(new Uint8Array(codes.buffer, codes.byteOffset, codes.byteLength)),
    scales: encodeFloats(scales),
    outcomes: encodeBase64(outcomes),
    calibration: encodeFloats(calibration),
  }
}
