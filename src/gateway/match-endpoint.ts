import { CodedError } from '../base/errors.ts'
import { answerChat } from './chat-endpoint.ts'
import { answerEmbeddings } from './embeddings-endpoint.ts'
import { type Endpoint, type Exchange, type GatewayContext, respondJson } from './exchange.ts'
import { listModels, showModel } from './models-endpoint.ts'
import { answerHealth, answerMetrics, answerPolicy } from './node-endpoints.ts'

export type EndpointEntry = {
  readonly method: 'GET' | 'POST'
  readonly answer: Endpoint
  /** Answers without a key even where keys are asked for. */
  readonly isPublic: boolean
  /** Counts against the limit of requests at the same time. */
  readonly isWork: boolean
}

const WORK = { method: 'POST', isPublic: false, isWork: true } as const
const LOOK = { method: 'GET', isPublic: false, isWork: false } as const

const ENDPOINTS: ReadonlyMap<string, EndpointEntry> = new Map<string, EndpointEntry>([
  ['/v1/chat/completions', { ...WORK, answer: answerChat }],
  ['/v1/embeddings', { ...WORK, answer: answerEmbeddings }],
  ['/v1/policy/decide', { ...WORK, answer: answerPolicy }],
  ['/v1/models', { ...LOOK, answer: listModels }],
  ['/healthz', { ...LOOK, isPublic: true, answer: answerHealth }],
  ['/metrics', { ...LOOK, answer: answerMetrics }],
  ['/', { ...LOOK, isPublic: true, answer: listEndpoints }],
])

const ONE_MODEL: EndpointEntry = { ...LOOK, answer: showModel }

/** The methods that `pathname` takes, for the header `allow`; `undefined` when there is nothing at the path. */
export function allowedMethods(pathname: string): string | undefined {
  const entry = findEntry(pathname)
  if (entry === undefined) return undefined
  return entry.method === 'GET' ? 'GET, HEAD' : 'POST'
}

/** What answers a path and a method. Throws `GATEWAY_PATH_UNKNOWN` and `GATEWAY_METHOD_UNKNOWN`. */
export function matchEndpoint(method: string | undefined, pathname: string): EndpointEntry {
  const entry = findEntry(pathname)
  if (entry === undefined)
    throw new CodedError('GATEWAY_PATH_UNKNOWN', {
      message: `There is nothing at ${JSON.stringify(pathname.slice(0, 200))}`,
    })
  if (entry.method === method || (entry.method === 'GET' && method === 'HEAD')) return entry
  throw new CodedError('GATEWAY_METHOD_UNKNOWN', { message: `${pathname} takes ${entry.method}` })
}

function findEntry(pathname: string): EndpointEntry | undefined {
  const entry = ENDPOINTS.get(pathname)
  if (entry !== undefined) return entry
  return pathname.startsWith('/v1/models/') && pathname.length > '/v1/models/'.length ? ONE_MODEL : undefined
}

/** `GET /`: what this is and where things are, for someone who opens the address in a browser. */
function listEndpoints(exchange: Exchange, context: GatewayContext): void {
  const paths = [...ENDPOINTS].map(([path, entry]) => `${entry.method} ${path}`)
  respondJson(
    exchange,
    JSON.stringify({
      name: 'kernell-os',
      version: context.node.health().version,
      endpoints: [...paths, 'GET /v1/models/:id'],
    }),
  )
}
