import { CodedError } from '../base/errors.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { LanguageModel, ModelAnswer, ModelRequest, ModelStreamPart, ModelUsage } from '../ports/language-model.ts'
import type { Timers } from '../ports/timers.ts'
import { answerOfParts, partsOfAnswer } from './answer-parts.ts'

/** What a scripted model does with one call. A string is an answer with that text. */
export type ScriptedReply =
  | string
  | ({ readonly kind: 'answer'; readonly delayMs?: number } & Partial<ModelAnswer>)
  /** Throws this: a coded error, or whatever a broken provider throws. */
  | { readonly kind: 'throw'; readonly error: unknown; readonly delayMs?: number }
  /** The provider refuses in its own words. */
  | { readonly kind: 'refuse'; readonly refusal: string }
  /** Streams so many text pieces and then breaks; a whole answer is not given at all. */
  | { readonly kind: 'truncate'; readonly text: string; readonly afterPieces: number }
  /** Waits until the caller aborts. */
  | { readonly kind: 'hang' }

/** What a scripted model does with its calls, and what it is called: both names are `scripted` where they are absent. */
export type ScriptedModelInit = {
  /**
   * One reply for every call; a list, one per call; or a function of the request and the number of earlier calls. A list that runs out
   * throws `RangeError`: a test that calls more often than it says is wrong.
   */
  readonly replies: ScriptedReply | readonly ScriptedReply[] | ((request: ModelRequest, index: number) => ScriptedReply)
  readonly modelId?: string
  readonly provider?: string
  /** Pieces into which streamed text is cut. Default 3. */
  readonly textPieceCount?: number
  /** Needed for replies with `delayMs`. */
  readonly timers?: Timers
}

/** A model for tests that does what it is told and remembers what it was asked. */
export type ScriptedModel = LanguageModel & {
  /** Every request so far, copied and frozen. */
  readonly calls: readonly ModelRequest[]
  /** Calls that ended because the caller aborted or left the stream. */
  readonly abandonedCount: number
}

/** Default usage: a quarter of a token per character, as a round figure that tests can compute by hand. */
function usageOf(request: ModelRequest, text: string): ModelUsage {
  const prompt = request.messages
    .map((message) => (typeof message.content === 'string' ? message.content : ''))
    .join('')
  return {
    tokensIn: Math.ceil(prompt.length / 4),
    tokensOut: Math.ceil(text.length / 4),
    cachedTokensIn: 0,
    isEstimated: false,
  }
}

/** A model that says what it is told to, for tests: answers in order, failures, delays, usage. */
export function createScriptedModel(init: ScriptedModelInit): ScriptedModel {
  return new ScriptedLanguageModel(init)
}

class ScriptedLanguageModel implements ScriptedModel {
  readonly modelId: string
  readonly provider: string
  readonly calls: ModelRequest[] = []
  abandonedCount = 0
  readonly #init: ScriptedModelInit

  constructor(init: ScriptedModelInit) {
    this.#init = init
    this.modelId = init.modelId ?? 'scripted'
    this.provider = init.provider ?? 'scripted'
  }

  async doGenerate(request: ModelRequest, options?: AbortOptions): Promise<ModelAnswer> {
    return answerOfParts(await this.#perform(request, options, true))
  }

  async *doStream(request: ModelRequest, options?: AbortOptions): AsyncGenerator<ModelStreamPart, void> {
    const parts = await this.#perform(request, options, false)
    let isComplete = false
    try {
      for (const part of parts) {
        options?.signal?.throwIfAborted()
        if (part.type === 'finish') isComplete = true
        yield part
      }
      if (!isComplete) throw truncated(this.modelId)
      options?.signal?.throwIfAborted()
    } finally {
      if (!isComplete) this.abandonedCount++
    }
  }

  async #perform(
    request: ModelRequest,
    options: AbortOptions | undefined,
    isWhole: boolean,
  ): Promise<readonly ModelStreamPart[]> {
    const signal = options?.signal
    signal?.throwIfAborted()
    const index = this.calls.length
    this.calls.push(deepFreeze(structuredClone(request)))
    const reply = normalise(this.#replyTo(request, index))
    try {
      if (reply.kind === 'hang') await this.#wait(undefined, signal)
      else if ('delayMs' in reply && reply.delayMs !== undefined) await this.#wait(reply.delayMs, signal)
    } catch (reason) {
      this.abandonedCount++
      throw reason
    }
    if (reply.kind === 'throw') throw reply.error
    const answer = answerFor(reply, request)
    const parts = partsOfAnswer(answer, this.#init.textPieceCount ?? 3)
    if (reply.kind !== 'truncate') return parts
    if (isWhole) throw truncated(this.modelId)
    return parts.filter((part) => part.type === 'text-delta').slice(0, reply.afterPieces)
  }

  #replyTo(request: ModelRequest, index: number): ScriptedReply {
    const { replies } = this.#init
    if (typeof replies === 'function') return replies(request, index)
    if (!isList(replies)) return replies
    const reply = replies[index]
    if (reply === undefined) throw new RangeError(`The script of ${this.modelId} has no reply for call ${index + 1}`)
    return reply
  }

  /** Until `delayMs` are over on the injected timers, or for ever; rejects with the signal's reason when it aborts. */
  async #wait(delayMs: number | undefined, signal: AbortSignal | undefined): Promise<void> {
    const { timers } = this.#init
    if (delayMs !== undefined && timers === undefined) throw new TypeError('A reply with a delay needs timers')
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        timer?.cancel()
        signal?.removeEventListener('abort', settle)
        resolve()
      }
      const timer = delayMs === undefined ? undefined : timers?.schedule(delayMs, settle)
      signal?.addEventListener('abort', settle, { once: true })
    })
    signal?.throwIfAborted()
  }
}

type NormalReply = Exclude<ScriptedReply, string>

function normalise(reply: ScriptedReply): NormalReply {
  return typeof reply === 'string' ? { kind: 'answer', text: reply } : reply
}

function isList(replies: ScriptedReply | readonly ScriptedReply[]): replies is readonly ScriptedReply[] {
  return Array.isArray(replies)
}

function answerFor(reply: Exclude<NormalReply, { kind: 'throw' }>, request: ModelRequest): ModelAnswer {
  const text = 'text' in reply ? (reply.text ?? '') : ''
  const base = { text, toolCalls: [], finishReason: 'stop', usage: usageOf(request, text) } as const
  if (reply.kind === 'refuse') return { ...base, refusal: reply.refusal }
  if (reply.kind !== 'answer') return base
  const { kind: _kind, delayMs: _delay, ...answer } = reply
  return { ...base, ...(answer.toolCalls !== undefined && { finishReason: 'tool-calls' as const }), ...answer }
}

function truncated(modelId: string): CodedError {
  return new CodedError('MODEL_STREAM_TRUNCATED', {
    message: `The stream of ${modelId} stopped before it was finished`,
  })
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const member of Object.values(value)) deepFreeze(member)
  }
  return value
}
