import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { LinearModel } from '../kernels/linear-model.ts'
import { ArtefactFields } from './artefact-fields.ts'
import {
  bucketCount,
  modelDocument,
  neighboursDocument,
  quantilesDocument,
  readNeighbours,
  readQuantiles,
  readRecipe,
  readUncertainty,
  recipeDocument,
  uncertaintyDocument,
} from './artefact-parts.ts'
import { denseInputCount, type FeatureRecipe, type ResponseRecipe } from './feature-recipe.ts'
import { encodeFloats } from './float-text.ts'
import type { NeighbourModel } from './neighbour-model.ts'
import type { PolicyUncertainty } from './policy-uncertainty.ts'
import { PROMPT_FEATURES } from './prompt-features.ts'
import type { QuantileModels } from './quantile-models.ts'
import { RESPONSE_FEATURES } from './response-features.ts'
import { readTrainingRecord, trainingDocument, type TrainingRecord } from './training-record.ts'

/** Format that this version writes; a newer one is refused with the remedy. */
export const POLICY_FORMAT = 1
export const POLICY_KIND = 'kernell-policy'

/** How the chances of success are estimated: by one linear model per candidate, or from the outcomes of the most similar tasks. */
export type PolicyFamily = 'linear' | 'neighbours'

/** Where a policy came from: enough to make it again and to compare it. */
export type PolicyLineage = {
  /** SHA-256 of the training rows' card: files, counts, labels. */
  readonly dataCardHash: string
  readonly codeVersion: string
  /** Hash of the policy that it was trained from; absent for the first. */
  readonly parent?: string
  /** What it was trained on; absent in artefacts that do not say. */
  readonly training?: TrainingRecord
  /** Figures measured when it was trained, by name. */
  readonly metrics: Readonly<Record<string, number>>
}

/** A point chosen on the training data alone: with this weight of a dollar, the share of the best single model's quality was reached. */
export type OperatingPoint = { readonly qualityShare: number; readonly successPerUsd: number }

/**
 * A trained policy: how prompts become numbers, one linear model per candidate, and where it came from.
 * Candidate names are those of the training data; a registry entry is matched by its model name or `policyAs`.
 */
export type PolicyArtefact = {
  /** What the chances come from. `linear` in files that do not say. */
  readonly family: PolicyFamily
  readonly recipe: FeatureRecipe
  readonly candidates: readonly string[]
  /**
   * P(right answer) of each candidate, calibrated; the raw score is a linear estimate of the same. With family `neighbours` it serves
   * tasks whose text is not known.
   */
  readonly success: LinearModel
  /** Tasks with known outcomes; present exactly with family `neighbours`. */
  readonly neighbours?: NeighbourModel
  /** Milliseconds of an answer: per quantile one model of log(1 + ms), per candidate. */
  readonly latency?: QuantileModels
  /** Dollars of an answer: per quantile one model of log(1 + dollars * 10^6), per candidate. */
  readonly usdQuantiles?: QuantileModels
  /** How sure the dense part of `success` is of itself; exploration draws from it. */
  readonly uncertainty?: PolicyUncertainty
  /** Expected dollars of each candidate (raw score), where the training data had costs. */
  readonly usd?: LinearModel
  /** The two candidates whose difference is the router's score: what the strong one is expected to gain over the weak one. */
  readonly pair?: { readonly strong: number; readonly weak: number }
  /** The same success, estimated again with the answer of candidate `of` in view. */
  readonly cascade?: { readonly of: number; readonly response: ResponseRecipe; readonly success: LinearModel }
  readonly operatingPoints: readonly OperatingPoint[]
  readonly lineage: PolicyLineage
}

/** Short name of an artefact, from its content: `policy-1-` and twelve hexadecimal digits. */
export function policyVersionOf(artefact: PolicyArtefact): string {
  return `policy-${POLICY_FORMAT}-${sha256Hex(canonicalJson(documentOf(artefact))).slice(0, 12)}`
}

/** One line of JSON with a checksum over everything else. */
export function formatPolicyArtefact(artefact: PolicyArtefact): string {
  const document = documentOf(artefact)
  return `${canonicalJson({ ...document, checksum: sha256Hex(canonicalJson(document)) })}\n`
}

/**
 * Reads an artefact.
 *
 * Throws `POLICY_FORMAT_NEWER` for a later format and `POLICY_ARTEFACT_INVALID` for anything that is not a whole artefact: broken JSON, a wrong
 * checksum, other features, wrong lengths, numbers that are not finite.
 */
