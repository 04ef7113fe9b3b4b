import type { TaskId } from '../../base/identifiers.ts'
import { parseTaskId } from '../../base/identifiers.ts'
import type { ModelStreamPart } from '../../ports/language-model.ts'
import type { RoutedStream, RouteRequest, RouteResult } from '../../ports/router.ts'
import { admitImages } from './admit-images.ts'
import { ChatChunks } from './chat-chunks.ts'
import { describeFailure, formatFailure } from '../describe-failure.ts'
import { EventStream } from '../listener/event-stream.ts'
import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { formatChatCompletion } from './format-chat-completion.ts'
import { type ChatRequest, parseChatRequest } from './parse-chat-request.ts'
import { parseJsonBody } from '../listener/parse-json-body.ts'
import { parseRouteControls } from '../node/parse-route-controls.ts'
import { readBody } from '../listener/read-body.ts'
import { formatResultHeaders, formatStreamHeaders, summarizeResult } from '../node/result-headers.ts'

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/**
 * `POST /v1/chat/completions`.
 *
 * Throws what parsing and the router throw, as long as no byte of the answer has been sent. Afterwards a failure is an `error` event in the stream.
 */
export async function answerChat(exchange: Exchange, context: GatewayContext): Promise<void> {
  const body = await readBody(exchange.request, context.limits.bodyBytesMax)
  const chat = parseChatRequest(parseJsonBody(body), context.limits)
  const messages = await admitImages(chat.request.messages, context.node.web, exchange.signal)
  const routed = formRouteRequest({ ...chat, request: { ...chat.request, messages } }, exchange, context)
  if (chat.isStreamed) {
    const stream = await context.node.router.routeStream(routed, { signal: exchange.signal })
    await sendStream(stream, chat, { exchange, context })
    return
  }
  const result = await context.node.router.route(routed, { signal: exchange.signal })
  respondJson(exchange, formatChatCompletion(result, nowS()), { headers: formatResultHeaders(result) })
}

function formRouteRequest(chat: ChatRequest, exchange: Exchange, context: GatewayContext): RouteRequest {
  const { headers } = exchange.request
  const taskId: TaskId | undefined = parseTaskId(exchange.requestId)
  const traceparent = headers['traceparent']
  return {
    ...(taskId !== undefined && { taskId }),
    caller: exchange.who.caller,
    target: chat.target,
    request: chat.request,
    controls: parseRouteControls(headers, { providers: context.providers, keyTiers: exchange.who.tiers }),
    ...(typeof traceparent === 'string' && TRACEPARENT.test(traceparent) && { traceparent }),
  }
}

async function sendStream(
  stream: RoutedStream,
  chat: ChatRequest,
  at: { readonly exchange: Exchange; readonly context: GatewayContext },
): Promise<void> {
  // It is awaited at the end; until then, and after a failure, nobody may be listening.
  stream.result.catch(() => undefined)
  const { exchange } = at
  const chunks = new ChatChunks({
    taskId: stream.taskId,
    modelId: stream.modelId,
    createdS: nowS(),
    isUsageWanted: chat.isUsageWanted,
  })
  let events: EventStream | undefined
  try {
    let finish: Extract<ModelStreamPart, { readonly type: 'finish' }> | undefined
    for await (const part of stream.parts) {
      if (events === undefined) {
        events = new EventStream(exchange.response, [...exchange.commonHeaders, ...formatStreamHeaders(stream)])
        events.write(chunks.first())
      }
      if (part.type === 'finish') finish = part
      else events.write(chunks.delta(part))
      const wait = events.waitUntilWritable()
      if (wait !== undefined) await wait
      if (exchange.signal.aborted) throw exchange.signal.reason
    }
    if (finish === undefined || events === undefined)
      throw new Error('The stream of the router ended without its finish part')
    events.end(chunks.last(finish, await summarizeWhenKnown(stream, at.context.limits.resultWaitMs)))
  } catch (error) {
    const failure: unknown = exchange.signal.aborted ? exchange.signal.reason : error
    events?.end(`event: error\ndata: ${formatFailure(describeFailure(failure, exchange.requestId))}\n\n`)
    throw failure
  }
}

/** The final figures; without them when they take longer than the reader should wait for the end of its answer. */
async function summarizeWhenKnown(stream: RoutedStream, waitMs: number): Promise<Readonly<Record<string, unknown>>> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, waitMs, undefined)
  })
  try {
    const result: RouteResult | undefined = await Promise.race([stream.result, late])
    if (result !== undefined) return summarizeResult(result)
    const { taskId, route, tier, modelId, provider, cache } = stream
    return { task_id: taskId, route, tier, model: modelId, provider, cache, cost_usd: null, is_cost_pending: true }
  } finally {
    clearTimeout(timer)
  }
}

function nowS(): number {
  return Math.floor(Date.now() / 1000)
}
