import type {
  LanguageModel,
  ModelAnswer,
  ModelCallOptions,
  ModelRequest,
  ModelStreamPart,
  ModelUsage,
} from '../ports/language-model.ts'
import type { OutboundResponse } from '../ports/outbound-fetch.ts'
import type { Tokenizer } from '../ports/tokenizer.ts'
import { estimateUsage } from './estimated-usage.ts'
import { parseJson } from './json-access.ts'
import { postJson, type ProviderEndpoint } from './provider-endpoint.ts'
import { describeConnectionFailure, type ProviderIdentity } from './provider-errors.ts'

/** An answer as the provider wrote it; without usage a tokenizer counts. */
export type DecodedAnswer = Omit<ModelAnswer, 'usage'> & { readonly usage: ModelUsage | undefined }

/** A streamed response and what reading it needs. */
export type StreamedResponse = {
  readonly response: OutboundResponse
  readonly request: ModelRequest
  readonly identity: ProviderIdentity
  readonly tokenizer: Tokenizer
  /** Checked between parts: many may have arrived in one piece. */
  readonly signal: AbortSignal | undefined
}

/** How one family of interfaces writes requests and answers. Pure but for reading the stream. */
export type ChatProtocol = {
  /** Body of the request. */
  encode(request: ModelRequest, isStreaming: boolean): string
  /** Reads a whole answer. Throws the coded error of a body that is none. */
  decode(body: unknown): DecodedAnswer
  readStream(streamed: StreamedResponse): AsyncIterable<ModelStreamPart>
}

export type HttpLanguageModelInit = {
  readonly modelId: string
  readonly provider: string
  readonly endpoint: ProviderEndpoint
  readonly protocol: ChatProtocol
  readonly tokenizer: Tokenizer
}

/** A model behind an HTTP interface: everything that does not depend on how the interface writes things. */
export class HttpLanguageModel implements LanguageModel {
  readonly modelId: string
  readonly provider: string
  readonly #endpoint: ProviderEndpoint
  readonly #protocol: ChatProtocol
  readonly #tokenizer: Tokenizer

  constructor(init: HttpLanguageModelInit) {
    this.modelId = init.modelId
    this.provider = init.provider
    this.#endpoint = init.endpoint
    this.#protocol = init.protocol
    this.#tokenizer = init.tokenizer
  }

  async doGenerate(request: ModelRequest, options?: ModelCallOptions): Promise<ModelAnswer> {
    const decoded = this.#protocol.decode(parseJson(await this.#readAnswer(request, options)))
    const usage = decoded.usage ?? (await estimateUsage(request, decoded, this.#tokenizer))
    return { ...decoded, usage }
  }

  async *doStream(request: ModelRequest, options?: ModelCallOptions): AsyncGenerator<ModelStreamPart, void> {
    const { identity } = this.#endpoint
    let isStreaming = false
    try {
      const response = await postJson(this.#endpoint, this.#protocol.encode(request, true), options)
      isStreaming = true
      yield* this.#protocol.readStream({
        response,
        request,
        identity,
        tokenizer: this.#tokenizer,
        signal: options?.signal,
      })
    } catch (error) {
      throw describeConnectionFailure(error, identity, isStreaming)
    }
  }

  async #readAnswer(request: ModelRequest, options: ModelCallOptions | undefined): Promise<string> {
    let isAnswering = false
    try {
      const response = await postJson(this.#endpoint, this.#protocol.encode(request, false), options)
      isAnswering = true
      return await response.text()
    } catch (error) {
      throw describeConnectionFailure(error, this.#endpoint.identity, isAnswering)
    }
  }
}
