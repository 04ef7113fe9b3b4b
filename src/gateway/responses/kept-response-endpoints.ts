import { CodedError } from '../../base/errors.ts'
import type { JsonValue } from '../../base/canonical-json.ts'
import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { isJsonArray, isJsonObject } from '../listener/parse-json-body.ts'
import type { ResponseBody } from './response-body.ts'
import { findResponse, unknownResponse } from './kept-responses.ts'

/** `GET /v1/responses/:id`. Throws `DOCUMENT_UNKNOWN`. */
export async function showResponse(exchange: Exchange, context: GatewayContext): Promise<void> {
  respondJson(exchange, JSON.stringify(await currentResponse(exchange, context)))
}

/** `DELETE /v1/responses/:id`. Throws `DOCUMENT_UNKNOWN`. */
export async function deleteResponse(exchange: Exchange, context: GatewayContext): Promise<void> {
  const { tenant } = exchange.who.caller
  const id = idOf(exchange)
  await context.responses.cancel(tenant, id)
  const wasThere = await context.node.documents.delete({ tenant, kind: 'response', id })
  if (!wasThere) throw unknownResponse(id)
  respondJson(exchange, JSON.stringify({ id, object: 'response', deleted: true }))
}

/** `POST /v1/responses/:id/cancel`. Throws `DOCUMENT_UNKNOWN`, and `DOCUMENT_STATE_REFUSED` for one that has ended. */
export async function cancelResponse(exchange: Exchange, context: GatewayContext): Promise<void> {
  const { tenant } = exchange.who.caller
  const id = idOf(exchange)
  const wasRunning = await context.responses.cancel(tenant, id)
  const response = await currentResponse(exchange, context)
  if (!wasRunning && response.status !== 'cancelled')
    throw new CodedError('DOCUMENT_STATE_REFUSED', {
      message: `The response is ${response.status}, and cannot be cancelled`,
      details: { status: response.status },
    })
  respondJson(exchange, JSON.stringify(response))
}

/** `GET /v1/responses/:id/input_items`: what the request of this response brought, oldest first. Throws `DOCUMENT_UNKNOWN`. */
export async function listInputItems(exchange: Exchange, context: GatewayContext): Promise<void> {
  const id = idOf(exchange)
  const { input } = await findResponse(context.node.documents, { tenant: exchange.who.caller.tenant, id })
  const items: readonly JsonValue[] = isJsonArray(input) ? input : [{ role: 'user', content: input }]
  const data = items.map((item, index) => ({
    id: `item_${id}_${index}`,
    type: 'message',
    ...(isJsonObject(item) ? item : {}),
    ...(isJsonObject(item) && typeof item['content'] === 'string'
      ? { content: [{ type: 'input_text', text: item['content'] }] }
      : {}),
  }))
  const ends = { first_id: data.at(0)?.id ?? null, last_id: data.at(-1)?.id ?? null }
  respondJson(exchange, JSON.stringify({ object: 'list', data, ...ends, has_more: false }))
}

/** The response as it is now: what was under way when the node ended is so no longer. */
async function currentResponse(exchange: Exchange, { node, responses }: GatewayContext): Promise<ResponseBody> {
  const { tenant } = exchange.who.caller
  const { response } = await findResponse(node.documents, { tenant, id: idOf(exchange) })
  const isOpen = response.status === 'queued' || response.status === 'in_progress'
  if (!isOpen || responses.has(tenant, response.id)) return response
  const error = { code: 'server_error', message: 'The node ended before the response did; send the request again.' }
  return { ...response, status: 'failed', error }
}

function idOf({ params }: Exchange): string {
  return params['id'] ?? ''
}
