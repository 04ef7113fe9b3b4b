import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { type JsonObject, parseJsonBody } from '../listener/parse-json-body.ts'
import { readBody } from '../listener/read-body.ts'
import { formatResultHeaders } from '../node/result-headers.ts'
import { admitImages } from '../tasks/admit-images.ts'
import { formRouteRequest, refuseStream, type TaskOrigin } from '../tasks/form-route-request.ts'
import { nowS } from '../tasks/now-seconds.ts'
import { sendStream } from '../tasks/send-stream.ts'
import { ChatChunks } from './chat-chunks.ts'
import { answerChoices, completeChoices, type FormedChat } from './choices/answer-choices.ts'
import { formatChatCompletion } from './format-chat-completion.ts'
import { parseChatRequest } from './parse-chat-request.ts'

/**
 * `POST /v1/chat/completions`.
 *
 * Throws what parsing and the router throw, as long as no byte of the answer has been sent. Afterwards a failure is an `error` event in the stream.
 */
export async function answerChat(exchange: Exchange, context: GatewayContext): Promise<void> {
  const body = await readBody(exchange.request, context.limits.bodyBytesMax)
  const { chat, routed } = await formChat(parseJsonBody(body), exchange, context)
  if (chat.choiceCount > 1) {
    await answerChoices({ chat, routed }, exchange, context)
    return
  }
  if (chat.isStreamed) {
    const stream = await context.node.router.routeStream(routed, { signal: exchange.signal })
    const { taskId, modelId } = stream
    const form = new ChatChunks({ taskId, modelId, createdS: nowS(), isUsageWanted: chat.isUsageWanted })
    await sendStream(stream, { exchange, context, form })
    return
  }
  const result = await context.node.router.route(routed, { signal: exchange.signal })
  respondJson(exchange, formatChatCompletion(result, nowS()), { headers: formatResultHeaders(result) })
}

/** The same for a task that is not answered at once. */
export async function completeChat(body: JsonObject, origin: TaskOrigin, context: GatewayContext): Promise<string> {
  const { chat, routed } = await formChat(body, origin, context)
  refuseStream(chat)
  if (chat.choiceCount > 1) return await completeChoices({ chat, routed }, { signal: origin.signal, context })
  return formatChatCompletion(await context.node.router.route(routed, { signal: origin.signal }), nowS())
}

async function formChat(body: JsonObject, origin: TaskOrigin, context: GatewayContext): Promise<FormedChat> {
  const chat = parseChatRequest(body, context.limits)
  const messages = await admitImages(chat.request.messages, { web: context.node.web, signal: origin.signal })
  return { chat, routed: formRouteRequest({ ...chat, request: { ...chat.request, messages } }, origin, context) }
}
