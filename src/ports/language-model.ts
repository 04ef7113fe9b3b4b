/**
 * A model that answers a conversation. Adapters implement it for HTTP APIs, local weights and recorded answers; the router is its only caller.
 * It is not a policy: it never retries, falls back or picks another model. It meters what its provider reports and says when it had to estimate.
 *
 * Methods are called `do…` so that nobody calls them by accident where a `Router` is meant.
 */

import type { AnswerPurchase } from '../core/routing/task-outcome.ts'
import type { JsonValue } from '../base/canonical-json.ts'
import type { AbortOptions } from './abort-options.ts'
import type { TraceParent } from './tracer.ts'

/** A piece of a message: text, or an image by `https:` or `data:` URL. */
export type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly url: string; readonly detail?: 'auto' | 'low' | 'high' }

/** A call that the model asks the caller to make. `arguments` is the JSON text as the model wrote it, which may not parse. */
export type ToolCall = { readonly id: string; readonly name: string; readonly arguments: string }

/** One message. Roles are those of chat APIs; `developer` counts as `system` where a provider does not know it. */
export type ChatMessage =
  | { readonly role: 'system' | 'developer'; readonly content: string }
  | { readonly role: 'user'; readonly content: string | readonly ContentPart[]; readonly name?: string }
  | { readonly role: 'assistant'; readonly content: string | null; readonly toolCalls?: readonly ToolCall[] }
  | { readonly role: 'tool'; readonly content: string; readonly toolCallId: string }

/** A function the model may call; `parameters` is a JSON Schema. */
export type ToolDefinition = {
  readonly name: string
  readonly description?: string
  readonly parameters?: JsonValue
  readonly strict?: boolean
}

/** Whether the model calls a tool. `auto`: as it likes; `none`: it calls none; `required`: it calls one or more; `name`: it calls this one. */
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string }

/** What the text of the answer must be. Absent: free text. */
export type ResponseFormat =
  | { readonly type: 'json-object' }
  | { readonly type: 'json-schema'; readonly name: string; readonly schema: JsonValue; readonly strict?: boolean }

/** A token as the model's vocabulary has it. */
export type TokenLikelihood = {
  readonly token: string
  /** Natural logarithm of its probability, 0 or less. */
  readonly logprob: number
  /** Its UTF-8 bytes, which may be part of a character; `null` where it has none. */
  readonly bytes: readonly number[] | null
}

/** A token that was written, and those that were most likely at its place. */
export type TokenLogprob = TokenLikelihood & { readonly top: readonly TokenLikelihood[] }

/** How likely the tokens of an answer were, in their order. */
export type AnswerLogprobs = { readonly text: readonly TokenLogprob[]; readonly refusal: readonly TokenLogprob[] }

/** What a model is asked, in the words of no provider: adapters translate it. */
export type ModelRequest = {
  /** At least one message, oldest first. */
  readonly messages: readonly ChatMessage[]
  readonly tools?: readonly ToolDefinition[]
  readonly toolChoice?: ToolChoice
  readonly responseFormat?: ResponseFormat
  /** Upper bound of the answer in tokens, 1 or more. Absent: the provider's own. */
  readonly maxOutputTokens?: number
  /** 0..2. Absent: the provider's own. */
  readonly temperature?: number
  /** 0..1. Absent: the provider's own. */
  readonly topP?: number
  readonly stop?: readonly string[]
  readonly seed?: number
  /** The likelihood of each token is wanted, and that of the `top` (0..20) most likely at each place. Absent: neither. */
  readonly logprobs?: { readonly top: number }
  /** Members of the caller's request that the project does not interpret, passed to the provider as they are (`logit_bias`, `user`, ...). */
  readonly passThrough?: { readonly [name: string]: JsonValue | undefined }
}

/** Tokens as the provider counted them. */
export type ModelUsage = {
  /** All input tokens, cached ones included. */
  readonly tokensIn: number
  readonly tokensOut: number
  /** The part of `tokensIn` that the provider billed at its cached price; 0 when it does not say. */
  readonly cachedTokensIn: number
  /** The part of `tokensIn` that the provider billed for writing its cache; absent when there was none or it does not say. */
  readonly cacheWriteTokensIn?: number
  /** The part of `tokensOut` that the model thought with; absent when the provider does not say. */
  readonly reasoningTokensOut?: number
  /** True when the provider reported nothing and a tokenizer counted instead. */
  readonly isEstimated: boolean
}

/** Why the answer ended. `unknown` is what the provider does not say or says in words nobody documents. */
export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'unknown'

/** What a model answered, with what it took. */
export type ModelAnswer = {
  /** Text of the answer; empty when it consists of tool calls or of a refusal. */
  readonly text: string
  readonly toolCalls: readonly ToolCall[]
  readonly finishReason: FinishReason
  readonly usage: ModelUsage
  /** The provider's own structured refusal, where it has one. */
  readonly refusal?: string
  /** The model that answered by the provider's own word, for example a dated snapshot. Absent when it does not say. */
  readonly servedModel?: string
  /** Absent where nobody asked for them, and where the provider gave none. */
  readonly logprobs?: AnswerLogprobs
  /** Which of the `stop` texts ended the answer, where the provider says so. */
  readonly stopSequence?: string
  /** What was agreed for it, where it was bought from a peer; what it cost then follows from the price and not from tokens. */
  readonly purchase?: AnswerPurchase
}

/** Parts of a streamed answer, in order; exactly one `finish`, last. A failure after the first part is thrown from the iterator. */
export type ModelStreamPart =
  | { readonly type: 'text-delta'; readonly text: string; readonly logprobs?: readonly TokenLogprob[] }
  | { readonly type: 'refusal-delta'; readonly text: string; readonly logprobs?: readonly TokenLogprob[] }
  /** A tool call in pieces: `id` and `name` come with the first piece of each `index`. */
  | {
      readonly type: 'tool-call-delta'
      readonly index: number
      readonly id?: string
      readonly name?: string
      readonly argumentsText: string
    }
  | {
      readonly type: 'finish'
      readonly finishReason: FinishReason
      readonly usage: ModelUsage
      readonly servedModel?: string
      readonly stopSequence?: string
    }

export type ModelCallOptions = AbortOptions & {
  /** The span that the call is, for providers that are told of it. Absent: no trace. */
  readonly trace?: TraceParent | undefined
}

/** A model that can be called. */
export interface LanguageModel {
  /** The registry's name of the model, for example `gpt-4o-mini`. */
  readonly modelId: string
  /** Who serves it, for example `openai`, `ollama`, `gguf`. */
  readonly provider: string

  /**
   * One whole answer.
   *
   * Throws `MODEL_UNREACHABLE`, `MODEL_TIMEOUT`, `MODEL_AUTH_FAILED`, `MODEL_PAYMENT_REQUIRED`, `MODEL_RATE_LIMITED`, `MODEL_NOT_FOUND`,
   * `MODEL_REQUEST_REFUSED`, `MODEL_SERVER_ERROR`, `MODEL_ANSWER_MALFORMED`, `MODEL_ANSWER_TOO_LARGE`, `MODEL_STREAM_TRUNCATED`; the signal's reason when aborted.
   */
  doGenerate(request: ModelRequest, options?: ModelCallOptions): Promise<ModelAnswer>

  /**
   * The answer in parts, as the provider sends them. Leaving the loop early or aborting ends the upstream call.
   * Throws as `doGenerate`; `MODEL_STREAM_TRUNCATED` also when the provider stops without a finish.
   */
  doStream(request: ModelRequest, options?: ModelCallOptions): AsyncIterable<ModelStreamPart>
}
