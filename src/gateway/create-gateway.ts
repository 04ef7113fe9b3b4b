import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { CodedError } from '../base/errors.ts'
import { DEFAULT_TENANT } from '../base/identifiers.ts'
import type { AgentSkill } from '../node/a2a/agent-skill.ts'
import type { RateHold } from '../node/access/rate-meter.ts'
import type { KernellNode } from '../node/kernell-node.ts'
import type { Span } from '../ports/tracer.ts'
import { type AdminGuard, createAdminGuard } from './listener/admin-guard.ts'
import { type AuthenticatedCaller, credentialOf } from './listener/authenticate.ts'
import { answerBrokenRequest } from './listener/broken-request.ts'
import { createControlGuard } from './listener/control-guard.ts'
import { createIdentification, type Identification } from './listener/identify.ts'
import { InFlight } from './listener/in-flight.ts'
import { type Exchange, type GatewayContext, type GatewayLimits, respondFailure } from './exchange.ts'
import { completeLimits } from './gateway-limits.ts'
import type { EndpointEntry } from './endpoint.ts'
import { ENDPOINTS } from './endpoint-table.ts'
import { EndpointMatcher, refuseRole } from './match-endpoint.ts'
import { endRequestSpan, startRequestSpan } from './listener/request-span.ts'
import { McpFace, type McpInit } from './mcp/mcp-face.ts'
import { formatUrl, openListener } from './listener/open-listener.ts'
import { createOriginGuard, crossOriginHeaders, isLoopbackHost, type OriginGuard } from './listener/origin-guard.ts'

export type GatewayInit = {
  /** What answers. The gateway does not close it. */
  readonly node: KernellNode
  /** Names besides loopback's that `Host` may carry where no key is asked for, without port. */
  readonly allowedHosts?: readonly string[]
  /** Origins of web pages that may call the gateway. */
  readonly allowedOrigins?: readonly string[]
  /** Where the node's configuration has a member of the same name, that is the default. */
  readonly limits?: Partial<GatewayLimits>
  /** What the node does for other agents over A2A besides the router; `a2a.skills` of the configuration chooses among them. */
  readonly agentSkills?: readonly AgentSkill[]
  /** Secret of this start, for commands of this machine (`POST /control/AREA`). Absent: there is no such endpoint. */
  readonly controlToken?: string
  /** What is offered over the Model Context Protocol at `/mcp` beside the node's own. */
  readonly mcp?: McpInit
  /** Secret of the data directory, for whoever manages the node (`/v1/admin`). Absent: only keys with the role admin do. */
  readonly adminToken?: string
  /** Told of every failure that is the program's own or happens after the first byte, with the id that the caller saw. */
  readonly onFailure?: (error: unknown, requestId: string) => void
}

export type ListenOptions = {
  /** Default: the node's configuration. */
  readonly host?: string
  /** 0 lets the system choose. Default: the node's configuration. */
  readonly port?: number
}

export type CloseOptions = {
  /** Time for requests that are being served; afterwards they are aborted. Default 10 s. */
  readonly deadlineMs?: number
}

/** The HTTP listener of a node. */
export type Gateway = AsyncDisposable & {
  /**
   * Opens the listener, once.
   *
   * @returns The base address, `http://127.0.0.1:8787`.
   *
   * Throws `GATEWAY_KEYS_REQUIRED` for an address that other machines can reach while no key is configured, and `GATEWAY_LISTEN_FAILED`.
   */
  listen(options?: ListenOptions): Promise<string>
  /** The base address; `undefined` while not listening. */
  readonly url: string | undefined
  /** Takes no more requests, lets those in flight finish until the deadline, then aborts them. Idempotent. */
  close(options?: CloseOptions): Promise<void>
}

/** Time that aborted requests have to write their last words before their connections are cut. */
const LAST_WORDS_MS = 1_000

/**
 * Makes the OpenAI-compatible HTTP surface of a node. Nothing happens before `listen`.
 *
 * Throws `CONFIG_INVALID` when a configured key is not usable.
 */
export function createGateway(init: GatewayInit): Gateway {
  return new HttpGateway(init)
}

class HttpGateway implements Gateway {
  readonly #init: GatewayInit
  readonly #context: GatewayContext
  readonly #identification: Identification
  readonly #admins: AdminGuard
  readonly #guard: OriginGuard
  readonly #matcher = new EndpointMatcher(ENDPOINTS)
  readonly #server: Server
  readonly #inFlight = new InFlight()
  readonly #idPrefix = randomBytes(6).toString('hex')
  #idCount = 0
  #url: string | undefined
  /** Whether other machines reach the listener. */
  #isExposed = false
  #closing: Promise<void> | undefined

