import type { LlamaEmbeddingContext, LlamaModel } from 'node-llama-cpp'
import { CodedError } from '../../base/errors.ts'
import type { EmbeddingModel } from '../../ports/embedding-model.ts'
import { normaliseVector } from '../normalise-vector.ts'
import { checkGgufFile } from './check-gguf-file.ts'
import type { LlamaRuntime } from './llama-runtime.ts'
import { SlotQueue } from './slot-queue.ts'

/**
 * Which file an embedding model is loaded from, how much of a text it reads, and how many calls may wait for it; one more is refused
 * with `MODEL_OVERLOADED`.
 */
export type GgufEmbeddingModelInit = {
  readonly modelId: string
  /** Path of the GGUF file. */
  readonly path: string
  /** Longest text in tokens; longer ones are cut at their end. Default: the model's own context, at most 8192. */
  readonly contextTokens?: number
  /** Calls that may wait for their turn; more are refused. Default 64. */
  readonly waitersMax?: number
}

/** An embedding model of weights on this machine. Disposing of it frees its memory, and it is not loaded again. */
export type GgufEmbeddingModel = EmbeddingModel & AsyncDisposable

const CONTEXT_TOKENS_MAX = 8192
const ONE_THREAD_BYTES_MAX = 67_108_864

/** Loads a GGUF embedding model. Throws `MODEL_RUNTIME_MISSING` and `MODEL_FILE_INVALID`. */
export async function openGgufEmbeddingModel(
  init: GgufEmbeddingModelInit,
  { runtime }: { readonly runtime: LlamaRuntime },
): Promise<GgufEmbeddingModel> {
  const { module, llama } = await runtime.open()
  const facts = await checkGgufFile(init.path, module)
  const contextSize = Math.min(init.contextTokens ?? CONTEXT_TOKENS_MAX, facts.contextTokens)
  let model: LlamaModel
  let context: LlamaEmbeddingContext
  try {
    model = await llama.loadModel({ modelPath: init.path })
    const threads = facts.sizeBytes <= ONE_THREAD_BYTES_MAX ? { threads: 1 } : {}
    context = await model.createEmbeddingContext({ contextSize, ...threads })
  } catch (cause) {
    throw new CodedError('MODEL_FILE_INVALID', { message: `The model ${init.modelId} does not load`, cause })
  }
  const dispose = async (): Promise<void> => {
    forget()
    await context.dispose()
    await model.dispose()
  }
  const forget = runtime.adopt(dispose)
  const slots = new SlotQueue([context], init.waitersMax ?? 64)
  return {
    id: init.modelId,
    dimensions: facts.embeddingLength,
    async embed(texts, options) {
      const signal = options?.signal
      const slot = await slots.acquire(signal)
      try {
        const vectors: Float32Array[] = []
        let tokensIn = 0
        for (const text of texts) {
          signal?.throwIfAborted()
          // The runtime adds the begin and end tokens itself, so room for them is kept.
          const tokens = model.tokenize(text).slice(0, contextSize - 2)
          tokensIn += tokens.length
          vectors.push(
            tokens.length === 0
              ? new Float32Array(facts.embeddingLength)
              : normaliseVector(Float32Array.from((await slot.getEmbeddingFor(tokens)).vector)),
          )
        }
        return { vectors, tokensIn }
      } finally {
        slots.release(slot)
      }
    },
    [Symbol.asyncDispose]: dispose,
  }
}
