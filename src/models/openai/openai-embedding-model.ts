import type { AbortOptions } from '../../ports/abort-options.ts'
import type { EmbeddedTexts, EmbeddingModel } from '../../ports/embedding-model.ts'
import type { OutboundFetch } from '../../ports/outbound-fetch.ts'
import { asArray, asCount, asRecord, asTokenCount, parseJson } from '../json-access.ts'
import { normaliseVector } from '../normalise-vector.ts'
import { joinUrl, limitsOf, postJson, type ProviderEndpoint, type ProviderLimits } from '../provider-endpoint.ts'
import { describeConnectionFailure, malformedAnswer } from '../provider-errors.ts'
import { openaiHeaders, openaiIdentity } from './openai-compatible-model.ts'

/** Texts that one call may carry: OpenAI takes 2,048, local servers fewer. */
export const TEXTS_PER_CALL_MAX = 256

/** An embedding model that is reached by `/v1/embeddings`. Members without a comment are as in `OpenaiCompatibleModelInit`. */
export type OpenaiEmbeddingModelInit = ProviderLimits & {
  readonly modelId: string
  readonly provider: string
  /** The name that the server knows. */
  readonly model: string
  /** Base URL up to and including the version. */
  readonly baseUrl: string
  readonly apiKey?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Length of the vectors. Absent: found out by embedding one word when the model is opened. */
  readonly dimensions?: number
}

/** Calls a server's `/v1/embeddings` for whoever named the model: vectors are as the server gives them. */
export type OpenaiEmbeddings = {
  /** One vector per text, in order. `texts`: `TEXTS_PER_CALL_MAX` at most, for it is one call. `dimensions`: the length that is asked for. Throws as `EmbeddingModel.embed`. */
  embed(texts: readonly string[], options?: AbortOptions & { readonly dimensions?: number }): Promise<EmbeddedTexts>
}

/** Asks nothing until texts are embedded. */
export function createOpenaiEmbeddings(
  init: Omit<OpenaiEmbeddingModelInit, 'dimensions'>,
  components: { readonly outbound: OutboundFetch },
): OpenaiEmbeddings {
  const endpoint = endpointOf(init, components)
  return {
    async embed(texts, { dimensions, ...options } = {}) {
      const length = dimensions === undefined ? {} : { dimensions }
      return await embedBatch(endpoint, { model: init.model, texts, ...length }, options)
    },
  }
}

/**
 * Opens an embedding model behind any server that speaks OpenAI's `/v1/embeddings`.
 *
 * Throws as `embed` when the length of the vectors has to be found out and the server does not answer.
 */
export async function openOpenaiEmbeddingModel(
  init: OpenaiEmbeddingModelInit,
  components: { readonly outbound: OutboundFetch },
  options?: AbortOptions,
): Promise<EmbeddingModel> {
  const endpoint = endpointOf(init, components)
  const dimensions = init.dimensions ?? (await findDimensions(endpoint, init.model, options))
  return {
    id: init.modelId,
    dimensions,
    async embed(texts, embedOptions) {
      const vectors: Float32Array[] = []
      let tokensIn = 0
      for (let start = 0; start < texts.length; start += TEXTS_PER_CALL_MAX) {
        const batch = texts.slice(start, start + TEXTS_PER_CALL_MAX)
        const embedded = await embedBatch(endpoint, { model: init.model, texts: batch }, embedOptions)
        for (const vector of embedded.vectors) {
          if (vector.length !== dimensions) throw malformedAnswer('a vector has another length', endpoint.identity)
          vectors.push(normaliseVector(vector))
        }
        tokensIn += embedded.tokensIn
      }
      return { vectors, tokensIn }
    },
  }
}

function endpointOf(
  init: Omit<OpenaiEmbeddingModelInit, 'dimensions'>,
  components: { readonly outbound: OutboundFetch },
): ProviderEndpoint {
  return {
    outbound: components.outbound,
    identity: openaiIdentity(init),
    url: joinUrl(init.baseUrl, '/embeddings'),
    headers: openaiHeaders(init),
    limits: limitsOf(init),
  }
}

async function findDimensions(
  endpoint: ProviderEndpoint,
  model: string,
  options: AbortOptions | undefined,
): Promise<number> {
  const { vectors } = await embedBatch(endpoint, { model, texts: ['dimensions'] }, options)
  return vectors[0]?.length ?? 0
}

type Batch = { readonly model: string; readonly texts: readonly string[]; readonly dimensions?: number }

async function embedBatch(
  endpoint: ProviderEndpoint,
  batch: Batch,
  options: AbortOptions | undefined,
): Promise<EmbeddedTexts> {
  const { model, texts, ...length } = batch
  const body = JSON.stringify({ model, input: texts, encoding_format: 'float', ...length })
  let text: string
  try {
    text = await (await postJson(endpoint, body, options)).text()
  } catch (error) {
    throw describeConnectionFailure(error, endpoint.identity)
  }
  const record = asRecord(parseJson(text))
  const vectors = readVectors(record?.['data'], batch.texts.length)
  if (vectors === undefined) throw malformedAnswer('the body has not one vector per text', endpoint.identity)
  return { vectors, tokensIn: asTokenCount(asRecord(record?.['usage'])?.['prompt_tokens']) ?? 0 }
}

/** One vector per text, by their index; `undefined` when one is absent, empty, or not of finite numbers. */
function readVectors(data: unknown, count: number): readonly Float32Array[] | undefined {
  const vectors: (Float32Array | undefined)[] = Array.from({ length: count }, () => undefined)
  for (const [position, item] of asArray(data).entries()) {
    const record = asRecord(item)
    const index = asCount(record?.['index']) ?? position
    const numbers = asArray(record?.['embedding'])
    if (index >= count || numbers.length === 0 || !numbers.every(Number.isFinite)) return undefined
    vectors[index] = Float32Array.from(numbers, Number)
  }
  const complete = vectors.filter((vector) => vector !== undefined)
  return complete.length === count ? complete : undefined
}
