import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { parseJsonBody } from '../listener/parse-json-body.ts'
import { readBody } from '../listener/read-body.ts'
import { formatResultHeaders } from '../node/result-headers.ts'
import { admitImages } from '../tasks/admit-images.ts'
import { formRouteRequest } from '../tasks/form-route-request.ts'
import { nowS } from '../tasks/now-seconds.ts'
import { sendStream } from '../tasks/send-stream.ts'
import { ChatChunks } from './chat-chunks.ts'
import { formatChatCompletion } from './format-chat-completion.ts'
import { parseChatRequest } from './parse-chat-request.ts'

/**
 * `POST /v1/chat/completions`.
 *
 * Throws what parsing and the router throw, as long as no byte of the answer has been sent. Afterwards a failure is an `error` event in the stream.
 */
export async function answerChat(exchange: Exchange, context: GatewayContext): Promise<void> {
  const body = await readBody(exchange.request, context.limits.bodyBytesMax)
  const chat = parseChatRequest(parseJsonBody(body), context.limits)
  const messages = await admitImages(chat.request.messages, { web: context.node.web, signal: exchange.signal })
  const routed = formRouteRequest({ ...chat, request: { ...chat.request, messages } }, exchange, context)
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
