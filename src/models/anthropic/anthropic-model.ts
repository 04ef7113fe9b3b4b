import type { AbortOptions } from '../../ports/abort-options.ts'
import type { LanguageModel, ModelAnswer, ModelRequest, ModelStreamPart } from '../../ports/language-model.ts'
import type { OutboundFetch } from '../../ports/outbound-fetch.ts'
import type { Tokenizer } from '../../ports/tokenizer.ts'
import { estimateUsage } from '../estimated-usage.ts'
import { parseJson } from '../json-access.ts'
import { joinUrl, limitsOf, postJson, type ProviderEndpoint, type ProviderLimits } from '../provider-endpoint.ts'
import { describeConnectionFailure, malformedAnswer } from '../provider-errors.ts'
import { encodeAnthropicRequest } from './anthropic-request.ts'
import { decodeAnthropicMessage } from './anthropic-response.ts'
import { readAnthropicStream } from './anthropic-stream.ts'

/** Version of the interface that this adapter speaks. */
const ANTHROPIC_VERSION = '2023-06-01'

const DEFAULT_MAX_OUTPUT_TOKENS = 8192

export type AnthropicModelInit = ProviderLimits & {
  /** The registry's id of the model. */
  readonly modelId: string
  /** Usually `anthropic`; others serve the same interface. */
  readonly provider: string
  /** The name that the server knows. */
  readonly model: string
  /** Base URL up to and including the version: `https://api.anthropic.com/v1`. */
  readonly baseUrl: string
  readonly apiKey?: string
  /** Bound of the answer where the request sets none; the interface demands one. */
  readonly defaultMaxOutputTokens?: number
}

export type AnthropicModelComponents = { readonly outbound: OutboundFetch; readonly tokenizer: Tokenizer }

/** A model behind Anthropic's Messages interface. Schemas are enforced by `output_config.format`, which needs Claude 4.5 or later. */
export function createAnthropicModel(init: AnthropicModelInit, components: AnthropicModelComponents): LanguageModel {
  return new AnthropicModel(init, components)
}

class AnthropicModel implements LanguageModel {
  readonly modelId: string
  readonly provider: string
  readonly #model: string
  readonly #defaultMaxOutputTokens: number
  readonly #endpoint: ProviderEndpoint
  readonly #tokenizer: Tokenizer

  constructor(init: AnthropicModelInit, components: AnthropicModelComponents) {
    this.modelId = init.modelId
    this.provider = init.provider
    this.#model = init.model
    this.#defaultMaxOutputTokens = init.defaultMaxOutputTokens ?? DEFAULT_MAX_OUTPUT_TOKENS
    this.#tokenizer = components.tokenizer
    this.#endpoint = {
      outbound: components.outbound,
      identity: { provider: init.provider, modelId: init.modelId, secrets: [init.apiKey ?? ''] },
      url: joinUrl(init.baseUrl, '/messages'),
      headers: {
        'content-type': 'application/json',
        'anthropic-version': ANTHROPIC_VERSION,
        ...(init.apiKey !== undefined && { 'x-api-key': init.apiKey }),
      },
      limits: limitsOf(init),
    }
  }

  async doGenerate(request: ModelRequest, options?: AbortOptions): Promise<ModelAnswer> {
    const decoded = decodeAnthropicMessage(parseJson(await this.#readAnswer(request, options)))
    if (decoded === undefined) throw malformedAnswer('the body is not a message', this.#endpoint.identity)
    const usage = decoded.usage ?? (await estimateUsage(request, decoded, this.#tokenizer))
    return { ...decoded, usage }
  }

  async *doStream(request: ModelRequest, options?: AbortOptions): AsyncGenerator<ModelStreamPart, void> {
    let isStreaming = false
    try {
      const response = await postJson(this.#endpoint, this.#encode(request, true), options)
      isStreaming = true
      yield* readAnthropicStream({
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
    return encodeAnthropicRequest(request, {
      model: this.#model,
      defaultMaxOutputTokens: this.#defaultMaxOutputTokens,
      isStreaming,
    })
  }
}
