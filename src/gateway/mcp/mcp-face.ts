import { randomUUID } from 'node:crypto'
import type { AuthInfo, McpHttpHandler, McpServer } from '@modelcontextprotocol/server'
import { CodedError } from '../../base/errors.ts'
import type { KernellNode } from '../../node/kernell-node.ts'
import type { Exchange, GatewayLimits } from '../exchange.ts'
import type { AuthenticatedCaller } from '../listener/authenticate.ts'
import { checkJsonTree } from '../listener/parse-json-body.ts'
import { readBody } from '../listener/read-body.ts'
import type { ServedAgent } from './agent-tools.ts'
import { createServerMaker, type McpExtension } from './create-mcp-server.ts'
import { EventMemory } from './event-memory.ts'
import { loadMcpLibrary, type McpLibrary } from './mcp-library.ts'
import { readMessage, respondRpcError } from './rpc-messages.ts'
import { RunningCalls } from './running-calls.ts'
import { type Session, type SessionLimits, Sessions } from './sessions.ts'
import { endStreamOf, loneRequestIdOf, takenBackIdOf } from './taken-back.ts'
import { sendWebResponse, webRequestOf } from './web-exchange.ts'

/** Bounds of the sessions of the Model Context Protocol, and of what they subscribe to. */
export type McpLimits = SessionLimits & {
  /** Streams of changes that callers of the newest revision keep open. */
  readonly subscriptionsMax: number
}

/** What is offered over the Model Context Protocol beside the node's own tools and resources. */
export type McpInit = {
  /** Each becomes a tool `agent_NAME`. */
  readonly agents?: readonly ServedAgent[]
  readonly extensions?: readonly McpExtension[]
  readonly limits?: Partial<McpLimits>
}

export type McpFaceInit = {
  readonly node: KernellNode
  readonly providers: ReadonlySet<string>
  readonly limits: GatewayLimits
  readonly mcp: McpInit
  readonly onFailure: (error: unknown) => void
}

type Opened = {
  readonly library: McpLibrary
  readonly createServer: (who: AuthenticatedCaller) => McpServer
  /** Answers requests of the newest revision, each for itself. */
  readonly modern: McpHttpHandler
}

/** A quarter of the sessions' time: what is forgotten is forgotten soon. */
const SWEEPS_OF_IDLE = 4

/**
 * The node as a server of the Model Context Protocol, behind the checks of the gateway. Callers of revision 2026-07-28 need no session; those of
 * earlier ones get one with `initialize`, which serves their key alone.
 */
export class McpFace {
  private readonly init: McpFaceInit
  private readonly limits: McpLimits
  private readonly sessions: Sessions
  private readonly calls: RunningCalls
  /** Ends what only listens. */
  private readonly listening = new AbortController()
  private opened: Promise<Opened> | undefined
  private sweeper: NodeJS.Timeout | undefined

  constructor(init: McpFaceInit) {
    this.init = init
    const { concurrentRequestsMax, requestTimeoutMs } = init.limits
    this.limits = {
      sessionsMax: 256,
      sessionsPerKeyMax: 64,
      sessionIdleMs: 30 * 60_000,
      subscriptionsMax: Math.max(1, Math.floor(concurrentRequestsMax / 4)),
      ...init.mcp.limits,
    }
    this.sessions = new Sessions(this.limits)
    this.calls = new RunningCalls({ callsMax: concurrentRequestsMax, timeoutMs: requestTimeoutMs })
  }

  /** Sessions that are open. */
  get sessionCount(): number {
    return this.sessions.size
  }

  /** Answers one request to the endpoint. Throws as `readBody`, and `MCP_SESSIONS_FULL`. */
  async answer(exchange: Exchange): Promise<void> {
    const { request } = exchange
    const body = request.method === 'POST' ? await readBody(request, this.init.limits.bodyBytesMax) : undefined
    const message = body === undefined ? undefined : readMessage(body)
    if (message?.kind === 'invalid') return respondRpcError(exchange, message)
    const parsedBody = message?.value
    if (parsedBody !== undefined) checkJsonTree(parsedBody, undefined)
    const opened = await this.open()
    const at = isListening(request.method, parsedBody) ? this.listeningExchange(exchange) : exchange
    const asked = { exchange: at, request: webRequestOf(at, body), parsedBody, authInfo: authInfoOf(exchange.who) }
    if (await opened.library.isLegacyRequest(asked.request, parsedBody)) await this.answerInSession(opened, asked)
    else await sendWebResponse(at, await opened.modern.fetch(asked.request, asked))
  }

  /** Ends the streams of those that only listen, so that nobody waits for them. */
  endListening(): void {
    this.listening.abort(new CodedError('GATEWAY_STOPPING', { message: 'The node is stopping' }))
  }

