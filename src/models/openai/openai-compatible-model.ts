import type { AbortOptions } from '../../ports/abort-options.ts'
import type { LanguageModel, ModelAnswer, ModelRequest, ModelStreamPart } from '../../ports/language-model.ts'
import type { OutboundFetch } from '../../ports/outbound-fetch.ts'
import type { Tokenizer } from '../../ports/tokenizer.ts'
import { estimateUsage } from '../estimated-usage.ts'
import { parseJson } from '../json-access.ts'
import { joinUrl, limitsOf, postJson, type ProviderEndpoint, type ProviderLimits } from '../provider-endpoint.ts'
import {
  describeConnectionFailure,
  errorOfStatus,
  malformedAnswer,
  readReportedError,
  type ProviderIdentity,
} from '../provider-errors.ts'
import { encodeOpenaiRequest, type OpenaiDialect } from './openai-request.ts'
import { decodeOpenaiAnswer } from './openai-response.ts'
import { readOpenaiStream } from './openai-stream.ts'

export type OpenaiCompatibleModelInit = ProviderLimits & {
  /** The registry's id of the model. */
  readonly modelId: string
  /** Who serves it: `openai`, `ollama`, `openrouter`, ... */
  readonly provider: string
  /** The name that the server knows. */
  readonly model: string
  /** Base URL up to and including the version: `https://api.openai.com/v1`, `http://127.0.0.1:11434/v1`. */
  readonly baseUrl: string
  /** Sent as a bearer token; absent for local servers. */
  readonly apiKey?: string
  /** Further headers, for example an organisation; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** How the server differs from the common ground; absent: OpenAI's own ways for `openai`, the older ones for others. */
  readonly dialect?: Partial<OpenaiDialect>
}

export type OpenaiCompatibleModelComponents = { readonly outbound: OutboundFetch; readonly tokenizer: Tokenizer }

/** A model behind any server that speaks OpenAI's chat completions: OpenAI, Ollama, llama-server, vLLM, OpenRouter, DeepSeek and others. */
export function createOpenaiCompatibleModel(
  init: OpenaiCompatibleModelInit,
  components: OpenaiCompatibleModelComponents,
): LanguageModel {
  return new OpenaiCompatibleModel(init, components)
}

/** Headers of every call to a server of this kind. */
export function openaiHeaders(init: Pick<OpenaiCompatibleModelInit, 'apiKey' | 'headers'>): Record<string, string> {
  return {
    'content-type': 'application/json',
    ...(init.apiKey !== undefined && { authorization: `Bearer ${init.apiKey}` }),
    ...init.headers,
  }
}

/** Who is called, and which of the settings must never be printed. */
export function openaiIdentity(
  init: Pick<OpenaiCompatibleModelInit, 'provider' | 'modelId' | 'apiKey' | 'headers'>,
): ProviderIdentity {
  const secrets = [init.apiKey ?? '', ...Object.values(init.headers ?? {})]
  return { provider: init.provider, modelId: init.modelId, secrets }
}

class OpenaiCompatibleModel implements LanguageModel {
  readonly modelId: string
  readonly provider: string
  readonly #model: string
  readonly #dialect: OpenaiDialect
  readonly #endpoint: ProviderEndpoint
  readonly #tokenizer: Tokenizer

  constructor(init: OpenaiCompatibleModelInit, components: OpenaiCompatibleModelComponents) {
    this.modelId = init.modelId
    this.provider = init.provider
    this.#model = init.model
    this.#tokenizer = components.tokenizer
    const isOpenai = init.provider === 'openai'
    this.#dialect = {
      maxTokensField: isOpenai ? 'max_completion_tokens' : 'max_tokens',
      hasDeveloperRole: isOpenai,
      hasStreamUsage: true,
      ...init.dialect,
    }
    this.#endpoint = {
      outbound: components.outbound,
      identity: openaiIdentity(init),
      url: joinUrl(init.baseUrl, '/chat/completions'),
      headers: openaiHeaders(init),
      limits: limitsOf(init),
    }
  }

  async doGenerate(request: ModelRequest, options?: AbortOptions): Promise<ModelAnswer> {
    const body = parseJson(await this.#readAnswer(request, options))
    const decoded = decodeOpenaiAnswer(body)
    if (decoded === undefined) throw this.#describeNoAnswer(body)
    const usage = decoded.usage ?? (await estimateUsage(request, decoded, this.#tokenizer))
    return { ...decoded, usage }
  }

  async *doStream(request: ModelRequest, options?: AbortOptions): AsyncGenerator<ModelStreamPart, void> {
    let isStreaming = false
    try {
      const response = await postJson(this.#endpoint, this.#encode(request, true), options)
      isStreaming = true
      yield* readOpenaiStream({
        response,
        request,
        identity: this.#endpoint.identity,
        tokenizer: this.#tokenizer,
        signal: options?.signal,
      })
    } catch (error) {
      throw describeConnectionFailure(error, this.#endpoint.identity, isStreaming)
    }
  }

  async #readAnswer(request: ModelRequest, options: AbortOptions | undefined): Promise<string> {
    try {
      const response = await postJson(this.#endpoint, this.#encode(request, false), options)
      return await response.text()
    } catch (error) {
      throw describeConnectionFailure(error, this.#endpoint.identity)
    }
  }

  #encode(request: ModelRequest, isStreaming: boolean): string {
    return encodeOpenaiRequest(request, { model: this.#model, dialect: this.#dialect, isStreaming })
  }

  /** Some gateways answer failures with status 200 and an error in the body. */
  #describeNoAnswer(body: unknown): Error {
    const { identity } = this.#endpoint
    const reported = readReportedError(body)
    if (reported.message === '') return malformedAnswer('the body is not a chat completion', identity)
    return errorOfStatus({ status: 500, identity, reported, retryAfterMs: undefined })
  }
}
