import { type IncomingHttpHeaders, type IncomingMessage, request as ask, type ServerResponse } from 'node:http'
import { lookupOf } from './pin-host.ts'
import type { OpenWay, Passage } from './egress-way.ts'

export type ForwardInit = OpenWay & {
  readonly url: URL
  readonly message: IncomingMessage
  readonly response: ServerResponse
}

/** Of one connection alone (RFC 9110, section 7.6.1), or meant for the proxy. */
const HOP_BY_HOP =
  /^(?:host|connection|keep-alive|upgrade|te|trailer|transfer-encoding|content-length|expect|http2-settings|proxy-.*)$/

/** Asks for an `http:` URL in a client's name, and hands the answer on as it is: redirects too, with which the client comes back. */
export function forwardGet(passage: Passage, { place, request, url, message, response }: ForwardInit): void {
  const outgoing = ask({
    createConnection: () => {
      const socket = passage.dial(place)
      passage.hold(socket)
      return socket
    },
    lookup: lookupOf(async () => await Promise.resolve(place.addresses)),
    host: place.host,
    path: url.pathname + url.search,
    method: message.method ?? 'GET',
    headers: { ...withoutHops(message.headers), host: url.host, connection: 'close' },
    timeout: passage.limits.idleTimeoutMs,
  })
  const fail = (refused: string): void => {
    request.refused ??= refused
    outgoing.destroy()
    if (response.headersSent) response.destroy()
    else response.writeHead(502, { connection: 'close' }).end()
  }
  outgoing.once('error', () => fail('The connection failed'))
  outgoing.once('timeout', () => fail('No answer in time'))
  outgoing.once('upgrade', (_, socket) => socket.destroy())
  response.once('close', () => outgoing.destroy())
  outgoing.once('response', (answer) => {
    const length = answer.headers['content-length']
    response.writeHead(answer.statusCode ?? 502, {
      ...withoutHops(answer.headers),
      ...(length !== undefined && { 'content-length': length }),
      connection: 'close',
    })
    answer.on('data', (piece: Buffer) => {
      if (!passage.meter.take(request, 'bytesIn', piece.byteLength)) response.destroy()
      else if (!response.write(piece)) {
        answer.pause()
        response.once('drain', () => answer.resume())
      }
    })
    answer.once('end', () => response.end())
    answer.once('error', () => response.destroy())
  })
  outgoing.end()
}

function withoutHops(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()))
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.test(name) && !named.has(name)))
}