  /** Ends everything: calls are aborted, sessions forgotten. */
  async close(): Promise<void> {
    this.endListening()
    this.calls.stop()
    clearInterval(this.sweeper)
    this.sessions.endAll()
    await (await this.opened?.catch(() => undefined))?.modern.close()
  }

  private async answerInSession(opened: Opened, asked: Asked): Promise<void> {
    const { exchange, request, parsedBody } = asked
    const id = request.headers.get('mcp-session-id')
    const owner = ownerOf(exchange.who)
    if (id === null && request.method !== 'POST')
      return await sendWebResponse(exchange, await opened.modern.fetch(request, asked))
    if (id === null && !opened.library.isInitializeRequest(parsedBody))
      return respondRpcError(exchange, { status: 400, code: -32000, message: NO_SESSION })
    const session = id === null ? await this.begin(opened, exchange.who) : this.sessions.find(id, owner)
    if (session === undefined) return respondRpcError(exchange, SESSION_UNKNOWN)
    const lone = loneRequestIdOf(parsedBody)
    session.open += 1
    if (lone !== undefined) session.lone.add(lone)
    exchange.response.once('close', () => {
      session.open -= 1
      session.usedMs = performance.now()
      if (lone !== undefined) session.lone.delete(lone)
    })
    const answer = await session.transport.handleRequest(request, asked)
    const takenBack = takenBackIdOf(parsedBody)
    if (takenBack !== undefined) await endStreamOf(session, takenBack)
    // What did not begin is no session.
    if (id === null && !answer.ok) this.sessions.end(session)
    await sendWebResponse(exchange, answer)
  }

  private async begin({ library, createServer }: Opened, who: AuthenticatedCaller): Promise<Session> {
    const owner = ownerOf(who)
    const nowMs = performance.now()
    this.sessions.sweep(nowMs)
    this.sessions.makeRoom(owner)
    const id = randomUUID()
    const transport = new library.WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      onsessionclosed: () => this.sessions.end(session),
      eventStore: new EventMemory(),
      retryInterval: RETRY_MS,
    })
    const session: Session = {
      id,
      owner,
      server: createServer(who),
      transport,
      lone: new Set(),
      open: 0,
      usedMs: nowMs,
    }
    this.sessions.add(session)
    this.sweeper ??= setInterval(
      () => this.sessions.sweep(performance.now()),
      this.limits.sessionIdleMs / SWEEPS_OF_IDLE,
    ).unref()
    await session.server.connect(transport)
    return session
  }

  private listeningExchange(exchange: Exchange): Exchange {
    return { ...exchange, signal: AbortSignal.any([exchange.signal, this.listening.signal]) }
  }

  private async open(): Promise<Opened> {
    this.opened ??= this.load()
    return await this.opened
  }

  private async load(): Promise<Opened> {
    const { node, providers, mcp, onFailure } = this.init
    const library = await loadMcpLibrary()
    const { agents = [], extensions = [] } = mcp
    const createServer = createServerMaker({
      library,
      node,
      providers,
      agents,
      extensions,
      calls: this.calls,
      onFailure,
    })
    const modern = library.createMcpHandler(({ authInfo }) => createServer(callerIn(authInfo)), {
      legacy: 'reject',
      maxSubscriptions: this.limits.subscriptionsMax,
    })
    return { library, createServer, modern }
  }
}

type Asked = {
  readonly exchange: Exchange
  readonly request: Request
  readonly parsedBody: unknown
  readonly authInfo: AuthInfo
}

/** When a client whose stream ended may ask for the rest. */
const RETRY_MS = 1_000

const NO_SESSION =
  'The header Mcp-Session-Id is missing: begin with initialize, or send requests of revision 2026-07-28, which need no session'
const SESSION_UNKNOWN = { status: 404, code: -32001, message: 'Session not found' } as const

/** A key, with what it may do: one that may do something else by now has no part in what it began before. Without keys everybody is one. */
function ownerOf({ caller, role, tiers }: AuthenticatedCaller): string {
  return JSON.stringify([caller.keyId, caller.tenant, caller.team, caller.organisation, role, tiers])
}

/** The library passes it on to whatever makes the server; the key itself is not in it. */
function authInfoOf(who: AuthenticatedCaller): AuthInfo {
  return {
    token: '',
    clientId: who.caller.keyId ?? '',
    scopes: who.role === undefined ? [] : [who.role],
    extra: { who },
  }
}

function callerIn(authInfo: AuthInfo | undefined): AuthenticatedCaller {
  // Put there by `authInfoOf`.
  const who = authInfo?.extra?.['who'] as AuthenticatedCaller | undefined
  if (who === undefined) throw new TypeError('A request came to the protocol without its caller')
  return who
}

/** Requests that wait for news, and do nothing else. */
function isListening(method: string | undefined, message: unknown): boolean {
  if (method === 'GET') return true
  return (
    typeof message === 'object' && message !== null && 'method' in message && message.method === 'subscriptions/listen'
  )
}
