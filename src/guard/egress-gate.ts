import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { CodedError } from '../base/errors.ts'
import { type HostPattern, type HostPort, isReachable, plainHost } from '../core/egress/host-pattern.ts'
import type { EgressGate, EgressRequest } from '../ports/sandbox-runtime.ts'
import { EgressMeter } from './egress-meter.ts'
import { type EgressSocket, listenPrivately } from './egress-socket.ts'
import { forwardGet } from './forward-get.ts'
import type { Dial, EgressLimits, OpenWay, Passage } from './egress-way.ts'
import { type HostDemand, pinHost, type ResolveHost } from './pin-host.ts'
import { portOf } from './public-url.ts'
import { openTunnel } from './tunnel.ts'

export type GateInit = {
  readonly patterns: readonly HostPattern[]
  /** What the hosts of these patterns may lead to is `private` as well. */
  readonly privatePatterns: readonly HostPattern[]
  readonly bytesMax: number
  readonly limits: EgressLimits
  readonly resolve: ResolveHost
  readonly dial: Dial
  readonly folder: string | undefined
}

const HEAD_BYTES_MAX = 16_384

/** One gate: a proxy on a socket of its own, for one sandbox. It speaks HTTP CONNECT, and GET and HEAD of `http:` URLs in full. */
export class Gate implements EgressGate {
  readonly #init: GateInit
  readonly #passage: Passage
  readonly #server: Server
  readonly #sockets = new Set<Duplex>()
  #socket: EgressSocket | undefined
  #closing: Promise<void> | undefined

  constructor(init: GateInit) {
    this.#init = init
    const { dial, limits } = init
    this.#passage = { dial, limits, meter: new EgressMeter(init.bytesMax), hold: (socket) => this.#hold(socket) }
    const { connectTimeoutMs, connectionsMax } = limits
    this.#server = createServer({
      maxHeaderSize: HEAD_BYTES_MAX,
      headersTimeout: connectTimeoutMs,
      requestTimeout: connectTimeoutMs,
      connectionsCheckingInterval: 1_000,
    })
    this.#server.maxConnections = connectionsMax
    this.#server.on('connection', (socket) => this.#hold(socket))
    this.#server.on(
      'connect',
      (message: IncomingMessage, socket, head) => void this.#onConnect(message, { socket, head }),
    )
    this.#server.on(
      'request',
      (message: IncomingMessage, response: ServerResponse) => void this.#onRequest(message, response),
    )
    this.#server.on('upgrade', (_, socket) => socket.destroy())
    this.#server.on('clientError', (_, socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  }

  get socketPath(): string {
    return this.#socket?.path ?? ''
  }

  get requests(): readonly EgressRequest[] {
    return this.#passage.meter.requests
  }

  async listen(): Promise<void> {
    this.#socket = await listenPrivately(this.#server, this.#init.folder)
  }

  async close(): Promise<void> {
    this.#closing ??= this.#end()
    await this.#closing
  }

  /** Takes care of a socket until it is closed: it does not live longer than the gate, nor than its time, nor in silence. */
  #hold(socket: Duplex): void {
    if (this.#closing !== undefined) {
      socket.destroy()
      return
    }
    const { idleTimeoutMs, lifetimeMs } = this.#init.limits
    this.#sockets.add(socket)
    const timer = setTimeout(() => socket.destroy(), lifetimeMs).unref()
    socket.once('close', () => {
      clearTimeout(timer)
      this.#sockets.delete(socket)
    })
    socket.on('error', () => socket.destroy())
    if ('setTimeout' in socket) (socket as Socket).setTimeout(idleTimeoutMs, () => socket.destroy())
  }

  async #end(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
    await this.#socket?.remove()
  }

  async #onConnect(
    message: IncomingMessage,
    { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
  ): Promise<void> {
    const way = await this.#judge(parseAuthority(message.url ?? ''), message.url ?? '')
    if ('status' in way) socket.end(`HTTP/1.1 ${way.status} ${STATUS_TEXT[way.status]}\r\nconnection: close\r\n\r\n`)
    else openTunnel(this.#passage, { ...way, client: socket, head })
  }

  async #onRequest(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.canParse(message.url ?? '') ? new URL(message.url ?? '') : undefined
    const isPlain = url?.protocol === 'http:' && url.username === '' && url.password === ''
    const isAsking = message.method === 'GET' || message.method === 'HEAD'
    const way = await this.#judge(isPlain && isAsking ? hostPortOf(url) : undefined, url?.host ?? '')
    if ('status' in way || url === undefined)
      response.writeHead('status' in way ? way.status : 400, { connection: 'close' }).end()
    else forwardGet(this.#passage, { ...way, url, message, response })
  }

  /** Judges where somebody wants to go, and finds the addresses; else the status of the refusal, which says no more than that: what the network is like inside is nothing for a sandbox. */
  async #judge(
    target: HostPort | undefined,
    asked: string,
  ): Promise<OpenWay | { readonly status: 400 | 403 | 429 | 502 }> {
    if (this.#passage.meter.requests.length >= this.#init.limits.requestsMax) return { status: 429 }
    const request = this.#passage.meter.open(target?.host ?? asked.slice(0, 255), target?.port ?? 0)
    if (target === undefined) {
      request.refused = 'Neither a host and port to connect to, nor an http URL to get'
      return { status: 400 }
    }
    if (!isReachable(this.#init.patterns, target)) {
      request.refused = 'Not among the hosts of the policy'
      return { status: 403 }
    }
    try {
      const addresses = await pinHost(target.host, { demand: this.#demandOf(target), resolve: this.#init.resolve })
      if (this.#closing !== undefined) return { status: 502 }
      return { place: { ...target, addresses }, request }
    } catch (error: unknown) {
      const isRefused = CodedError.is(error, 'OUTBOUND_NOT_ALLOWED')
      request.refused = isRefused ? error.message : 'The name could not be looked up'
      return { status: isRefused ? 403 : 502 }
    }
  }

  #demandOf(target: HostPort): HostDemand {
    return isReachable(this.#init.privatePatterns, target) ? 'private' : 'public'
  }
}

const STATUS_TEXT = { 400: 'Bad Request', 403: 'Forbidden', 429: 'Too Many Requests', 502: 'Bad Gateway' } as const

/** `name:port` or `[address]:port`, as CONNECT asks for. Other notations of an address are what the URL parser makes of them. */
function parseAuthority(authority: string): HostPort | undefined {
  const url =
    /^[^\s/?#@\\]+:\d{1,5}$/.test(authority) && URL.canParse(`http://${authority}`)
      ? new URL(`http://${authority}`)
      : undefined
  return url === undefined ? undefined : hostPortOf(url)
}

function hostPortOf(url: URL): HostPort | undefined {
  const host = plainHost(url.hostname)
  return host === undefined ? undefined : { host, port: portOf(url) }
}
