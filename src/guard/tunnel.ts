import type { Duplex } from 'node:stream'
import { HELLO_BYTES_MAX, readClientHello } from '../core/egress/client-hello.ts'
import { plainName } from '../core/egress/host-name.ts'
import { DEFAULT_PORT } from '../core/egress/host-pattern.ts'
import { parseIpAddress } from '../core/egress/ip-address.ts'
import type { OpenWay, Passage } from './egress-way.ts'

export type TunnelInit = OpenWay & {
  readonly client: Duplex
  /** What the client sent with its request. */ readonly head: Buffer
}

/**
 * Connects a client to where it was let, and hands on what both say. At the port of TLS the first thing it says has to be a greeting that asks for the host it was let to, and at every other port a
 * greeting has to as well: behind one address there may be many hosts, and who is let to one of them is not let to the others.
 */
export function openTunnel(passage: Passage, tunnel: TunnelInit): void {
  const { place, request, client, head } = tunnel
  const server = passage.dial(place)
  passage.hold(server)
  // Each is given time to take what the other said last.
  server.once('close', () => client.end(() => client.destroy()))
  client.once('close', () => server.end(() => server.destroy()))
  let isConnected = false
  const timer = setTimeout(() => fail('No connection in time'), passage.limits.connectTimeoutMs).unref()
  server.once('close', () => clearTimeout(timer))
  const fail = (refused: string): void => {
    request.refused ??= refused
    // Whoever has been told that it is connected is told no more.
    if (isConnected) client.destroy()
    else client.end('HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n', () => client.destroy())
    server.destroy()
  }
  server.once('error', () => fail('The connection failed'))
  server.once('connect', () => {
    isConnected = true
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    const isTlsDemanded = place.port === DEFAULT_PORT
    const answer = (): void => {
      clearTimeout(timer)
      passage.meter.relay(request, 'bytesIn', { from: server, to: client })
    }
    const begin = (first: Buffer): void => {
      if (first.byteLength > 0 && !passage.meter.take(request, 'bytesOut', first.byteLength)) {
        client.destroy()
        return
      }
      server.write(first)
      passage.meter.relay(request, 'bytesOut', { from: client, to: server })
      if (isTlsDemanded) answer()
      if (client.readableEnded) server.end()
      client.resume()
    }
    // Elsewhere the server may speak first, and the client perhaps never.
    if (!isTlsDemanded) answer()
    awaitGreeting(client, { head, host: place.host, isTlsDemanded, begin, fail })
  })
}

/** Pieces that a greeting may come in; it is read again with each. */
const PIECES_MAX = 64

type GreetingInit = {
  readonly head: Buffer
  readonly host: string
  /** Whether what is no TLS is refused. */
  readonly isTlsDemanded: boolean
  readonly begin: (first: Buffer) => void
  readonly fail: (refused: string) => void
}

/** Keeps back what a client says until it is known for no TLS, or its greeting is whole and asks for the right host. */
function awaitGreeting(client: Duplex, { head, host, isTlsDemanded, begin, fail }: GreetingInit): void {
  let said = head
  let pieces = 0
  const settle = (refused: string | undefined): void => {
    client.off('data', onData)
    client.off('end', onEnd)
    client.pause()
    if (refused === undefined) begin(said)
    else fail(refused)
  }
  const judge = (): void => {
    if (!isTlsDemanded && !mayBeTls(said)) return settle(undefined)
    const reading = readClientHello(said)
    if (reading.kind === 'more' && said.byteLength <= HELLO_BYTES_MAX + 1_024 && pieces < PIECES_MAX) return
    if (reading.kind !== 'hello') settle('Not TLS')
    else settle(isNamed(reading.serverName, host) ? undefined : 'TLS for another host')
  }
  const onData = (piece: Buffer): void => {
    pieces += 1
    said = Buffer.concat([said, piece])
    judge()
  }
  const onEnd = (): void => settle(isTlsDemanded || said.byteLength > 0 ? 'Not TLS' : undefined)
  client.on('data', onData)
  client.once('end', onEnd)
  if (head.byteLength > 0) judge()
}

const HANDSHAKE_RECORD = 0x16
const TLS_MAJOR = 0x03

/** Whether what somebody said first is how TLS begins, as far as it came. */
function mayBeTls([type, major = TLS_MAJOR]: Buffer): boolean {
  return type === HANDSHAKE_RECORD && major === TLS_MAJOR
}

/** A host that is an address has no name to ask for. */
function isNamed(serverName: string | undefined, host: string): boolean {
  return parseIpAddress(host) !== undefined
    ? serverName === undefined
    : serverName !== undefined && plainName(serverName) === host
}