  constructor(init: GatewayInit) {
    const { config } = init.node
    this.#init = init
    const identification = createIdentification(config.keys, init.node.access?.door)
    this.#identification = identification
    this.#admins = createAdminGuard({ token: init.adminToken, identification, isExposed: () => this.#isExposed })
    this.#guard = createOriginGuard({
      isOpen: !identification.isKeyed,
      allowedHosts: init.allowedHosts ?? [],
      allowedOrigins: init.allowedOrigins ?? [],
    })
    const providers = new Set([
      ...Object.keys(config.providers),
      ...init.node.listModels().map(({ entry }) => entry.provider),
    ])
    const limits = completeLimits(config.server, init.limits)
    const onFailure = (error: unknown): void => init.onFailure?.(error, 'mcp')
    this.#context = {
      node: init.node,
      limits,
      baseUrl: () => this.#url ?? 'http://localhost',
      agentSkills: init.agentSkills ?? [],
      providers,
      get isKeyed() {
        return identification.isKeyed
      },
      mcp: new McpFace({ node: init.node, providers, limits, mcp: init.mcp ?? {}, onFailure }),
      ...(init.controlToken !== undefined && { control: createControlGuard(init.controlToken) }),
    }
    this.#server = this.#createServer()
  }

  get url(): string | undefined {
    return this.#url
  }

  async listen(options: ListenOptions = {}): Promise<string> {
    if (this.#url !== undefined || this.#closing !== undefined) throw new TypeError('A gateway listens once')
    const host = options.host ?? this.#init.node.config.server.host
    const port = options.port ?? this.#init.node.config.server.port
    if (!this.#context.isKeyed && !isLoopbackHost(host)) {
      throw new CodedError('GATEWAY_KEYS_REQUIRED', {
        message: `Refused to listen on ${host} without API keys`,
        details: { host },
      })
    }
    this.#isExposed = !isLoopbackHost(host)
    await openListener(this.#server, { host, port })
    this.#url = formatUrl(this.#server, host)
    return this.#url
  }

  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#shutDown(options.deadlineMs ?? 10_000)
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #shutDown(deadlineMs: number): Promise<void> {
    if (this.#url === undefined) return
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    this.#context.mcp.endListening()
    await this.#inFlight.idle(deadlineMs)
    this.#inFlight.abort(() => new CodedError('GATEWAY_STOPPING', { message: 'The node is stopping' }))
    await this.#context.mcp.close()
    await this.#inFlight.idle(LAST_WORDS_MS)
    this.#server.closeAllConnections()
    await closed
    this.#url = undefined
  }

  #createServer(): Server {
    const { limits } = this.#context
    const server = createServer({
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.bodyTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(5_000, limits.headersTimeoutMs),
      // The parser would answer a request without one itself, with an empty body; the guard does it in the form that clients read.
      requireHostHeader: false,
      noDelay: true,
    })
    server.on('request', (request, response) => this.#take(request, response))
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => answerBrokenRequest(error, socket as Socket))
    return server
  }

  /** Starts the service of one request; its end, good or bad, is handled inside. */
  #take(request: IncomingMessage, response: ServerResponse): void {
    const requestId = this.#nextRequestId()
    const arrival: Arrival = {
      request,
      response,
      requestId,
      path: pathOf(request.url),
      commonHeaders: ['x-request-id', requestId],
      arrivedMs: performance.now(),
    }
    try {
      requireOneHost(request)
      const foreignOrigin = this.#guard.check(request.headers)
      if (foreignOrigin !== undefined) arrival.commonHeaders.push(...crossOriginHeaders(foreignOrigin))
      if (foreignOrigin !== undefined && request.method === 'OPTIONS') {
        response.writeHead(204, arrival.commonHeaders)
        response.end()
      } else this.#admit(arrival)
    } catch (error) {
      // What a refused sender still has to say is read and dropped, so that the connection stays usable.
      request.resume()
      const allow = CodedError.is(error, 'GATEWAY_METHOD_UNKNOWN')
        ? ['allow', this.#matcher.allowedMethods(arrival.path) ?? '']
        : []
      const form = this.#matcher.failureForm(arrival.path)
      if (form === 'anthropic') arrival.commonHeaders.push('request-id', requestId)
      respondFailure(arrival, error, { form, headers: allow })
      this.#observe(arrival, 'refused')
    }
  }

  #admit(arrival: Arrival): void {
    if (this.#closing !== undefined) {
      arrival.commonHeaders.push('connection', 'close')
      throw new CodedError('GATEWAY_STOPPING', { message: 'The node is stopping' })
    }
    const { entry, params } = this.#matcher.match(arrival.request.method, arrival.path)
    const who = this.#identify(arrival.request, entry)
    refuseRole(entry, who)
    if (entry.isWork && this.#inFlight.work >= this.#context.limits.concurrentRequestsMax) {
      throw new CodedError('GATEWAY_OVERLOADED', { message: `${this.#inFlight.work} requests are being served` })
    }
    const rates = entry.isWork && who.access !== undefined ? this.#init.node.access?.door.begin(who.access) : undefined
    if (rates !== undefined) arrival.commonHeaders.push(...rates.headers)
    const span = startRequestSpan(this.#init.node.tracer, arrival, entry)
    const { signal } = this.#track({ arrival, entry, rates, span })
    if (entry.failureForm === 'anthropic') arrival.commonHeaders.push('request-id', arrival.requestId)
    this.#answer(entry, { ...arrival, signal, who, params, span }).catch(() => arrival.response.destroy())
  }

  /** Rejects only when not even the failure can be told. */
  async #answer(entry: EndpointEntry, exchange: Exchange): Promise<void> {
    try {
      await entry.answer(exchange, this.#context)
    } catch (error) {
      const { signal, response, requestId } = exchange
      const failure: unknown = signal.aborted ? signal.reason : error
      const isLate = response.headersSent && !CodedError.is(failure, 'REQUEST_ABORTED')
      if (!CodedError.is(failure) || isLate) this.#init.onFailure?.(failure, requestId)
      respondFailure(exchange, failure, { form: entry.failureForm })
    }
  }

  #identify(request: IncomingMessage, { isPublic, isAdministration }: EndpointEntry): AuthenticatedCaller {
    if (isAdministration === true) return this.#admins.identify(request, performance.now())
    const who = this.#callerOf(request, isPublic)
    if (who !== undefined) return who
    if (isPublic) return ANONYMOUS
    const isGiven = credentialOf(request.headers) !== undefined
    throw new CodedError('GATEWAY_KEY_INVALID', {
      message: isGiven ? 'The API key is not known to this node' : 'No API key was sent',
    })
  }

  /** What is for everybody answers whoever shows a key that is not taken any more as well. */
  #callerOf(request: IncomingMessage, isPublic: boolean): AuthenticatedCaller | undefined {
    try {
      return this.#identification.identify(credentialOf(request.headers)) ?? this.#admins.operatorOf(request)
    } catch (error) {
      if (isPublic && CodedError.is(error)) return undefined
      throw error
    }
  }

  /** Counts a request until its response is closed, and aborts it when the caller leaves first or it takes too long. */
  #track({ arrival, entry, rates, span }: Admitted): AbortController {
    const { response } = arrival
    const controller = new AbortController()
    const timer = setTimeout(
      () => controller.abort(tookTooLong(this.#context.limits)),
      this.#context.limits.requestTimeoutMs,
    )
    const served = this.#inFlight.begin(controller, entry.isWork)
    response.on('close', () => {
      clearTimeout(timer)
      if (!response.writableFinished)
        controller.abort(new CodedError('REQUEST_ABORTED', { message: 'The caller went away' }))
      const statusCode = this.#observe(arrival, entry.route)
      if (span !== undefined) endRequestSpan(span, statusCode)
      served.end()
      rates?.end()
    })
    return controller
  }

  #observe({ response, arrivedMs }: Arrival, route: string): number {
    const statusCode = response.writableEnded ? response.statusCode : CLIENT_CLOSED_REQUEST
    this.#init.node.observeHttp?.({ route, statusCode, durationMs: performance.now() - arrivedMs })
    return statusCode
  }

  #nextRequestId(): string {
    this.#idCount += 1
    return `${this.#idPrefix}-${this.#idCount.toString(36)}`
  }
}

