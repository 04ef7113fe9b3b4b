import type { LlamaChat, LlamaContext, LlamaModel } from 'node-llama-cpp'
import { CodedError } from '../../base/errors.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type {
  FinishReason,
  LanguageModel,
  ModelAnswer,
  ModelRequest,
  ModelStreamPart,
  ModelUsage,
} from '../../ports/language-model.ts'
import { checkGgufAdapter } from './check-gguf-adapter.ts'
import { checkGgufFile } from './check-gguf-file.ts'
import { createGrammar, encodeHistory } from './gguf-request.ts'
import type { LlamaRuntime, OpenLlama } from './llama-runtime.ts'
import { SlotQueue } from './slot-queue.ts'
import { TextRelay } from './text-relay.ts'

/**
 * Which file a model is loaded from, and how much it may hold and do at a time. A request beyond `waitersMax` is refused with
 * `MODEL_OVERLOADED`.
 */
export type GgufModelInit = {
  /** The registry's id of the model. */
  readonly modelId: string
  /** Path of the GGUF file. */
  readonly path: string
  /** Path of a LoRA adapter in a GGUF file, made for this model; every answer is given with it. */
  readonly adapterPath?: string
  /** Context of each sequence in tokens; the file's own limit bounds it. Default 4096. */
  readonly contextTokens?: number
  /** Answers generated at the same time. Default 1. */
  readonly sequencesMax?: number
  /** Requests that may wait for a sequence; more are refused. Default 64. */
  readonly waitersMax?: number
}

/** A model of weights on this machine. Disposing of it frees its memory; a later call loads it anew. */
export type GgufModel = LanguageModel & AsyncDisposable & { dispose(): Promise<void> }

const CONTEXT_TOKENS = 4096
const WAITERS_MAX = 64

/** Below this size one thread is several times faster than two: threads would spend their time waiting for each other. */
const ONE_THREAD_BYTES_MAX = 67_108_864

/** Answers without a bound from the caller end here, or where the context does. */
const OUTPUT_TOKENS_MAX = 2048

/** A GGUF model through node-llama-cpp. The file is checked and loaded at the first call. */
export function createGgufModel(init: GgufModelInit, components: { readonly runtime: LlamaRuntime }): GgufModel {
  return new LocalModel(init, components.runtime)
}

type Loaded = {
  readonly open: OpenLlama
  readonly model: LlamaModel
  readonly context: LlamaContext
  /** One conversation form per sequence, made at load: finding out a model's chat format costs a quarter of a second. */
  readonly slots: SlotQueue<LlamaChat>
}

type Generation = {
  readonly text: string
  readonly finishReason: FinishReason
  readonly usage: ModelUsage
}

class LocalModel implements GgufModel {
  readonly modelId: string
  readonly provider = 'gguf'
  readonly #init: GgufModelInit
  readonly #runtime: LlamaRuntime
  #loading: Promise<Loaded> | undefined
  #forget: (() => void) | undefined

  constructor(init: GgufModelInit, runtime: LlamaRuntime) {
    this.modelId = init.modelId
    this.#init = init
    this.#runtime = runtime
  }

  async doGenerate(request: ModelRequest, options?: AbortOptions): Promise<ModelAnswer> {
    const { text, finishReason, usage } = await this.#generate(request, options?.signal, () => undefined)
    return { text, toolCalls: [], finishReason, usage }
  }

  async *doStream(request: ModelRequest, options?: AbortOptions): AsyncGenerator<ModelStreamPart, void> {
    const leaving = new AbortController()
    const { signal = leaving.signal } = options ?? {}
    const joined = signal === leaving.signal ? signal : AbortSignal.any([signal, leaving.signal])
    const relay = new TextRelay()
    const generation = this.#generate(request, joined, (text) => relay.push(text))
    generation.then(
      () => relay.end(),
      () => relay.end(),
    )
    try {
      for await (const text of relay) {
        yield { type: 'text-delta', text }
        signal.throwIfAborted()
      }
      const { finishReason, usage } = await generation
      yield { type: 'finish', finishReason, usage }
    } finally {
      leaving.abort(new Error('The reader left'))
      // The sequence must be free again before the caller can ask for more; how the generation ended was thrown or is of no interest.
      await generation.catch(() => undefined)
    }
  }

