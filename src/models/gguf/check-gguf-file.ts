import { stat } from 'node:fs/promises'
import type { GgufFileInfo } from 'node-llama-cpp'
import { CodedError } from '../../base/errors.ts'
import { asArray, asCount, asRecord, asString, type JsonRecord } from '../json-access.ts'
import { tensorBytes } from './tensor-bytes.ts'
import type { LlamaModule } from './llama-runtime.ts'

/** What a GGUF file says about itself. */
export type GgufFacts = {
  readonly architecture: string
  readonly contextTokens: number
  readonly embeddingLength: number
  readonly sizeBytes: number
  readonly name: string | undefined
}

/** Architectures without attention or feed-forward layers; their files lack those members rightly. */
const WITHOUT_ATTENTION = /mamba|rwkv/

/**
 * Reads a GGUF file's metadata and checks what the native loader takes for granted: a missing length makes it end the process rather than
 * fail, so nothing is loaded before this has passed.
 *
 * Throws `MODEL_FILE_INVALID` naming what is missing.
 */
export async function checkGgufFile(path: string, module: LlamaModule): Promise<GgufFacts> {
  const { info, sizeBytes } = await readGgufInfo(path, module)
  const metadata = asRecord(info.metadata) ?? {}
  const architecture = asString(asRecord(metadata['general'])?.['architecture'])
  if (architecture === undefined) throw invalidFile(path, 'general.architecture is missing')
  const missing = [...missingLengths(metadata, architecture), ...missingTokenizer(metadata)]
  if (missing.length > 0) throw invalidFile(path, `${missing.join(', ')} missing`)
  const cut = findCutTensor(info, sizeBytes)
  if (cut !== undefined) throw invalidFile(path, `it ends before its tensor ${cut} does`)
  const facts = asRecord(metadata[architecture])
  return {
    architecture,
    contextTokens: asCount(facts?.['context_length']) ?? 0,
    embeddingLength: asCount(facts?.['embedding_length']) ?? 0,
    sizeBytes,
    name: asString(asRecord(metadata['general'])?.['name']),
  }
}

/** The head of a GGUF file, and the size of the file. Throws `MODEL_FILE_INVALID`. */
export async function readGgufInfo(
  path: string,
  module: LlamaModule,
): Promise<{ readonly info: GgufFileInfo; readonly sizeBytes: number }> {
  const file = await stat(path).catch((cause: unknown) => {
    throw invalidFile(path, 'it cannot be read', cause)
  })
  if (!file.isFile()) throw invalidFile(path, 'it is not a file')
  try {
    const info = await module.readGgufFileInfo(path, { sourceType: 'filesystem', logWarnings: false })
    return { info, sizeBytes: file.size }
  } catch (cause) {
    throw invalidFile(path, 'it is not a whole GGUF file', cause)
  }
}

function missingLengths(metadata: JsonRecord, architecture: string): readonly string[] {
  const facts = asRecord(metadata[architecture])
  const attention = asRecord(facts?.['attention'])
  const wanted = new Map<string, unknown>([
    [`${architecture}.context_length`, asCount(facts?.['context_length'])],
    [`${architecture}.embedding_length`, asCount(facts?.['embedding_length'])],
    [`${architecture}.block_count`, asCount(facts?.['block_count'])],
  ])
  if (!WITHOUT_ATTENTION.test(architecture)) {
    // Both may be one number, or one number per layer.
    wanted.set(
      `${architecture}.feed_forward_length`,
      facts?.['feed_forward_length'] ?? facts?.['expert_feed_forward_length'],
    )
    wanted.set(`${architecture}.attention.head_count`, attention?.['head_count'])
    wanted.set(
      `${architecture}.attention.layer_norm_rms_epsilon`,
      attention?.['layer_norm_rms_epsilon'] ?? attention?.['layer_norm_epsilon'],
    )
  }
  return [...wanted].filter(([, value]) => value === undefined).map(([key]) => key)
}

function missingTokenizer(metadata: JsonRecord): readonly string[] {
  const tokenizer = asRecord(asRecord(metadata['tokenizer'])?.['ggml'])
  const missing: string[] = []
  const model = asString(tokenizer?.['model'])
  if (model === undefined) missing.push('tokenizer.ggml.model')
  if (asArray(tokenizer?.['tokens']).length === 0) missing.push('tokenizer.ggml.tokens')
  if (model === 'gpt2' && tokenizer?.['merges'] === undefined) missing.push('tokenizer.ggml.merges')
  return missing
}

/** A tensor that lies beyond the end of the file, as after a broken download. Tensors in further parts of a split file are not looked at. */
export function findCutTensor(info: GgufFileInfo, sizeBytes: number): string | undefined {
  for (const tensor of info.tensorInfo ?? []) {
    if (tensor.filePart !== 1) continue
    const end = Number(tensor.fileOffset) + tensorBytes(tensor.ggmlType, tensor.dimensions)
    if (end > sizeBytes) return tensor.name
  }
  return undefined
}

/** The path is the operator's own; its last part is enough to recognise the file. */
export function invalidFile(path: string, why: string, cause?: unknown): CodedError {
  const file = path.split(/[/\\]/).at(-1) ?? path
  return new CodedError('MODEL_FILE_INVALID', {
    message: `The model file ${file} cannot be used: ${why}`,
    cause,
    details: { file },
  })
}
