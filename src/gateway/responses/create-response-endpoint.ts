import { CodedError } from '../../base/errors.ts'
import type { ChatMessage } from '../../ports/language-model.ts'
import type { RouteRequest, RouteResult } from '../../ports/router.ts'
import { describeFailure } from '../describe-failure.ts'
import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { invalidRequest } from '../invalid-request.ts'
import { type JsonObject, parseJsonBody } from '../listener/parse-json-body.ts'
import { readBody } from '../listener/read-body.ts'
import { formatResultHeaders } from '../node/result-headers.ts'
import { admitImages } from '../tasks/admit-images.ts'
import { formRouteRequest, refuseStream, type TaskOrigin } from '../tasks/form-route-request.ts'
import { nowS } from '../tasks/now-seconds.ts'
import { pause } from '../tasks/pause.ts'
import { sendStream } from '../tasks/send-stream.ts'
import { findResponse, KEPT_BYTES_MAX, keepResponse } from './kept-responses.ts'
import { parseInputItems } from './parse-input-items.ts'
import type { Claim } from '../../ports/claims.ts'
import { claimResponse, heedOthers, type ResponseName } from './work-in-background.ts'
import { parseResponseRequest, type ResponseRequest } from './parse-response-request.ts'
import {
  endedResponse,
  failedResponse,
  formatOutput,
  messagesOfOutput,
  openResponse,
  type ResponseBody,
  type ResponseHead,
} from './response-body.ts'
import { ResponseEvents } from './response-events.ts'

/** How often an answer in the background is tried to be kept, and the pause behind the first try, milliseconds; behind the n-th it is n times as long. */
const KEEP_TRIES = 6
const KEEP_PAUSE_MS = 500

/** What is to be done, and what is known of the response before it is. */
type Asked = {
  readonly wanted: ResponseRequest
  readonly routed: RouteRequest
  /** Without instructions. */
  readonly conversation: readonly ChatMessage[]
  readonly head: ResponseHead
}

type At = { readonly exchange: TaskOrigin; readonly context: GatewayContext }
/** A request whose caller waits for the answer. */
type Answering = { readonly exchange: Exchange; readonly context: GatewayContext }

/** `POST /v1/responses`. Throws as `POST /v1/chat/completions`, and `DOCUMENT_UNKNOWN` for a response that cannot be gone on from. */
export async function answerResponse(exchange: Exchange, context: GatewayContext): Promise<void> {
  const at = { exchange, context }
  const bytes = await readBody(exchange.request, context.limits.bodyBytesMax)
  const asked = await formAsked(parseJsonBody(bytes), bytes.byteLength, at)
  if (asked.wanted.isBackground) await answerLater(asked, at)
  else if (asked.wanted.isStreamed) await answerStream(asked, at)
  else await answerWhole(asked, at)
}

/** The same for a task that is not answered at once. */
export async function completeResponse(body: JsonObject, origin: TaskOrigin, context: GatewayContext): Promise<string> {
  const at = { exchange: origin, context }
  const asked = await formAsked(body, JSON.stringify(body).length, at)
  refuseStream(asked.wanted)
  if (asked.wanted.isBackground)
    throw invalidRequest('background', 'background must be false here: nobody waits for it')
  return JSON.stringify((await runWhole(asked, at)).response)
}

async function formAsked(body: JsonObject, bytes: number, { exchange, context }: At): Promise<Asked> {
  const { node, limits } = context
  const { signal, who, requestId } = exchange
  const wanted = parseResponseRequest(body)
  if (wanted.isStored === true && bytes > KEPT_BYTES_MAX)
    throw invalidRequest('store', `A request of more than ${KEPT_BYTES_MAX} bytes is not kept`)
  const { previousResponseId } = wanted
  const before =
    previousResponseId === undefined
      ? []
      : (
          await findResponse(node.documents, {
            tenant: who.caller.tenant,
            id: previousResponseId,
            param: 'previous_response_id',
          })
        ).messages
  const conversation = parseInputItems(wanted.input, { messagesMax: limits.messagesMax, before })
  const admitted = await admitImages(conversation, { web: node.web, signal, nameOf: () => 'input' })
  const { instructions } = wanted
  const messages: readonly ChatMessage[] =
    instructions === undefined || instructions === ''
      ? admitted
      : [{ role: 'system', content: instructions }, ...admitted]
  const routed = formRouteRequest(
    { target: wanted.target, request: { ...wanted.request, messages } },
    exchange,
    context,
  )
  const head = {
    id: `resp_${requestId}`,
    taskId: requestId,
    createdS: nowS(),
    modelId: modelNameOf(wanted),
    isStored: wanted.isStored ?? bytes <= KEPT_BYTES_MAX,
    echo: wanted.echo,
  }
  return { wanted, routed, conversation: admitted, head }
}

/** The name before it is known who answers. */
function modelNameOf({ target }: ResponseRequest): string {
  if (target.kind === 'model') return target.modelId
  return target.kind === 'auto' ? 'kernell' : `kernell-${target.route}`
}

async function answerWhole(asked: Asked, at: Answering): Promise<void> {
  const { result, response } = await runWhole(asked, at)
  respondJson(at.exchange, JSON.stringify(response), { headers: formatResultHeaders(result) })
}

type Whole = { readonly result: RouteResult; readonly response: ResponseBody }

