import { canonicalJson, isChecksumOf, type JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { HashRecipe } from '../kernels/hash-recipe.ts'
import type { LinearModel } from '../kernels/linear-model.ts'
import { decodeFloat32, encodeFloats } from '../policy/float-text.ts'
import { INJECTION_FEATURES } from './injection-features.ts'

export const INJECTION_MODEL_KIND = 'kernell-injection-model'
/** Raised when features, hashes or rules change their meaning: an older file would then score something else. */
export const INJECTION_MODEL_FORMAT = 1

/** log2 of the number of hash buckets. */
export const INJECTION_BUCKET_BITS = 16

/** Pieces of words (an attack is misspelt on purpose), words, and runs of two and three of them. */
export const INJECTION_HASH_RECIPE: HashRecipe = Object.freeze({
  seed: 0x696e6a65,
  charWeights: Object.freeze([0, 0, 0, 0.5, 0.5]),
  wordWeights: Object.freeze([1, 1, 1]),
})

/** The two models of an artefact, by place: a text that somebody sends, and a passage in a text that should only be read. */
export const INJECTION_CHANNELS = ['direct', 'embedded'] as const
export type InjectionChannel = (typeof INJECTION_CHANNELS)[number]

/** Where a model comes from, for people and for `doctor`. */
export type InjectionLineage = {
  readonly sources: readonly { readonly name: string; readonly sha256: string; readonly rows: number }[]
  readonly leftOut: string | null
}

/** A trained model and the scores from which a text counts as an injection. */
export type InjectionModel = {
  /** One model per channel, over the same features. */
  readonly linear: LinearModel
  /** By channel: a score at or above it is an injection. 0 to 1. */
  readonly thresholds: Readonly<Record<InjectionChannel, number>>
  readonly lineage: InjectionLineage
}

/** The artefact as JSON text. `parseInjectionModel` gives back an equal model, to the last bit. */
export function formatInjectionModel({ linear, thresholds, lineage }: InjectionModel): string {
  const body: Record<string, JsonValue> = {
    kind: INJECTION_MODEL_KIND,
    format: INJECTION_MODEL_FORMAT,
    features: [...INJECTION_FEATURES],
    thresholds: { direct: thresholds.direct, embedded: thresholds.embedded },
    lineage: { sources: lineage.sources.map((source) => ({ ...source })), leftOut: lineage.leftOut },
    bias: encodeFloats(linear.bias),
    dense: encodeFloats(linear.dense),
    sparse: encodeFloats(linear.sparse),
  }
  return JSON.stringify({ ...body, checksum: sha256Hex(canonicalJson(body)) })
}

/** Reads an artefact. Throws `INJECTION_MODEL_INVALID` naming the first thing that is wrong. */
export function parseInjectionModel(text: string): InjectionModel {
  const { checksum, ...body } = recordOf(parseJson(text), 'the file')
  if (body['kind'] !== INJECTION_MODEL_KIND) throw invalid(`kind is not ${INJECTION_MODEL_KIND}`)
  if (body['format'] !== INJECTION_MODEL_FORMAT)
    throw invalid(`format ${JSON.stringify(body['format'])} is not ${INJECTION_MODEL_FORMAT}; train again`)
  if (!isChecksumOf(body, checksum)) throw invalid('the checksum is wrong; the file was changed or cut')
  const { features } = body
  if (JSON.stringify(features) !== JSON.stringify(INJECTION_FEATURES))
    throw invalid('it was made for other features; train again')
  const thresholds = recordOf(body['thresholds'], 'thresholds')
  return {
    linear: parseLinear(body),
    thresholds: {
      direct: shareOf(thresholds['direct'], 'thresholds.direct'),
      embedded: shareOf(thresholds['embedded'], 'thresholds.embedded'),
    },
    lineage: parseLineage(recordOf(body['lineage'], 'lineage')),
  }
}

function parseLinear(body: Record<string, unknown>): LinearModel {
  const modelCount = INJECTION_CHANNELS.length
  const denseCount = INJECTION_FEATURES.length
  const sparseCount = 1 << INJECTION_BUCKET_BITS
  return {
    modelCount,
    denseCount,
    sparseCount,
    sparseLayout: 'by-index',
    bias: floatsOf(body['bias'], 'bias', modelCount),
    dense: floatsOf(body['dense'], 'dense', modelCount * denseCount),
    sparse: floatsOf(body['sparse'], 'sparse', modelCount * sparseCount),
    calibration: Float64Array.from({ length: 2 * modelCount }, (_, place) => (place % 2 === 0 ? 1 : 0)),
  }
}

function parseLineage(lineage: Record<string, unknown>): InjectionLineage {
  const { sources, leftOut } = lineage
  if (!Array.isArray(sources)) throw invalid('lineage.sources is not a list')
  return {
    sources: sources.map((source: unknown) => {
      const row = recordOf(source, 'lineage.sources')
      const { name, sha256, rows } = row
      if (typeof name !== 'string' || typeof sha256 !== 'string' || typeof rows !== 'number')
        throw invalid('lineage.sources lacks a name, a hash or a number of rows')
      return { name, sha256, rows }
    }),
    leftOut: typeof leftOut === 'string' ? leftOut : null,
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause: unknown) {
    throw new CodedError('INJECTION_MODEL_INVALID', { message: 'The injection model is not JSON', cause })
  }
}

function recordOf(value: unknown, key: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${key} is not an object`)
  return value as Record<string, unknown>
}

function shareOf(value: unknown, key: string): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) throw invalid(`${key} is not a number from 0 to 1`)
  return value
}

function floatsOf(value: unknown, key: string, count: number): Float32Array {
  const floats = typeof value === 'string' ? decodeFloat32(value, count) : undefined
  if (floats === undefined) throw invalid(`${key} does not hold ${count} finite numbers in base64`)
  return floats
}

function invalid(what: string): CodedError {
  return new CodedError('INJECTION_MODEL_INVALID', { message: `The injection model cannot be used: ${what}` })
}
