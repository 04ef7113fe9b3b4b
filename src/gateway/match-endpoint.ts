import { CodedError } from '../base/errors.ts'
import type { AuthenticatedCaller } from './authenticate.ts'
import { answerChat } from './chat-endpoint.ts'
import { answerControlRequest } from './control-endpoint.ts'
import { answerEmbeddings } from './embeddings-endpoint.ts'
import { type Endpoint, type Exchange, type GatewayContext, respondJson } from './exchange.ts'
import { CALLER_ROLES, type CallerRole } from '../node/config/node-config.ts'
import { answerFeedback } from './feedback-endpoint.ts'
import { listModels, showModel } from './models-endpoint.ts'
import { answerHealth, answerMetrics, answerPolicy } from './node-endpoints.ts'

export type EndpointEntry = {
  /** Pattern of its paths. */
  readonly route: string
  readonly method: 'GET' | 'POST'
  readonly answer: Endpoint
  /** Answers without a key even where keys are asked for. */
  readonly isPublic: boolean
  /** Whose keys it is for, where it is not public. */
  readonly roles: readonly CallerRole[]
  /** Counts against the limit of requests at the same time. */
  readonly isWork: boolean
}

const WORK = { method: 'POST', isPublic: false, roles: ['admin', 'member'], isWork: true } as const
const LOOK = { method: 'GET', isPublic: false, roles: CALLER_ROLES, isWork: false } as const
const CARE = { method: 'GET', isPublic: false, roles: ['admin', 'operator'], isWork: false } as const

/** Every endpoint with a path of its own. */
export const ENTRIES: readonly EndpointEntry[] = [
  { ...WORK, route: '/v1/chat/completions', answer: answerChat },
  { ...WORK, route: '/v1/embeddings', answer: answerEmbeddings },
  { ...WORK, route: '/v1/policy/decide', roles: ['admin', 'operator', 'member'], answer: answerPolicy },
  { ...WORK, route: '/v1/feedback', answer: answerFeedback },
  { ...LOOK, route: '/v1/models', answer: listModels },
  { ...LOOK, route: '/healthz', isPublic: true, answer: answerHealth },
  { ...CARE, route: '/metrics', answer: answerMetrics },
  { ...LOOK, route: '/', isPublic: true, answer: listEndpoints },
]

const ENTRY_OF_PATH: ReadonlyMap<string, EndpointEntry> = new Map(ENTRIES.map((entry) => [entry.route, entry]))

export const ONE_MODEL: EndpointEntry = { ...LOOK, route: '/v1/models/:id', answer: showModel }

/** For commands of this machine, which know it from the node's own file: it is in no list, and checks more than a key. */
export const CONTROL: EndpointEntry = {
  roles: [],
  method: 'POST',
  route: '/control/:area',
  answer: answerControlRequest,
  isPublic: true,
  isWork: false,
}

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

/** What an endpoint is not for, its key may not ask of it; what is public is for everybody. Throws `GATEWAY_ROLE_REFUSED`. */
export function refuseRole({ isPublic, roles, route }: EndpointEntry, { role }: AuthenticatedCaller): void {
  if (isPublic || (role !== undefined && roles.includes(role))) return
  throw new CodedError('GATEWAY_ROLE_REFUSED', {
    message: `A key with the role ${role ?? 'none'} may not use ${route}`,
    details: { role: role ?? null, roles: [...roles] },
  })
}

function findEntry(pathname: string): EndpointEntry | undefined {
  const entry = ENTRY_OF_PATH.get(pathname)
  if (entry !== undefined) return entry
  if (/^\/control\/[a-z-]{1,32}$/.test(pathname)) return CONTROL
  return pathname.startsWith('/v1/models/') && pathname.length > '/v1/models/'.length ? ONE_MODEL : undefined
}

/** `GET /`: what this is and where things are, for someone who opens the address in a browser. */
function listEndpoints(exchange: Exchange, context: GatewayContext): void {
  const endpoints = [...ENTRIES, ONE_MODEL].map(({ method, route }) => `${method} ${route}`)
  respondJson(exchange, JSON.stringify({ name: 'kernell-os', version: context.node.health().version, endpoints }))
}
