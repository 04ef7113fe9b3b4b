import type { IncomingHttpHeaders } from 'node:http'
import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { invalidRequest } from '../invalid-request.ts'
import { type JsonObject, parseJsonBody } from '../listener/parse-json-body.ts'
import { readBody } from '../listener/read-body.ts'
import { formatResultHeaders } from '../node/result-headers.ts'
import { admitImages } from '../tasks/admit-images.ts'
import { formRouteRequest, refuseStream, type TaskOrigin } from '../tasks/form-route-request.ts'
import { sendStream } from '../tasks/send-stream.ts'
import { formatMessage } from './format-message.ts'
import { MessageEvents } from './message-events.ts'
import { type MessagesRequest, parseMessagesRequest } from './parse-messages-request.ts'

/** Versions of the interface. What they differ in, the node takes either way. */
const VERSIONS: readonly unknown[] = ['2023-06-01', '2026-10-21']

/** `POST /v1/messages`. Throws as `POST /v1/chat/completions`. */
export async function answerMessages(exchange: Exchange, context: GatewayContext): Promise<void> {
  const asked = await formMessages(await readAsked(exchange, context), exchange, context)
  const routed = formRouteRequest(asked, exchange, context)
  if (asked.isStreamed) {
    const stream = await context.node.router.routeStream(routed, { signal: exchange.signal })
    const { requestId } = exchange
    const form = new MessageEvents({ taskId: stream.taskId, modelId: stream.modelId, requestId })
    await sendStream(stream, { exchange, context, form })
    return
  }
  const result = await context.node.router.route(routed, { signal: exchange.signal })
  respondJson(exchange, formatMessage(result), { headers: formatResultHeaders(result) })
}

/** The same for a task that is not answered at once. */
export async function completeMessage(body: JsonObject, origin: TaskOrigin, context: GatewayContext): Promise<string> {
  const asked = await formMessages(body, origin, context)
  refuseStream(asked)
  const routed = formRouteRequest(asked, origin, context)
  return formatMessage(await context.node.router.route(routed, { signal: origin.signal }))
}

/** `POST /v1/messages/count_tokens`: what the router counts the request as before a call. No model is asked. */
export async function countMessageTokens(exchange: Exchange, context: GatewayContext): Promise<void> {
  const body = await readAsked(exchange, context)
  const asked = parseMessagesRequest(body, { messagesMax: context.limits.messagesMax, isTokenCount: true })
  const { expectedTokensIn } = await context.node.router.estimate(formRouteRequest(asked, exchange, context), {
    signal: exchange.signal,
  })
  respondJson(exchange, JSON.stringify({ input_tokens: expectedTokensIn }))
}

async function readAsked({ request }: Exchange, { limits }: GatewayContext): Promise<JsonObject> {
  checkVersion(request.headers)
  return parseJsonBody(await readBody(request, limits.bodyBytesMax))
}

async function formMessages(
  body: JsonObject,
  { signal }: TaskOrigin,
  { limits, node }: GatewayContext,
): Promise<MessagesRequest> {
  const asked = parseMessagesRequest(body, { messagesMax: limits.messagesMax, isTokenCount: false })
  const messages = await admitImages(asked.request.messages, { web: node.web, signal, nameOf: () => 'messages' })
  return { ...asked, request: { ...asked.request, messages } }
}

function checkVersion(headers: IncomingHttpHeaders): void {
  const version = headers['anthropic-version']
  if (version === undefined || VERSIONS.includes(version)) return
  throw invalidRequest('anthropic-version', `anthropic-version must be ${VERSIONS.join(' or ')}`)
}
