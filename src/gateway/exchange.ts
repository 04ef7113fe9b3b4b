import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AgentSkill } from '../node/a2a/agent-skill.ts'
import type { KernellNode } from '../node/kernell-node.ts'
import { asAnthropicFailure, formatAnthropicFailure } from './anthropic/anthropic-failure.ts'
import type { Span } from '../ports/tracer.ts'
import type { BatchQueue } from './batches/batch-queue.ts'
import type { AuthenticatedCaller } from './listener/authenticate.ts'
import type { DashboardSessions } from './dashboard/sessions.ts'
import type { ControlGuard } from './listener/control-guard.ts'
import type { RateHold } from '../node/access/rate-meter.ts'
import { describeFailure, type FailureDescription, formatFailure } from './describe-failure.ts'
import type { RunningResponses } from './responses/running-responses.ts'

/** One request and its answer, past the checks that every request goes through. */
export type Exchange = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Unique per node; also the id of the task where there is one. */
  readonly requestId: string
  /** Path without query, as sent. */
  readonly path: string
  /** What stands in the path for the names of the endpoint's route, decoded. */
  readonly params: Readonly<Record<string, string>>
  /** Aborted when the caller goes away, the request takes too long, or the gateway has to stop. */
  readonly signal: AbortSignal
  readonly who: AuthenticatedCaller
  /** The span of the request, which ends with the answer; `undefined` where it is not traced. */
  readonly span: Span | undefined
  /** Names and values, alternating, that every answer carries. */
  readonly commonHeaders: string[]
}

/** What the endpoints share. */
export type GatewayContext = {
  readonly node: KernellNode
  readonly limits: GatewayLimits
  /** The address that the gateway listens at, without a slash at its end. */
  readonly baseUrl: () => string
  /** Skills for other agents, besides the router. */
  readonly agentSkills: readonly AgentSkill[]
  /** Names of the providers that the node knows. */
  readonly providers: ReadonlySet<string>
  /** Whether keys are asked for, by now. */
  readonly isKeyed: boolean
  /** Pages of the dashboard that are open, and links that open one. */
  readonly sessions: DashboardSessions
  /** A new link to the dashboard; `undefined` while the gateway does not listen. */
  readonly dashboardLink: () => string | undefined
  readonly responses: RunningResponses
  readonly batches: BatchQueue
  /** Room for so many tasks that a request brings besides its first. Rejects with `GATEWAY_OVERLOADED`, `ACCESS_RATE_LIMITED` and `STORE_*`. */
  readonly furtherWork: { begin(who: AuthenticatedCaller, count: number): Promise<RateHold> }
  /** An id that no other request or task of this node has. */
  readonly nextId: () => string
  /** Told of failures that no caller hears of, with the id of the request that began it. */
  readonly onFailure: (error: unknown, requestId: string) => void
  /** Absent: nothing controls the node over HTTP. */
  readonly control?: ControlGuard
  /** The node as a server of the Model Context Protocol. */
  readonly mcp: { answer(exchange: Exchange): Promise<void> }
}

/** Bounds of requests and connections: bytes, counts, milliseconds. */
export type GatewayLimits = {
  readonly bodyBytesMax: number
  readonly concurrentRequestsMax: number
  /** A whole request, from its last byte in to its last byte out. */
  readonly requestTimeoutMs: number
  readonly messagesMax: number
  readonly headerBytesMax: number
  /** Time in which all headers must arrive. */
  readonly headersTimeoutMs: number
  /** Time in which headers and body must arrive. */
  readonly bodyTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  /** How long the end of a stream waits for the final figures of the task. */
  readonly resultWaitMs: number
  /** Tasks of one batch that are worked on at one time. */
  readonly batchConcurrency: number
  /** How long a batch may take. */
  readonly batchWindowMs: number
}

export type Endpoint = (exchange: Exchange, context: GatewayContext) => void | Promise<void>

/** Sends a whole JSON answer. */
export function respondJson(
  exchange: Exchange,
  body: string,
  init: { readonly status?: number; readonly headers?: readonly string[] } = {},
): void {
  const { response } = exchange
  response.writeHead(init.status ?? 200, [
    'content-type',
    'application/json',
    'content-length',
    String(Buffer.byteLength(body)),
    ...exchange.commonHeaders,
    ...(init.headers ?? []),
  ])
  response.end(body)
}

/** Whole seconds by the standard, and what clients of these interfaces read first. */
function retryHeaders({ retryAfterMs }: FailureDescription): readonly string[] {
  if (retryAfterMs === undefined) return []
  return ['retry-after', String(Math.ceil(retryAfterMs / 1000)), 'retry-after-ms', String(Math.ceil(retryAfterMs))]
}

/** Whose clients read a failure. */
export type FailureForm = 'openai' | 'anthropic'

export type FailureAnswer = {
  /** Absent: OpenAI's. */
  readonly form?: FailureForm | undefined
  /** Names and values, alternating. */
  readonly headers?: readonly string[]
}

/** Sends a failure. Does nothing when the answer has begun or nobody is there to read it. */
export function respondFailure(
  exchange: Pick<Exchange, 'request' | 'response' | 'requestId' | 'commonHeaders'>,
  error: unknown,
  { form, headers = [] }: FailureAnswer = {},
): void {
  const { response, requestId } = exchange
  if (response.headersSent || response.destroyed) return
  const described = describeFailure(error, requestId)
  const description = form === 'anthropic' ? asAnthropicFailure(described) : described
  const body = form === 'anthropic' ? formatAnthropicFailure(description, requestId) : formatFailure(description)
  response.writeHead(description.status, [
    'content-type',
    'application/json',
    'content-length',
    String(Buffer.byteLength(body)),
    'x-should-retry',
    String(description.isRetryable),
    ...retryHeaders(description),
    ...without(exchange.commonHeaders, description.headers),
    ...(description.headers ?? []),
    ...headers,
    // Nobody wants to read the rest of a body that is far too long.
    ...(description.status === 413 && !exchange.request.complete ? ['connection', 'close'] : []),
  ])
  response.end(body)
}

/** The answer, whatever it will be, has these headers in the place of those of the same names. */
export function setHeaders({ commonHeaders }: Pick<Exchange, 'commonHeaders'>, headers: readonly string[]): void {
  if (headers.length > 0) commonHeaders.splice(0, Infinity, ...without(commonHeaders, headers), ...headers)
}

/** Headers without those that others take the place of. */
function without(headers: readonly string[], others: readonly string[] = []): readonly string[] {
  if (others.length === 0) return headers
  return headers.filter((_, place) => !others.includes(headers[place - (place % 2)] ?? ''))
}