async function runWhole(asked: Asked, at: At): Promise<Whole> {
  return await runOf(asked, at, async (signal) => {
    const result = await at.context.node.router.route(asked.routed, { signal })
    return { result, response: await settle(asked, at, result) }
  })
}

async function settle(asked: Asked, at: At, result: RouteResult): Promise<ResponseBody> {
  const response = endedWith(asked, result)
  await keepOrTell(asked, at, response)
  return response
}

function endedWith(
  { head }: Asked,
  { answer, modelId, taskId }: Pick<RouteResult, 'answer' | 'modelId' | 'taskId'>,
): ResponseBody {
  const output = formatOutput(answer, taskId)
  const ending = { ...answer, servedModel: answer.servedModel ?? modelId, output, endedS: nowS() }
  return endedResponse(openResponse(head, 'in_progress'), ending)
}

/** An answer that was paid for is given all the same where nobody asked that it be kept. Throws what the store throws where somebody did. */
async function keepOrTell(asked: Asked, at: At, response: ResponseBody): Promise<void> {
  try {
    await keep(asked, at, response)
  } catch (error) {
    if (asked.wanted.isStored === true) throw error
    at.context.onFailure(error, at.exchange.requestId)
  }
}

async function answerStream(asked: Asked, at: Answering): Promise<void> {
  const { exchange, context } = at
  await runOf(asked, at, async (signal) => {
    const stream = await context.node.router.routeStream(asked.routed, { signal })
    const form = new ResponseEvents({ ...asked.head, modelId: stream.modelId })
    const beforeEnd = async (): Promise<void> => {
      if (form.ended !== undefined) await keepOrTell(asked, at, form.ended)
    }
    try {
      await sendStream(stream, { exchange: { ...exchange, signal }, context, form, beforeEnd })
    } catch (error) {
      // Somebody may ask for what came of it, unless nobody ever saw its id.
      if (!exchange.signal.aborted) await beforeEnd()
      throw error
    }
  })
}

/** Says at once that the response will be there, and works on it. */
async function answerLater(asked: Asked, at: Answering): Promise<void> {
  const { exchange, context } = at
  if (!asked.head.isStored)
    throw invalidRequest(
      'background',
      'What is answered in the background is kept, and this request is too long for that',
    )
  const queued = openResponse(asked.head, 'queued')
  const name = { tenant: exchange.who.caller.tenant, id: asked.head.id }
  const leave = context.responses.takeBackgroundPlace()
  let claim: Claim | undefined
  try {
    claim = await claimResponse(context, name)
    await keep(asked, at, queued)
  } catch (error) {
    leave()
    await claim?.release()
    throw error
  }
  const started = workOn(asked, at, { name, claim }).finally(leave)
  started.catch((error: unknown) => context.onFailure(error, exchange.requestId))
  respondJson(exchange, JSON.stringify(queued))
}

type Background = { readonly name: ResponseName; readonly claim: Claim | undefined }

async function workOn(asked: Asked, at: Answering, background: Background): Promise<void> {
  const { name, claim } = background
  const { context } = at
  // Another gateway tells its callers by then that it has failed.
  claim?.lost.addEventListener('abort', () => {
    context.responses.cancel(name.tenant, name.id).catch(() => undefined)
  })
  const endLooks = heedOthers(context, name)
  try {
    await workToEnd(asked, at, claim)
  } finally {
    await endLooks()
    await claim?.release()
  }
}

async function workToEnd(asked: Asked, at: Answering, claim: Claim | undefined): Promise<void> {
  await runOf(asked, at, async (signal) => {
    let ended: ResponseBody
    try {
      await keep(asked, at, openResponse(asked.head, 'in_progress'))
      const { answer, modelId, taskId } = await at.context.node.router.route(asked.routed, { signal })
      ended = endedWith(asked, { answer, modelId, taskId })
    } catch (error) {
      ended = endedBadly(asked, signal.aborted ? signal.reason : error)
    }
    if (claim?.lost.aborted !== true) await keepPersistently(asked, at, ended)
  })
}

/** What was paid for is not given up because the store is away for a moment. Throws what the store throws. */
async function keepPersistently(asked: Asked, at: At, response: ResponseBody): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await keep(asked, at, response)
    } catch (error) {
      if (tries >= KEEP_TRIES || !CodedError.is(error) || !error.isRetryable) throw error
      await pause(KEEP_PAUSE_MS * tries)
    }
  }
}

function endedBadly({ head }: Asked, error: unknown): ResponseBody {
  const open = openResponse(head, 'in_progress')
  if (CodedError.is(error, 'REQUEST_ABORTED')) return { ...open, status: 'cancelled' }
  return failedResponse(open, describeFailure(error, head.taskId))
}

async function runOf<Result>(
  asked: Asked,
  { exchange, context }: At,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { isBackground } = asked.wanted
  const signal = isBackground ? undefined : exchange.signal
  const { tenant } = exchange.who.caller
  return await context.responses.run({ tenant, id: asked.head.id, signal, isBackground }, run)
}

async function keep({ head, wanted, conversation }: Asked, at: At, response: ResponseBody): Promise<void> {
  if (!head.isStored) return
  const { tenant } = at.exchange.who.caller
  const messages = [...conversation, ...messagesOfOutput(response)]
  await keepResponse(at.context.node.documents, tenant, { response, messages, input: wanted.input ?? '' })
}
