import type { LanguageModel } from '../../ports/language-model.ts'
import type { OutboundFetch } from '../../ports/outbound-fetch.ts'
import type { Tokenizer } from '../../ports/tokenizer.ts'
import { HttpLanguageModel } from '../http-language-model.ts'
import { joinUrl, limitsOf, tracingOf, type ProviderLimits, type ProviderTracing } from '../provider-endpoint.ts'
import { errorOfStatus, malformedAnswer, readReportedError, type ProviderIdentity } from '../provider-errors.ts'
import { encodeOpenaiRequest, type OpenaiDialect } from './openai-request.ts'
import { decodeOpenaiAnswer } from './openai-response.ts'
import { readOpenaiStream } from './openai-stream.ts'

/**
 * A model that is reached by chat completions, how its server differs from others, limits of the connection, and whether calls name
 * their trace.
 */
export type OpenaiCompatibleModelInit = ProviderLimits &
  ProviderTracing & {
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

/** The way out to the server, and who counts tokens where an answer does not say how many there were. */
export type OpenaiCompatibleModelComponents = { readonly outbound: OutboundFetch; readonly tokenizer: Tokenizer }

/** A model behind any server that speaks OpenAI's chat completions: OpenAI, Ollama, llama-server, vLLM, OpenRouter, DeepSeek and others. */
export function createOpenaiCompatibleModel(
  init: OpenaiCompatibleModelInit,
  { outbound, tokenizer }: OpenaiCompatibleModelComponents,
): LanguageModel {
  const { modelId, provider, model } = init
  const identity = openaiIdentity(init)
  const dialect = dialectOf(init)
  const url = joinUrl(init.baseUrl, '/chat/completions')
  return new HttpLanguageModel({
    modelId,
    provider,
    tokenizer,
    endpoint: { outbound, identity, url, headers: openaiHeaders(init), limits: limitsOf(init), ...tracingOf(init) },
    protocol: {
      encode: (request, isStreaming) => encodeOpenaiRequest(request, { model, dialect, isStreaming }),
      decode(body) {
        const decoded = decodeOpenaiAnswer(body)
        if (decoded === undefined) throw describeNoAnswer(body, identity)
        return decoded
      },
      readStream: readOpenaiStream,
    },
  })
}

function dialectOf({ provider, dialect }: OpenaiCompatibleModelInit): OpenaiDialect {
  const isOpenai = provider === 'openai'
  return {
    maxTokensField: isOpenai ? 'max_completion_tokens' : 'max_tokens',
    hasDeveloperRole: isOpenai,
    hasStreamUsage: true,
    ...dialect,
  }
}

/** Some gateways answer failures with status 200 and an error in the body. */
function describeNoAnswer(body: unknown, identity: ProviderIdentity): Error {
  const reported = readReportedError(body)
  if (reported.message === '') return malformedAnswer('the body is not a chat completion', identity)
  return errorOfStatus({ status: 500, identity, reported, retryAfterMs: undefined })
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
