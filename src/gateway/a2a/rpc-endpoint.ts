import { A2A_ERROR_CODE, toJsonRpcError } from '@a2a-js/sdk/errors'
import { JsonRpcTransportHandler, type ServerCallContext, validateVersion } from '@a2a-js/sdk/server'
import { CodedError } from '../../base/errors.ts'
import { contextOf, toA2aError } from '../../node/a2a/node-a2a.ts'
import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { checkJsonTree, type JsonObject, parseJsonBody } from '../listener/parse-json-body.ts'
import { readBody } from '../listener/read-body.ts'
import { activatedExtensions } from './activated-extensions.ts'
import { callFrom, openA2a } from './open-call.ts'
import { sendEvents, untilAborted } from './send-events.ts'

type RpcAnswer = Awaited<ReturnType<JsonRpcTransportHandler['handle']>>
type RpcStream = Extract<RpcAnswer, AsyncGenerator<unknown>>
type RpcId = string | number | null

/** `POST /a2a`: A2A over JSON-RPC 2.0. Failures are answers of JSON-RPC with the status 200, but for those that are none of the protocol's. */
export async function answerRpc(exchange: Exchange, context: GatewayContext): Promise<void> {
  let id: RpcId = null
  try {
    const request = readRequest(await readBody(exchange.request, context.limits.bodyBytesMax))
    id = idOf(request)
    const a2a = await openA2a(context)
    const call = contextOf(callFrom(exchange, context))
    validateVersion(call.requestedVersion, await a2a.handler.getAgentCard(), 'JSONRPC')
    const transport = new JsonRpcTransportHandler(a2a.handler)
    const answer = await untilAborted(transport.handle({ ...request }, call), exchange.signal)
    if (isStream(answer)) await sendStream(answer, { exchange, call, id })
    else respondJson(exchange, JSON.stringify(withOwnCode(answer)), { headers: activatedExtensions(call) })
  } catch (error) {
    // A body that is too long is not of the protocol: it was not read.
    if (exchange.signal.aborted || exchange.response.headersSent || CodedError.is(error, 'GATEWAY_BODY_TOO_LARGE'))
      throw error
    respondJson(exchange, JSON.stringify({ jsonrpc: '2.0', id, error: errorOf(error) }))
  }
}

async function sendStream(
  answers: RpcStream,
  { exchange, call, id }: { readonly exchange: Exchange; readonly call: ServerCallContext; readonly id: RpcId },
): Promise<void> {
  await sendEvents(answers, exchange, {
    textOf: (answer) => JSON.stringify(answer),
    failureOf: (error) => JSON.stringify({ jsonrpc: '2.0', id, error: errorOf(error) }),
    headers: () => activatedExtensions(call),
  })
}

function isStream(answer: RpcAnswer): answer is RpcStream {
  return Symbol.asyncIterator in answer
}

/** A failure of the envelope, which A2A has no word for. */
class EnvelopeError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** The request as an object with a method. Throws `EnvelopeError`, and `REQUEST_INVALID` for params that are too deep. */
function readRequest(body: Buffer): JsonObject {
  const request = parseEnvelope(body)
  const { jsonrpc, method, params, id } = request
  if (jsonrpc !== '2.0') throw new EnvelopeError(A2A_ERROR_CODE.INVALID_REQUEST, 'jsonrpc must be "2.0"')
  if (typeof method !== 'string' || method === '')
    throw new EnvelopeError(A2A_ERROR_CODE.INVALID_REQUEST, 'method must be a string that is not empty')
  if (id !== undefined && id !== null && typeof id !== 'string' && !Number.isSafeInteger(id))
    throw new EnvelopeError(A2A_ERROR_CODE.INVALID_REQUEST, 'id must be a string, a whole number or null')
  if (params !== undefined) checkJsonTree(params, 'params')
  return request
}

function parseEnvelope(body: Buffer): JsonObject {
  try {
    return parseJsonBody(body)
  } catch (error) {
    if (!CodedError.is(error, 'REQUEST_INVALID')) throw error
    throw new EnvelopeError(isJson(body) ? A2A_ERROR_CODE.INVALID_REQUEST : A2A_ERROR_CODE.PARSE_ERROR, error.message)
  }
}

function isJson(body: Buffer): boolean {
  try {
    JSON.parse(body.toString('utf8'))
    return true
  } catch {
    return false
  }
}

function idOf({ id }: JsonObject): RpcId {
  return typeof id === 'string' || typeof id === 'number' ? id : null
}

type RpcError = { readonly code: number; readonly message: string; readonly data?: unknown }

function errorOf(error: unknown): RpcError {
  if (error instanceof EnvelopeError) return { code: error.code, message: error.message }
  return ownCoded(toJsonRpcError(toA2aError(error)))
}

/** The code of JSON-RPC for failures that A2A has no word for: what they are stands in their data. */
const OWN_CODE = -32_000

/** A refusal that has a code of this project is no internal error, which is all that the library knows to say of it. */
function ownCoded(error: RpcError): RpcError {
  const isOwn = error.code === A2A_ERROR_CODE.INTERNAL_ERROR && JSON.stringify(error.data ?? null).includes('"remedy"')
  return isOwn ? { ...error, code: OWN_CODE } : error
}

function withOwnCode(answer: Exclude<RpcAnswer, RpcStream>): unknown {
  const { error } = answer
  return isRpcError(error) ? { ...answer, error: ownCoded(error) } : answer
}

function isRpcError(error: unknown): error is RpcError {
  return typeof error === 'object' && error !== null && 'code' in error && 'message' in error
}