  async dispose(): Promise<void> {
    const loading = this.#loading
    this.#loading = undefined
    this.#forget?.()
    const loaded = await loading?.catch(() => undefined)
    await loaded?.context.dispose()
    await loaded?.model.dispose()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  async #generate(
    request: ModelRequest,
    signal: AbortSignal | undefined,
    onText: (text: string) => void,
  ): Promise<Generation> {
    signal?.throwIfAborted()
    const history = encodeHistory(request)
    const loaded = await this.#load()
    const grammar = await createGrammar(request, loaded.open.llama)
    const chat = await loaded.slots.acquire(signal)
    try {
      const outputTokensMax = this.#boundOutput(request, chat, history)
      const before = chat.sequence.tokenMeter.getState()
      const response = await chat.generateResponse(history, {
        maxTokens: outputTokensMax,
        temperature: request.temperature ?? 0,
        ...(request.topP !== undefined && { topP: request.topP }),
        ...(request.seed !== undefined && { seed: request.seed }),
        ...(request.stop !== undefined && { customStopTriggers: [...request.stop] }),
        ...(grammar !== undefined && { grammar }),
        ...(signal !== undefined && { signal }),
        onTextChunk: (text) => text !== '' && onText(text),
      })
      const spent = chat.sequence.tokenMeter.diff(before)
      return {
        text: response.response,
        finishReason: finishReasonOf(response.metadata.stopReason),
        usage: {
          tokensIn: spent.usedInputTokens,
          tokensOut: spent.usedOutputTokens,
          cachedTokensIn: 0,
          isEstimated: false,
        },
      }
    } finally {
      await this.#recycle(chat, loaded)
    }
  }

  /** Nothing of one caller's conversation stays for the next. A sequence of a model that was disposed of meanwhile is gone. */
  async #recycle(chat: LlamaChat, loaded: Loaded): Promise<void> {
    if (chat.disposed || chat.sequence.disposed) return
    await chat.sequence.clearHistory()
    loaded.slots.release(chat)
  }

  /** Tokens that the answer may have: what the caller allows and the context has room for. The runtime would drop the prompt's beginning in silence. */
  #boundOutput(request: ModelRequest, chat: LlamaChat, history: ReturnType<typeof encodeHistory>): number {
    const { contextText } = chat.chatWrapper.generateContextState({ chatHistory: history })
    const promptTokens = contextText.tokenize(chat.model.tokenizer).length
    const room = chat.sequence.contextSize - promptTokens - 1
    if (room >= 1) return Math.min(request.maxOutputTokens ?? OUTPUT_TOKENS_MAX, room)
    throw new CodedError('MODEL_REQUEST_REFUSED', {
      message: `The prompt has ${promptTokens} tokens and the context of ${this.modelId} ${chat.sequence.contextSize}`,
      details: { promptTokens, contextTokens: chat.sequence.contextSize },
    })
  }

  #load(): Promise<Loaded> {
    if (this.#loading !== undefined) return this.#loading
    this.#forget = this.#runtime.adopt(() => this.dispose())
    this.#loading = loadModel(this.#init, this.#runtime).catch((error: unknown) => {
      this.#loading = undefined
      this.#forget?.()
      throw error
    })
    return this.#loading
  }
}

async function loadModel(init: GgufModelInit, runtime: LlamaRuntime): Promise<Loaded> {
  const open = await runtime.open()
  const facts = await checkGgufFile(init.path, open.module)
  const { adapterPath } = init
  if (adapterPath !== undefined) await checkGgufAdapter(adapterPath, { modelPath: init.path, module: open.module })
  const sequences = init.sequencesMax ?? 1
  const contextTokens = Math.min(init.contextTokens ?? CONTEXT_TOKENS, facts.contextTokens)
  try {
    const model = await open.llama.loadModel({ modelPath: init.path })
    const context = await model.createContext({
      contextSize: contextTokens,
      sequences,
      ...(adapterPath !== undefined && { lora: { adapters: [{ filePath: adapterPath }] } }),
      ...(facts.sizeBytes <= ONE_THREAD_BYTES_MAX && { threads: 1 }),
    })
    const slots = openChats(open, context, sequences)
    return { open, model, context, slots: new SlotQueue(slots, init.waitersMax ?? WAITERS_MAX) }
  } catch (cause) {
    throw new CodedError('MODEL_FILE_INVALID', { message: `The model ${init.modelId} does not load`, cause })
  }
}

/** The first chat finds out the model's format by itself, and the others share it. */
function openChats(open: OpenLlama, context: LlamaContext, count: number): readonly LlamaChat[] {
  const first = new open.module.LlamaChat({ contextSequence: context.getSequence() })
  const { chatWrapper } = first
  const others = Array.from(
    { length: count - 1 },
    () => new open.module.LlamaChat({ contextSequence: context.getSequence(), chatWrapper }),
  )
  return [first, ...others]
}

function finishReasonOf(stopReason: string): FinishReason {
  switch (stopReason) {
    case 'maxTokens':
      return 'length'
    case 'eogToken':
    case 'stopGenerationTrigger':
    case 'customStopTrigger':
      return 'stop'
    default:
      return 'unknown'
  }
}
