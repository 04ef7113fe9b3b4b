import { decodeBase64, encodeBase64 } from '../text/base64.ts'
import { CodedError } from '../../base/errors.ts'
import { LEXICAL_BITS, RARITY_BITS, ROW_LENGTH, type AcceptanceModel } from './acceptance-model.ts'
import type { BoostedTrees } from './boosted-trees.ts'
import type { ThresholdChoice } from './error-bound.ts'
import { PAIR_FEATURES } from './pair-features.ts'

export const CALIBRATION_FORMAT = 'kernell-cache-calibration'
/** Raised when features, hashes or tables change their meaning: an older file would then score something else. */
export const CALIBRATION_VERSION = 1

/** Where a calibration comes from, kept with it for people and for `doctor`. */
export type CalibrationLineage = {
  /** Files it was trained on, with the SHA-256 of their text and their number of pairs. */
  readonly sources: readonly { readonly name: string; readonly sha256: string; readonly pairs: number }[]
  readonly examples: number
  readonly exactHits: number
}

/** Everything the similarity tier needs: a model, a threshold per form of prompt, and the conditions under which they hold. */
export type CacheCalibration = {
  /** Embedder whose vectors the cosines are of. */
  readonly embedderId: string
  /** Nearest entries that are looked at, and the least cosine. */
  readonly candidates: number
  readonly cosineMin: number
  /** The operator's bound on wrong hits among all hits, and the confidence with which the thresholds keep it. */
  readonly maxWrong: number
  readonly confidence: number
  /** Absent where the training data could not vouch for any: that form of prompt is then never served by similarity. */
  readonly thresholds: { readonly question?: ThresholdChoice; readonly statement?: ThresholdChoice }
  readonly model: AcceptanceModel
  readonly lineage: CalibrationLineage
}

/** The artefact as JSON text. `parseCalibration` gives back an equal calibration, to the last bit. */
export function formatCalibration(calibration: CacheCalibration): string {
  const { model, ...rest } = calibration
  const { linear, rarity, trees } = model
  return JSON.stringify({
    format: CALIBRATION_FORMAT,
    version: CALIBRATION_VERSION,
    features: PAIR_FEATURES,
    ...rest,
    model: {
      bias: linear.bias,
      weights: [...linear.weights],
      lexical: encodeBase64(new Uint8Array(linear.lexical.buffer, linear.lexical.byteOffset, linear.lexical.length)),
      rarity: encodeBase64(rarity),
      trees: {
        base: trees.base,
        roots: [...trees.roots],
        features: [...trees.features],
        values: [...trees.values],
        rights: [...trees.rights],
      },
    },
  })
}

/** Reads an artefact. Throws `CACHE_CALIBRATION_INVALID` naming the first thing that is wrong. */
export function parseCalibration(text: string): CacheCalibration {
  const document = recordOf(parseJson(text), 'the file')
  if (document['format'] !== CALIBRATION_FORMAT) throw invalid(`format is not ${CALIBRATION_FORMAT}`)
  if (document['version'] !== CALIBRATION_VERSION)
    throw invalid(`version ${JSON.stringify(document['version'])} is not ${CALIBRATION_VERSION}; train again`)
  const features = document['features']
  if (JSON.stringify(features) !== JSON.stringify(PAIR_FEATURES))
    throw invalid('it was made for other features; train again')
  const thresholds = recordOf(document['thresholds'], 'thresholds')
  const question = optionalThreshold(thresholds['question'], 'thresholds.question')
  const statement = optionalThreshold(thresholds['statement'], 'thresholds.statement')
  return {
    embedderId: stringOf(document['embedderId'], 'embedderId'),
    candidates: numberOf(document['candidates'], 'candidates', { low: 1, high: 256 }),
    cosineMin: numberOf(document['cosineMin'], 'cosineMin', { low: -1, high: 1 }),
    maxWrong: numberOf(document['maxWrong'], 'maxWrong', { low: 0, high: 1 }),
    confidence: numberOf(document['confidence'], 'confidence', { low: 0, high: 1 }),
    thresholds: { ...(question && { question }), ...(statement && { statement }) },
    model: parseModel(recordOf(document['model'], 'model')),
    lineage: parseLineage(recordOf(document['lineage'], 'lineage')),
  }
}

