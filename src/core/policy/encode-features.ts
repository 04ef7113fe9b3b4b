import type { FeatureBatch } from '../kernels/linear-model.ts'
import { difficultyIndex } from './difficulty-index.ts'
import { CLIP, denseInputCount, templateOf, type FeatureRecipe, type ResponseRecipe } from './feature-recipe.ts'
import {
  PROMPT_FEATURES,
  createFeatureExtractor,
  type FeatureExtractor,
  type PromptFeatures,
} from './prompt-features.ts'
import { responseFeatures } from './response-features.ts'
import { WORDS_MAX, type PromptScan } from './scan-prompt.ts'

/** A task as one row of numbers, and its text where that is known: policies that look for similar tasks read it. */
export type EncodedTask = FeatureBatch & { readonly text: string | undefined }

/** Encodes one prompt at a time; the batch of one row is overwritten by the next call. */
export type FeatureEncoder = {
  encode(prompt: string, answer?: string): EncodedTask
  /** The same for a prompt whose features were extracted already; only for recipes that do not read answers. */
  encodeFeatures(features: PromptFeatures): EncodedTask
  /**
   * The dense part alone, from raw features in the order of `PROMPT_FEATURES`: tasks whose text was not kept.
   * Throws `RangeError` for another number of features.
   */
  encodeRaw(raw: Float64Array): EncodedTask
}

export type FeatureEncoderInit = {
  readonly recipe: FeatureRecipe
  /** Present: the model also reads the answer, and `encode` needs it. */
  readonly response?: ResponseRecipe
  /** Shared so that several encoders read a prompt with the same scratch space; absent: its own. */
  readonly extractor?: FeatureExtractor
}

export function createFeatureEncoder({
  recipe,
  response,
  extractor = createFeatureExtractor(),
}: FeatureEncoderInit): FeatureEncoder {
  const dense = new Float64Array(denseInputCount(recipe, response !== undefined))
  const pairs = recipe.bucketBits > 0 ? 2 * WORDS_MAX : 0
  const batch = {
    rowCount: 1,
    text: undefined as string | undefined,
    dense,
    offsets: new Uint32Array(2),
    indices: new Uint32Array(pairs),
    values: new Float64Array(pairs),
  }
  const encodeFeatures = ({ text, dense: raw, scan }: PromptFeatures): EncodedTask => {
    writePromptInput(recipe, raw, dense)
    batch.text = text
    batch.offsets[1] = recipe.bucketBits > 0 ? writeHashedWords(scan, recipe.bucketBits, batch) : 0
    return batch
  }
  return {
    encodeFeatures,
    encodeRaw(raw: Float64Array): EncodedTask {
      if (raw.length !== PROMPT_FEATURES.length)
        throw new RangeError(`A task has ${PROMPT_FEATURES.length} features, not ${raw.length}`)
      writePromptInput(recipe, raw, dense)
      batch.text = undefined
      batch.offsets[1] = 0
      return batch
    },
    encode(prompt: string, answer?: string): EncodedTask {
      if (response !== undefined) writeResponseInput(response, responseFeatures(prompt, answer ?? ''), dense)
      return encodeFeatures(extractor.extract(prompt))
    },
  }
}

/** Writes the prompt's part of a row: scaled features, difficulty, template flags. `row` may be a part of a larger matrix. */
export function writePromptInput(recipe: FeatureRecipe, raw: Float64Array, row: Float64Array): void {
  const { centre, scale } = recipe
  const count = PROMPT_FEATURES.length
  for (let i = 0; i < count; i += 1) row[i] = clip(((raw[i] ?? 0) - (centre[i] ?? 0)) * (scale[i] ?? 0))
  row[count] = (difficultyIndex(raw) - recipe.difficultyCentre) * recipe.difficultyScale
  row.fill(0, count + 1, count + 1 + recipe.templateCount)
  row[count + 1 + templateOf(recipe, raw)] = 1
}

/** Writes the answer's part, the last of a row. */
export function writeResponseInput({ centre, scale }: ResponseRecipe, raw: Float64Array, row: Float64Array): void {
  const from = row.length - raw.length
  for (let i = 0; i < raw.length; i += 1) row[from + i] = clip(((raw[i] ?? 0) - (centre[i] ?? 0)) * (scale[i] ?? 0))
}

function clip(value: number): number {
  if (value > CLIP) return CLIP
  return value < -CLIP ? -CLIP : value
}

/** Words and pairs of neighbours; a bucket may occur several times, its values then add up. Returns the number of pairs written. */
export function writeHashedWords(
  scan: PromptScan,
  bucketBits: number,
  out: { readonly indices: Uint32Array; readonly values: Float64Array },
): number {
  const { words, wordCount } = scan
  if (wordCount === 0) return 0
  const shift = 32 - bucketBits
  const value = 1 / Math.sqrt(wordCount)
  let at = 0
  let before = 0
  for (let i = 0; i < wordCount; i += 1) {
    const word = words[i] ?? 0
    out.indices[at] = Math.imul(word, 0x9e3779b1) >>> shift
    out.values[at] = value
    at += 1
    if (i > 0) {
      out.indices[at] = Math.imul(Math.imul(before, 31) ^ word, 0x85ebca6b) >>> shift
      out.values[at] = value
      at += 1
    }
    before = word
  }
  return at
}