const ANONYMOUS: AuthenticatedCaller = { caller: { tenant: DEFAULT_TENANT }, role: undefined, tiers: undefined }

/** Recorded for callers that left before their answer was complete. No response ever carries it. */
const CLIENT_CLOSED_REQUEST = 499

/** A request before it is admitted. */
type Arrival = Omit<Exchange, 'signal' | 'who' | 'params' | 'commonHeaders' | 'span'> & {
  readonly commonHeaders: string[]
  readonly arrivedMs: number
}

/** What ends with its response. */
type Admitted = {
  readonly arrival: Arrival
  readonly entry: EndpointEntry
  /** Absent where nothing bounds the caller. */
  readonly rates: RateHold | undefined
  readonly span: Span | undefined
}

function tookTooLong({ requestTimeoutMs }: GatewayLimits): CodedError {
  return new CodedError('GATEWAY_TIMEOUT', { message: `The request took longer than ${requestTimeoutMs} ms` })
}

/** Two names of which two readers take different ones are how a request is smuggled past a check. */
function requireOneHost({ rawHeaders, httpVersion }: IncomingMessage): void {
  let hostCount = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name?.length === 4 && name.toLowerCase() === 'host') hostCount += 1
  }
  if (hostCount === 1 || (hostCount === 0 && httpVersion === '1.0')) return
  const message = hostCount === 0 ? 'The header Host is missing' : 'The header Host may be sent once'
  throw new CodedError('REQUEST_INVALID', { message, details: { param: 'host' } })
}

function pathOf(url: string | undefined): string {
  const text = url ?? '/'
  const end = text.indexOf('?')
  return end === -1 ? text : text.slice(0, end)
}
