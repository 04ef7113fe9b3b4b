import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { CodedError } from '../base/errors.ts'
import type { RateHold } from '../node/access/rate-meter.ts'
import { type Admitted, type Arrival, arrivalOf, requireOneHost } from './listener/arrival.ts'
import { createAdminGuard } from './listener/admin-guard.ts'
import { Callers } from './listener/callers.ts'
import { BatchRunner } from './batches/batch-runner.ts'
import { answerBrokenRequest } from './listener/broken-request.ts'
import { DashboardSessions } from './dashboard/sessions.ts'
import { createControlGuard } from './listener/control-guard.ts'
import { createIdentification } from './listener/identify.ts'
import { FurtherWork } from './listener/further-work.ts'
import { type Exchange, type GatewayContext, respondFailure } from './exchange.ts'
import type { CloseOptions, Gateway, GatewayInit, ListenOptions } from './gateway.ts'
import { completeLimits } from './gateway-limits.ts'
import type { EndpointEntry } from './endpoint.ts'
import { ENDPOINTS } from './endpoint-table.ts'
import { EndpointMatcher, refuseRole } from './match-endpoint.ts'
import { logFailure } from './listener/request-log.ts'
import { startRequestSpan } from './listener/request-span.ts'
import { McpFace } from './mcp/mcp-face.ts'
import { formatUrl, openListener } from './listener/open-listener.ts'
import { readBody } from './listener/read-body.ts'
import { KeptAnswers } from './listener/kept-answers.ts'
import { IDEMPOTENCY_HEADER, RepeatedRequests } from './listener/repeated-requests.ts'
import { createOriginGuard, crossOriginHeaders, isLoopbackHost, type OriginGuard } from './listener/origin-guard.ts'
import { TrackedRequests } from './listener/tracked-requests.ts'
import { RunningResponses } from './responses/running-responses.ts'

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
  readonly #mcp: McpFace
  readonly #batches = new BatchRunner(() => this.#context)
  readonly #callers: Callers
  readonly #guard: OriginGuard
  readonly #matcher = new EndpointMatcher(ENDPOINTS)
  readonly #server: Server
  readonly #requests: TrackedRequests
  readonly #sessions = new DashboardSessions()
  readonly #repeated: RepeatedRequests
  readonly #idPrefix = randomBytes(6).toString('hex')
  #idCount = 0
  #url: string | undefined
  /** Whether other machines reach the listener. */
  #isExposed = false
  #closing: Promise<void> | undefined

  constructor(init: GatewayInit) {
    const { config } = init.node
    this.#init = init
    this.#repeated = new RepeatedRequests({
      begin: () => this.#requests.trackUnattended(),
      nowMs: () => performance.now(),
      underWayMax: () => this.#context.limits.concurrentRequestsMax,
      kept: new KeptAnswers(init.node),
    })
    const identification = createIdentification(config.keys, init.node.access?.door)
    const admins = createAdminGuard({ token: init.adminToken, identification, isExposed: () => this.#isExposed })
    this.#callers = new Callers({ identification, admins, sessions: this.#sessions })
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
    this.#requests = new TrackedRequests({ ...init, limits })
    const onFailure = (error: unknown): void => init.onFailure?.(error, 'mcp')
    this.#mcp = new McpFace({ node: init.node, providers, limits, mcp: init.mcp ?? {}, onFailure })
    this.#context = {
      node: init.node,
      limits,
      baseUrl: () => this.#url ?? 'http://localhost',
      agentSkills: init.agentSkills ?? [],
      providers,
      get isKeyed() {
        return identification.isKeyed
      },
      mcp: this.#mcp,
      sessions: this.#sessions,
      dashboardLink: () => this.dashboardLink(),
      responses: new RunningResponses(),
      batches: this.#batches,
      furtherWork: new FurtherWork({ requests: this.#requests, door: init.node.access?.door }),
      nextId: () => this.#nextRequestId(),
      onFailure: (error, requestId) => init.onFailure?.(error, requestId),
      ...(init.controlToken !== undefined && { control: createControlGuard(init.controlToken) }),
    }
    this.#server = this.#createServer()
  }

  get url(): string | undefined {
    return this.#url
  }

  dashboardLink(): string | undefined {
    if (this.#url === undefined) return undefined
    return `${this.#url}/dashboard/#token=${this.#sessions.issueTicket()}`
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
    this.#batches.resume().catch((error: unknown) => this.#init.onFailure?.(error, 'batches'))
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
    this.#requests.abortOpenEnded(stopping)
    this.#server.closeIdleConnections()
    this.#mcp.endListening()
    await this.#requests.idle(deadlineMs)
    this.#requests.abort(stopping)
    await this.#context.responses.stop(stopping())
    await this.#batches.stop(stopping())
    await this.#mcp.close()
    await this.#requests.idle(LAST_WORDS_MS)
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
    const arrival = arrivalOf(request, response, this.#nextRequestId())
    try {
      requireOneHost(request)
      const foreignOrigin = this.#guard.check(request.headers)
      if (foreignOrigin !== undefined) arrival.commonHeaders.push(...crossOriginHeaders(foreignOrigin))
      if (foreignOrigin !== undefined && request.method === 'OPTIONS') {
        response.writeHead(204, arrival.commonHeaders)
        response.end()
      } else this.#admit(arrival)
    } catch (error) {
      this.#refuse(arrival, error)
    }
  }

  #refuse(arrival: Arrival, error: unknown): void {
    // What a refused sender still has to say is read and dropped, so that the connection stays usable.
    arrival.request.resume()
    const allow = CodedError.is(error, 'GATEWAY_METHOD_UNKNOWN')
      ? ['allow', this.#matcher.allowedMethods(arrival.path) ?? '']
      : []
    const form = this.#matcher.failureForm(arrival.path)
    if (form === 'anthropic') arrival.commonHeaders.push('request-id', arrival.requestId)
    respondFailure(arrival, error, { form, headers: allow })
    this.#requests.observe(arrival, 'refused')
  }

  #admit(arrival: Arrival): void {
    if (this.#closing !== undefined) {
      arrival.commonHeaders.push('connection', 'close')
      throw stopping()
    }
    const { entry, params } = this.#matcher.match(arrival.request.method, arrival.path)
    const who = this.#callers.identify(arrival.request, entry)
    refuseRole(entry, who)
    if (entry.isWork) this.#requests.refuseOverload()
    const rates = entry.isWork && who.access !== undefined ? this.#init.node.access?.door.begin(who.access) : undefined
    if (rates instanceof Promise) this.#serveLater(arrival, { entry, params, who }, rates)
    else this.#serve(arrival, { entry, params, who, rates })
  }

  /** Once it is known whether its rates allow it; a caller that left meanwhile takes nothing. */
  #serveLater(arrival: Arrival, admitted: Omit<Admitted, 'rates'>, asked: Promise<RateHold>): void {
    asked
      .then((rates) => {
        if (arrival.response.destroyed) {
          rates.end()
          return
        }
        try {
          if (this.#closing !== undefined) throw stopping()
          this.#requests.refuseOverload()
        } catch (error) {
          rates.end()
          throw error
        }
        this.#serve(arrival, { ...admitted, rates })
      })
      .catch((error: unknown) => {
        if (!arrival.response.destroyed) this.#refuse(arrival, error)
      })
      .catch(() => arrival.response.destroy())
  }

  #serve(arrival: Arrival, { entry, params, who, rates }: Admitted): void {
    if (rates !== undefined) arrival.commonHeaders.push(...rates.headers)
    const span = startRequestSpan(this.#init.node.tracer, arrival, entry)
    const { signal } = this.#requests.track({ ...arrival, span, who }, entry, rates)
    if (entry.failureForm === 'anthropic') arrival.commonHeaders.push('request-id', arrival.requestId)
    this.#answer(entry, { ...arrival, signal, who, params, span }).catch(() => arrival.response.destroy())
  }

  /** Rejects only when not even the failure can be told. */
  async #answer(entry: EndpointEntry, exchange: Exchange): Promise<void> {
    if (entry.isIdempotent !== true || exchange.request.headers[IDEMPOTENCY_HEADER] === undefined) {
      await this.#answerOnce(entry, exchange)
      return
    }
    try {
      const body = await readBody(exchange.request, this.#context.limits.bodyBytesMax)
      const run = async (recorded: Exchange): Promise<boolean> => await this.#answerOnce(entry, recorded)
      this.#repeated.answer(exchange, { body, run, form: entry.failureForm })
    } catch (error) {
      respondFailure(exchange, error, { form: entry.failureForm })
    }
  }

  /** Resolves to whether it is a success; a failure has been told. */
  async #answerOnce(entry: EndpointEntry, exchange: Exchange): Promise<boolean> {
    try {
      await entry.answer(exchange, this.#context)
      return true
    } catch (error) {
      const { signal, response } = exchange
      const failure: unknown = signal.aborted ? signal.reason : error
      const isLate = response.headersSent && !CodedError.is(failure, 'REQUEST_ABORTED')
      if (!CodedError.is(failure) || isLate) this.#tellFailure(exchange, failure)
      respondFailure(exchange, failure, { form: entry.failureForm })
      return false
    }
  }

  #tellFailure(exchange: Exchange, failure: unknown): void {
    const { logger, onFailure } = this.#init
    onFailure?.(failure, exchange.requestId)
    if (logger !== undefined) logFailure(logger, exchange, failure)
  }

  #nextRequestId(): string {
    this.#idCount += 1
    return `${this.#idPrefix}-${this.#idCount.toString(36)}`
  }
}

function stopping(): CodedError {
  return new CodedError('GATEWAY_STOPPING', { message: 'The node is stopping' })
}
