import { CodedError } from '../../base/errors.ts'
import type { JsonValue } from '../../base/canonical-json.ts'
import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { isJsonArray, isJsonObject } from '../listener/parse-json-body.ts'
import type { ResponseBody } from './response-body.ts'
import { findResponse, unknownResponse } from './kept-responses.ts'
import { cancelElsewhere, isWorkedOnElsewhere } from './work-in-background.ts'

/** `GET /v1/responses/:id`. Throws `DOCUMENT_UNKNOWN`. */
export async function showResponse(exchange: Exchange, context: GatewayContext): Promise<void> {
  respondJson(exchange, JSON.stringify(await currentResponse(exchange, context)))
}

/** `DELETE /v1/responses/:id`. Throws `DOCUMENT_UNKNOWN`. */
export async function deleteResponse(exchange: Exchange, context: GatewayContext): Promise<void> {
  const { tenant } = exchange.who.caller
  const id = idOf(exchange)
  await endResponse(exchange, context)
  const wasThere = await context.node.documents.delete({ tenant, kind: 'response', id })
  if (!wasThere) throw unknownResponse(id)
  respondJson(exchange, JSON.stringify({ id, object: 'response', deleted: true }))
}

/** `POST /v1/responses/:id/cancel`. Throws `DOCUMENT_UNKNOWN`, and `DOCUMENT_STATE_REFUSED` for one that has ended. */
export async function cancelResponse(exchange: Exchange, context: GatewayContext): Promise<void> {
  const wasRunning = await endResponse(exchange, context)
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

/** Ends a response wherever it is worked on, and waits until it has; `false` where it is not under way. */
async function endResponse(exchange: Exchange, context: GatewayContext): Promise<boolean> {
  const name = { tenant: exchange.who.caller.tenant, id: idOf(exchange) }
  if (await context.responses.cancel(name.tenant, name.id)) return true
  return await cancelElsewhere(context, name, exchange.signal)
}

/** The response as it is now: what was under way when its node ended is so no longer. */
async function currentResponse(exchange: Exchange, context: GatewayContext): Promise<ResponseBody> {
  const { tenant } = exchange.who.caller
  const name = { tenant, id: idOf(exchange) }
  const { response } = await findResponse(context.node.documents, name)
  if (!isOpen(response) || context.responses.has(tenant, response.id)) return response
  if (await isWorkedOnElsewhere(context, name)) return response
  // It may have ended between the two looks.
  const { response: last } = await findResponse(context.node.documents, name)
  if (!isOpen(last)) return last
  const error = { code: 'server_error', message: 'The node ended before the response did; send the request again.' }
  return { ...last, status: 'failed', error }
}

function isOpen({ status }: ResponseBody): boolean {
  return status === 'queued' || status === 'in_progress'
}

function idOf({ params }: Exchange): string {
  return params['id'] ?? ''
}