export function parsePolicyArtefact(text: string): PolicyArtefact {
  const fields = ArtefactFields.parse(text)
  fields.expectKind(POLICY_KIND, POLICY_FORMAT)
  fields.expectChecksum()
  fields.expectTexts('prompt_features', PROMPT_FEATURES)
  const candidates = fields.texts('candidates')
  if (candidates.length === 0) throw fields.invalid('candidates', 'at least one')
  const recipe = readRecipe(fields.inner('recipe'))
  const count = candidates.length
  const shape = { modelCount: count, denseCount: denseInputCount(recipe, false), sparseCount: bucketCount(recipe) }
  const family = readFamily(fields)
  const usd = fields.optional('usd')
  const latency = fields.optional('latency')
  const usdQuantiles = fields.optional('usd_quantiles')
  const uncertainty = fields.optional('uncertainty')
  const pair = fields.optional('pair')
  const cascade = fields.optional('cascade')
  return {
    family,
    recipe,
    candidates,
    success: fields.inner('success').linearModel(shape),
    ...(family === 'neighbours' && { neighbours: readNeighbours(fields.inner('neighbours'), count) }),
    ...(latency !== undefined && { latency: readQuantiles(latency, shape) }),
    ...(usdQuantiles !== undefined && { usdQuantiles: readQuantiles(usdQuantiles, shape) }),
    ...(uncertainty !== undefined && { uncertainty: readUncertainty(uncertainty, shape) }),
    ...(usd !== undefined && { usd: usd.linearModel(shape) }),
    ...(pair !== undefined && {
      pair: { strong: pair.wholeNumber('strong', count - 1), weak: pair.wholeNumber('weak', count - 1) },
    }),
    ...(cascade !== undefined && { cascade: readCascade(cascade, recipe, count) }),
    operatingPoints: fields.list('operating_points').map((point) => ({
      qualityShare: point.number('quality_share'),
      successPerUsd: point.number('success_per_usd'),
    })),
    lineage: readLineage(fields.inner('lineage')),
  }
}

function readFamily(fields: ArtefactFields): PolicyFamily {
  const family = fields.optionalText('family') ?? 'linear'
  if (family !== 'linear' && family !== 'neighbours') throw fields.invalid('family', '"linear" or "neighbours"')
  return family
}

function readCascade(
  fields: ArtefactFields,
  recipe: FeatureRecipe,
  modelCount: number,
): NonNullable<PolicyArtefact['cascade']> {
  fields.expectTexts('response_features', RESPONSE_FEATURES)
  const shape = { modelCount, denseCount: denseInputCount(recipe, true), sparseCount: bucketCount(recipe) }
  return {
    of: fields.wholeNumber('of', modelCount - 1),
    response: {
      centre: fields.doubles('centre', RESPONSE_FEATURES.length),
      scale: fields.doubles('scale', RESPONSE_FEATURES.length),
    },
    success: fields.inner('success').linearModel(shape),
  }
}

function readLineage(fields: ArtefactFields): PolicyLineage {
  const parent = fields.optionalText('parent')
  const training = fields.optional('training')
  return {
    dataCardHash: fields.text('data_card_hash'),
    codeVersion: fields.text('code_version'),
    ...(parent !== undefined && { parent }),
    ...(training !== undefined && { training: readTrainingRecord(training) }),
    metrics: fields.numbers('metrics'),
  }
}

/** The artefact as JSON, without its checksum. What an artefact does not have is not written, so older ones keep their version. */
function documentOf(artefact: PolicyArtefact): { readonly [key: string]: JsonValue | undefined } {
  const { recipe, cascade, lineage } = artefact
  return {
    kind: POLICY_KIND,
    format: POLICY_FORMAT,
    prompt_features: PROMPT_FEATURES,
    candidates: artefact.candidates,
    recipe: recipeDocument(recipe),
    success: modelDocument(artefact.success),
    family: artefact.family === 'linear' ? undefined : artefact.family,
    usd: artefact.usd === undefined ? undefined : modelDocument(artefact.usd),
    neighbours: artefact.neighbours === undefined ? undefined : neighboursDocument(artefact.neighbours),
    latency: artefact.latency === undefined ? undefined : quantilesDocument(artefact.latency),
    usd_quantiles: artefact.usdQuantiles === undefined ? undefined : quantilesDocument(artefact.usdQuantiles),
    uncertainty: artefact.uncertainty === undefined ? undefined : uncertaintyDocument(artefact.uncertainty),
    pair: artefact.pair === undefined ? undefined : { strong: artefact.pair.strong, weak: artefact.pair.weak },
    cascade:
      cascade === undefined
        ? undefined
        : {
            of: cascade.of,
            response_features: RESPONSE_FEATURES,
            centre: encodeFloats(cascade.response.centre),
            scale: encodeFloats(cascade.response.scale),
            success: modelDocument(cascade.success),
          },
    operating_points: artefact.operatingPoints.map(({ qualityShare, successPerUsd }) => ({
      quality_share: qualityShare,
      success_per_usd: successPerUsd,
    })),
    lineage: {
      data_card_hash: lineage.dataCardHash,
      code_version: lineage.codeVersion,
      parent: lineage.parent,
      training: lineage.training === undefined ? undefined : trainingDocument(lineage.training),
      metrics: lineage.metrics,
    },
  }
}
