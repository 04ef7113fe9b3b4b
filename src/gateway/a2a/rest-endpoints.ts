import {
  A2A_CONTENT_TYPE,
  AgentCard,
  ListTaskPushNotificationConfigsResponse,
  SendMessageRequest,
  SendMessageResponse,
  StreamResponse,
  Task,
  TaskPushNotificationConfig,
} from '@a2a-js/sdk'
import { type A2AError, RequestMalformedError, restStatusFor, toRestErrorBody } from '@a2a-js/sdk/errors'
import { type A2ARequestHandler, type ServerCallContext, validateVersion } from '@a2a-js/sdk/server'
import { CodedError } from '../../base/errors.ts'
import { CodedA2aError, contextOf, toA2aError } from '../../node/a2a/node-a2a.ts'
import type { Exchange, GatewayContext } from '../exchange.ts'
import { checkJsonTree, type JsonObject, parseJsonBody } from '../listener/parse-json-body.ts'
import { readBody } from '../listener/read-body.ts'
import { activatedExtensions } from './activated-extensions.ts'
import { callFrom, openA2a } from './open-call.ts'
import { formatTaskList, readListQuery, readWhole } from './rest-query.ts'
import { sendEvents, untilAborted } from './send-events.ts'

const BODY_TYPE = /^application\/(?:a2a\+)?json\s*(?:;|$)/i

type RestCall = {
  readonly handler: A2ARequestHandler
  readonly call: ServerCallContext
  readonly params: Exchange['params']
  readonly query: URLSearchParams
  /** The body as an object; empty where there is none. */
  readonly body: JsonObject
}

type RestAnswer =
  | { readonly kind: 'json'; readonly value: unknown; readonly status?: number }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'stream'; readonly events: AsyncGenerator<StreamResponse, void, undefined> }

type RestOperation = (call: RestCall) => Promise<RestAnswer>

const send: RestOperation = async ({ handler, call, body }) => {
  const result = await handler.sendMessage(readMessage(body), call)
  const response: SendMessageResponse =
    'messageId' in result
      ? { payload: { $case: 'message', value: result } }
      : { payload: { $case: 'task', value: result } }
  return { kind: 'json', value: SendMessageResponse.toJSON(response) }
}

const stream: RestOperation = async ({ handler, call, body }) =>
  await Promise.resolve({ kind: 'stream', events: handler.sendMessageStream(readMessage(body), call) })

const list: RestOperation = async ({ handler, call, query }) => {
  const request = readListQuery(query)
  const response = await handler.listTasks(request, call)
  return { kind: 'json', value: formatTaskList(response, request.includeArtifacts === true) }
}

const get: RestOperation = async ({ handler, call, params, query }) => {
  const { id, verb } = splitVerb(params['task'] ?? '')
  const tenant = query.get('tenant') ?? ''
  if (verb === 'subscribe') return { kind: 'stream', events: handler.resubscribe({ id, tenant }, call) }
  requireVerb(verb, undefined)
  const historyLength = readWhole(query, 'historyLength')
  const request = { id, tenant, ...(historyLength !== undefined && { historyLength }) }
  return { kind: 'json', value: Task.toJSON(await handler.getTask(request, call)) }
}

const act: RestOperation = async ({ handler, call, params, query, body }) => {
  const { id, verb } = splitVerb(params['task'] ?? '')
  const tenant = query.get('tenant') ?? textOf(body, 'tenant')
  if (verb === 'subscribe') return { kind: 'stream', events: handler.resubscribe({ id, tenant }, call) }
  requireVerb(verb, 'cancel')
  return { kind: 'json', value: Task.toJSON(await handler.cancelTask({ id, tenant, metadata: undefined }, call)) }
}

const createConfig: RestOperation = async ({ handler, call, params, body }) => {
  const config = TaskPushNotificationConfig.fromJSON({ ...body, taskId: params['task'] ?? '' })
  const created = await handler.createTaskPushNotificationConfig(config, call)
  return { kind: 'json', value: TaskPushNotificationConfig.toJSON(created), status: 201 }
}

const listConfigs: RestOperation = async ({ handler, call, params, query }) => {
  const request = { taskId: params['task'] ?? '', tenant: query.get('tenant') ?? '', pageSize: 0, pageToken: '' }
  const response = await handler.listTaskPushNotificationConfigs(request, call)
  return { kind: 'json', value: ListTaskPushNotificationConfigsResponse.toJSON(response) }
}

const getConfig: RestOperation = async ({ handler, call, params, query }) => {
  const config = await handler.getTaskPushNotificationConfig(configNamed(params, query), call)
  return { kind: 'json', value: TaskPushNotificationConfig.toJSON(config) }
}

const deleteConfig: RestOperation = async ({ handler, call, params, query }) => {
  await handler.deleteTaskPushNotificationConfig(configNamed(params, query), call)
  return { kind: 'nothing' }
}

const extendedCard: RestOperation = async ({ handler, call, query }) => {
  const card = await handler.getAuthenticatedExtendedAgentCard({ tenant: query.get('tenant') ?? '' }, call)
  return { kind: 'json', value: AgentCard.toJSON(card) }
}

