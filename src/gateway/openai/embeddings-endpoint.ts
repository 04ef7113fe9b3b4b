import type { TaskId } from '../../base/identifiers.ts'
import type { JsonValue } from '../../base/canonical-json.ts'
import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { invalidRequest } from '../invalid-request.ts'
import { isJsonArray, type JsonObject, parseJsonBody } from '../listener/parse-json-body.ts'
import { readBody } from '../listener/read-body.ts'
import type { TaskOrigin } from '../tasks/form-route-request.ts'
import { parseRouteControls } from '../../node/control/parse-route-controls.ts'
import { readNumber, readText, requireText } from './read-members.ts'

/** Texts of one request; OpenAI's own limit. */
const TEXTS_MAX = 2048
const DIMENSIONS_MAX = 65_536

/** `POST /v1/embeddings`. The model `kernell` is the embedder of the cache; others are asked of their providers. Throws as `embedTexts`. */
export async function answerEmbeddings(exchange: Exchange, context: GatewayContext): Promise<void> {
  const body = parseJsonBody(await readBody(exchange.request, context.limits.bodyBytesMax))
  respondJson(exchange, await completeEmbeddings(body, exchange, context))
}

/** The body of the answer. */
export async function completeEmbeddings(
  body: JsonObject,
  { signal, who, request, requestId }: Pick<TaskOrigin, 'signal' | 'who' | 'request' | 'requestId'>,
  context: GatewayContext,
): Promise<string> {
  const wanted = parseEmbeddingsRequest(body)
  const controls = parseRouteControls(request.headers, { providers: context.providers, keyTiers: who.tiers })
  const made = await context.node.embed(wanted.texts, {
    ...(wanted.model !== 'kernell' && { model: wanted.model }),
    ...(wanted.dimensions !== undefined && { dimensions: wanted.dimensions }),
    payer: { caller: who.caller, taskId: requestId as TaskId, controls },
    signal,
  })
  const data = made.vectors.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: wanted.isBase64 ? toBase64(vector) : Array.from(vector),
  }))
  const usage = { prompt_tokens: made.tokens, total_tokens: made.tokens }
  return JSON.stringify({ object: 'list', data, model: made.model, usage })
}

type EmbeddingsRequest = {
  readonly model: string
  readonly texts: readonly string[]
  readonly isBase64: boolean
  readonly dimensions: number | undefined
}

function parseEmbeddingsRequest(body: JsonObject): EmbeddingsRequest {
  const format = readText(body['encoding_format'], 'encoding_format') ?? 'float'
  if (format !== 'float' && format !== 'base64')
    throw invalidRequest('encoding_format', 'encoding_format must be float or base64')
  const dimensions = readNumber(body['dimensions'], 'dimensions', { least: 1, most: DIMENSIONS_MAX, isInteger: true })
  const [model, texts] = [requireText(body['model'], 'model'), parseTexts(body['input'])]
  return { model, texts, isBase64: format === 'base64', dimensions }
}

function parseTexts(input: JsonValue | undefined): readonly string[] {
  const list = isJsonArray(input) ? input : [input ?? null]
  if (list.length === 0) throw invalidRequest('input', 'input must hold at least one text')
  if (list.length > TEXTS_MAX) throw invalidRequest('input', `input holds more than ${TEXTS_MAX} texts`)
  return list.map((item, index) => {
    if (typeof item !== 'string')
      throw invalidRequest(
        'input',
        'input must be a string or an array of strings; lists of token numbers are not taken',
      )
    if (item === '') throw invalidRequest('input', `input[${index}] is empty`)
    return item
  })
}

/** Little-endian 32-bit floats, as clients of the interface decode them. */
function toBase64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4)
  for (let index = 0; index < vector.length; index += 1) bytes.writeFloatLE(vector[index] ?? 0, index * 4)
  return bytes.toString('base64')
}
