import type { AbortOptions } from '../../ports/abort-options.ts'
import type { LanguageModel, ModelAnswer, ModelRequest, ModelStreamPart } from '../../ports/language-model.ts'
import type { OutboundFetch, OutboundResponse } from '../../ports/outbound-fetch.ts'
import type { Tokenizer } from '../../ports/tokenizer.ts'
import { estimateUsage } from '../estimated-usage.ts'
import { parseJson } from '../json-access.ts'
import {
  describeConnectionFailure,
  describeErrorResponse,
  errorOfStatus,
  malformedAnswer,
  readReportedError,
  type ProviderIdentity,
} from '../provider-errors.ts'
import { encodeOpenaiRequest, type OpenaiDialect } from './openai-request.ts'
import { decodeOpenaiAnswer } from './openai-response.ts'
import { readOpenaiStream } from './openai-stream.ts'

export type OpenaiCompatibleModelInit = {
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
  readonly headersTimeoutMs?: number
  readonly idleTimeoutMs?: number
  readonly responseBytesMax?: number
}

export type OpenaiCompatibleModelComponents = { readonly outbound: OutboundFetch; readonly tokenizer: Tokenizer }

/** A model behind any server that speaks OpenAI's chat completions: OpenAI, Ollama, llama-server, vLLM, OpenRouter, DeepSeek and others. */
export function createOpenaiCompatibleModel(
  init: OpenaiCompatibleModelInit,
  components: OpenaiCompatibleModelComponents,
): LanguageModel {
  return new OpenaiCompatibleModel(init, components)
}

class OpenaiCompatibleModel implements LanguageModel {
  readonly modelId: string
  readonly provider: string
  readonly #init: OpenaiCompatibleModelInit
  readonly #outbound: OutboundFetch
  readonly #tokenizer: Tokenizer
  readonly #dialect: OpenaiDialect
  readonly #identity: ProviderIdentity
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(init: OpenaiCompatibleModelInit, components: OpenaiCompatibleModelComponents) {
    this.modelId = init.modelId
    this.provider = init.provider
    this.#init = init
    this.#outbound = components.outbound
    this.#tokenizer = components.tokenizer
    const isOpenai = init.provider === 'openai'
    this.#dialect = {
      maxTokensField: isOpenai ? 'max_completion_tokens' : 'max_tokens',
      hasDeveloperRole: isOpenai,
      hasStreamUsage: true,
      ...init.dialect,
    }
    const secrets = [init.apiKey ?? '', ...Object.values(init.headers ?? {})]
    this.#identity = { provider: init.provider, modelId: init.modelId, secrets }
    this.#url = `${init.baseUrl.replace(/\/+$/, '')}/chat/completions`
    this.#headers = {
      'content-type': 'application/json',
      ...(init.apiKey !== undefined && { authorization: `Bearer ${init.apiKey}` }),
      ...init.headers,
    }
  }

  async doGenerate(request: ModelRequest, options?: AbortOptions): Promise<ModelAnswer> {
    const text = await this.#readAnswer(request, options)
    const body = parseJson(text)
    const decoded = decodeOpenaiAnswer(body)
    if (decoded === undefined) throw this.#describeNoAnswer(body)
    const usage = decoded.usage ?? (await estimateUsage(request, decoded, this.#tokenizer))
    return { ...decoded, usage }
  }

  async *doStream(request: ModelRequest, options?: AbortOptions): AsyncGenerator<ModelStreamPart, void> {
    let isStreaming = false
    try {
      const response = await this.#send(request, { ...options, isStreaming: true })
      isStreaming = true
      yield* readOpenaiStream({
        response,
        request,
        identity: this.#identity,
        tokenizer: this.#tokenizer,
        signal: options?.signal,
      })
    } catch (error) {
      throw describeConnectionFailure(error, this.#identity, isStreaming)
    }
  }

  async #readAnswer(request: ModelRequest, options: AbortOptions | undefined): Promise<string> {
    try {
      const response = await this.#send(request, { ...options, isStreaming: false })
      return await response.text()
    } catch (error) {
      throw describeConnectionFailure(error, this.#identity)
    }
  }

  async #send(
    request: ModelRequest,
    options: AbortOptions & { readonly isStreaming: boolean },
  ): Promise<OutboundResponse> {
    const { headersTimeoutMs, idleTimeoutMs, responseBytesMax } = this.#init
    const response = await this.#outbound.request({
      url: this.#url,
      method: 'POST',
      headers: this.#headers,
      body: encodeOpenaiRequest(request, {
        model: this.#init.model,
        dialect: this.#dialect,
        isStreaming: options.isStreaming,
      }),
      signal: options.signal,
      ...(headersTimeoutMs !== undefined && { headersTimeoutMs }),
      ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
      ...(responseBytesMax !== undefined && { responseBytesMax }),
    })
    if (response.status !== 200) throw await describeErrorResponse(response, this.#identity)
    return response
  }

  /** Some gateways answer failures with status 200 and an error in the body. */
  #describeNoAnswer(body: unknown): Error {
    const reported = readReportedError(body)
    if (reported.message === '') return malformedAnswer('the body is not a chat completion', this.#identity)
    return errorOfStatus({ status: 500, identity: this.#identity, reported, retryAfterMs: undefined })
  }
}