function parseModel(model: Record<string, unknown>): AcceptanceModel {
  const weights = Float64Array.from(numbersOf(model['weights'], 'model.weights'))
  if (weights.length !== PAIR_FEATURES.length) throw invalid('model.weights has another length')
  const lexical = new Int8Array(bytesOf(model['lexical'], 'model.lexical', 1 << LEXICAL_BITS).buffer)
  const rarity = bytesOf(model['rarity'], 'model.rarity', 1 << RARITY_BITS)
  return {
    linear: { bias: numberOf(model['bias'], 'model.bias'), weights, lexical },
    rarity,
    trees: parseTrees(recordOf(model['trees'], 'model.trees')),
  }
}

/** Every path through the trees must end: a child comes after its parent, within the array, and a feature is one of the row. */
function parseTrees(document: Record<string, unknown>): BoostedTrees {
  const features = Int16Array.from(numbersOf(document['features'], 'model.trees.features'))
  const values = Float64Array.from(numbersOf(document['values'], 'model.trees.values'))
  const rights = Int32Array.from(numbersOf(document['rights'], 'model.trees.rights'))
  const roots = Int32Array.from(numbersOf(document['roots'], 'model.trees.roots'))
  if (values.length !== features.length || rights.length !== features.length)
    throw invalid('model.trees has columns of different lengths')
  if (roots.some((root) => root < 0 || root >= features.length)) throw invalid('model.trees.roots points outside')
  for (let node = 0; node < features.length; node += 1) {
    const feature = features[node] ?? -1
    const right = rights[node] ?? 0
    if (feature >= ROW_LENGTH || feature < -1) throw invalid('model.trees.features names no feature')
    if (feature >= 0 && (right <= node + 1 || right >= features.length))
      throw invalid('model.trees.rights points backward or outside')
  }
  return { base: numberOf(document['base'], 'model.trees.base'), roots, features, values, rights }
}

function parseLineage(lineage: Record<string, unknown>): CalibrationLineage {
  const sources = lineage['sources']
  if (!Array.isArray(sources)) throw invalid('lineage.sources is not a list')
  return {
    sources: sources.map((source: unknown) => {
      const row = recordOf(source, 'lineage.sources')
      return {
        name: stringOf(row['name'], 'name'),
        sha256: stringOf(row['sha256'], 'sha256'),
        pairs: numberOf(row['pairs'], 'pairs'),
      }
    }),
    examples: numberOf(lineage['examples'], 'lineage.examples'),
    exactHits: numberOf(lineage['exactHits'], 'lineage.exactHits'),
  }
}

function optionalThreshold(value: unknown, key: string): ThresholdChoice | undefined {
  if (value === undefined) return undefined
  const row = recordOf(value, key)
  return {
    threshold: numberOf(row['threshold'], `${key}.threshold`, { low: 0, high: 1 }),
    hits: numberOf(row['hits'], `${key}.hits`),
    wrong: numberOf(row['wrong'], `${key}.wrong`),
    wrongRateBound: numberOf(row['wrongRateBound'], `${key}.wrongRateBound`),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause: unknown) {
    throw new CodedError('CACHE_CALIBRATION_INVALID', { message: 'The cache calibration is not JSON', cause })
  }
}

function recordOf(value: unknown, key: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${key} is not an object`)
  return value as Record<string, unknown>
}

function stringOf(value: unknown, key: string): string {
  if (typeof value !== 'string') throw invalid(`${key} is not a string`)
  return value
}

function numberOf(
  value: unknown,
  key: string,
  { low, high }: { readonly low: number; readonly high: number } = { low: -Infinity, high: Infinity },
): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < low || value > high)
    throw invalid(`${key} is not a number in range`)
  return value
}

function numbersOf(value: unknown, key: string): readonly number[] {
  if (!Array.isArray(value)) throw invalid(`${key} is not a list`)
  return value.map((item: unknown) => numberOf(item, key))
}

function bytesOf(value: unknown, key: string, length: number): Uint8Array<ArrayBuffer> {
  const bytes = decodeBase64(stringOf(value, key))
  if (bytes === undefined || bytes.length !== length) throw invalid(`${key} does not hold ${length} bytes`)
  return bytes
}

function invalid(what: string): CodedError {
  return new CodedError('CACHE_CALIBRATION_INVALID', { message: `The cache calibration cannot be used: ${what}` })
}