/** The operations of the binding HTTP+JSON, by what the table of endpoints calls them. */
export const REST_OPERATIONS = {
  send,
  stream,
  list,
  get,
  act,
  createConfig,
  listConfigs,
  getConfig,
  deleteConfig,
  extendedCard,
} as const satisfies Record<string, RestOperation>

export type RestOperationName = keyof typeof REST_OPERATIONS

/** Serves one operation of A2A over HTTP+JSON. Failures have the form of the binding, `google.rpc.Status`. */
export async function answerRest(
  operation: RestOperationName,
  exchange: Exchange,
  context: GatewayContext,
): Promise<void> {
  try {
    const body = await bodyOf(exchange, context)
    const { handler } = await openA2a(context)
    const call = contextOf(callFrom(exchange, context))
    validateVersion(call.requestedVersion, await handler.getAgentCard(), 'HTTP+JSON')
    const { params } = exchange
    const answering = REST_OPERATIONS[operation]({ handler, call, params, query: queryOf(exchange), body })
    const answer = await untilAborted(answering, exchange.signal)
    if (answer.kind !== 'stream') respond(exchange, { ...answerOf(answer), headers: activatedExtensions(call) })
    else
      await sendEvents(answer.events, exchange, {
        textOf: (event) => JSON.stringify(StreamResponse.toJSON(event)),
        failureOf: (error) => JSON.stringify(failureOf(error).value),
        headers: () => activatedExtensions(call),
      })
  } catch (error) {
    if (exchange.signal.aborted || exchange.response.headersSent) throw error
    const { value, status } = failureOf(error)
    respond(exchange, { value, status, headers: [] })
  }
}

function answerOf(answer: Exclude<RestAnswer, { readonly kind: 'stream' }>): { value?: unknown; status: number } {
  return answer.kind === 'nothing' ? { status: 204 } : { value: answer.value, status: answer.status ?? 200 }
}

function failureOf(error: unknown): { readonly value: unknown; readonly status: number } {
  const failure = toA2aError(error)
  const isOwn = failure instanceof CodedA2aError
  const status = isOwn ? failure.httpStatus : statusOf(failure)
  return { value: toRestErrorBody(failure, status), status }
}

/** The protocol's own media type for who names it, in what is accepted or sent; plain JSON for who knows nothing of it. */
function mediaTypeFor({ headers }: Exchange['request']): string {
  const isNamed = [headers.accept, headers['content-type']].some((text) => text?.includes(A2A_CONTENT_TYPE) === true)
  return isNamed ? A2A_CONTENT_TYPE : 'application/json'
}

/** The body itself may be of a type that is not read, which HTTP has a status for. */
function statusOf(failure: A2AError): number {
  return CodedError.is(failure.cause, 'GATEWAY_MEDIA_TYPE') ? 415 : restStatusFor(failure)
}

function respond(
  { request, response, commonHeaders }: Exchange,
  answer: { readonly value?: unknown; readonly status: number; readonly headers: readonly string[] },
): void {
  const { value, status, headers } = answer
  if (value === undefined) {
    response.writeHead(status, [...commonHeaders, ...headers])
    response.end()
    return
  }
  const text = JSON.stringify(value)
  const length = String(Buffer.byteLength(text))
  response.writeHead(status, [
    'content-type',
    mediaTypeFor(request),
    'content-length',
    length,
    ...commonHeaders,
    ...headers,
  ])
  response.end(text)
}

async function bodyOf({ request }: Exchange, { limits }: GatewayContext): Promise<JsonObject> {
  const isEmpty =
    request.headers['transfer-encoding'] === undefined && Number(request.headers['content-length'] ?? 0) === 0
  if (isEmpty) return {}
  const body = parseJsonBody(await readBody(request, limits.bodyBytesMax, BODY_TYPE))
  checkJsonTree(body, undefined)
  return body
}

function readMessage(body: JsonObject): SendMessageRequest {
  return SendMessageRequest.fromJSON(body)
}

function queryOf({ request }: Exchange): URLSearchParams {
  const url = request.url ?? ''
  const at = url.indexOf('?')
  return new URLSearchParams(at === -1 ? '' : url.slice(at + 1))
}

/** `ID:cancel` is the id and what is asked of the task. */
function splitVerb(text: string): { readonly id: string; readonly verb: string | undefined } {
  const at = text.lastIndexOf(':')
  return at === -1 ? { id: text, verb: undefined } : { id: text.slice(0, at), verb: text.slice(at + 1) }
}

function requireVerb(verb: string | undefined, wanted: string | undefined): void {
  if (verb === wanted) return
  throw new RequestMalformedError('A path of a task ends in its id, in ID:cancel (POST), or in ID:subscribe')
}

function configNamed(params: Exchange['params'], query: URLSearchParams) {
  return { taskId: params['task'] ?? '', id: params['config'] ?? '', tenant: query.get('tenant') ?? '' }
}

function textOf(body: JsonObject, name: string): string {
  const value = body[name]
  return typeof value === 'string' ? value : ''
}
