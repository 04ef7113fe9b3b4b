import type { LanguageModel } from '../../ports/language-model.ts'
import type { OutboundFetch } from '../../ports/outbound-fetch.ts'
import type { Tokenizer } from '../../ports/tokenizer.ts'
import { HttpLanguageModel } from '../http-language-model.ts'
import { joinUrl, limitsOf, tracingOf, type ProviderLimits, type ProviderTracing } from '../provider-endpoint.ts'
import { malformedAnswer } from '../provider-errors.ts'
import { encodeAnthropicRequest } from './anthropic-request.ts'
import { decodeAnthropicMessage } from './anthropic-response.ts'
import { readAnthropicStream } from './anthropic-stream.ts'

/** Version of the interface that this adapter speaks. */
const ANTHROPIC_VERSION = '2023-06-01'

const DEFAULT_MAX_OUTPUT_TOKENS = 8192

/**
 * A model that is reached by the Messages interface, with limits of the connection and whether calls name their trace. The key is sent
 * as `x-api-key`; absent, none is.
 */
export type AnthropicModelInit = ProviderLimits &
  ProviderTracing & {
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

/** The way out to the server, and who counts tokens where an answer does not say how many there were. */
export type AnthropicModelComponents = { readonly outbound: OutboundFetch; readonly tokenizer: Tokenizer }

/** A model behind Anthropic's Messages interface. Schemas are enforced by `output_config.format`, which needs Claude 4.5 or later. */
export function createAnthropicModel(
  init: AnthropicModelInit,
  { outbound, tokenizer }: AnthropicModelComponents,
): LanguageModel {
  const { modelId, provider, model, apiKey } = init
  const identity = { provider, modelId, secrets: [apiKey ?? ''] }
  const headers = {
    'content-type': 'application/json',
    'anthropic-version': ANTHROPIC_VERSION,
    ...(apiKey !== undefined && { 'x-api-key': apiKey }),
  }
  const defaultMaxOutputTokens = init.defaultMaxOutputTokens ?? DEFAULT_MAX_OUTPUT_TOKENS
  return new HttpLanguageModel({
    modelId,
    provider,
    tokenizer,
    endpoint: {
      outbound,
      identity,
      url: joinUrl(init.baseUrl, '/messages'),
      headers,
      limits: limitsOf(init),
      ...tracingOf(init),
    },
    protocol: {
      encode: (request, isStreaming) => encodeAnthropicRequest(request, { model, defaultMaxOutputTokens, isStreaming }),
      decode(body) {
        const decoded = decodeAnthropicMessage(body)
        if (decoded === undefined) throw malformedAnswer('the body is not a message', identity)
        return decoded
      },
      readStream: readAnthropicStream,
    },
  })
}
