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
 * Connects a client to where it was let, and hands on what both say. At the port of TLS the first thing it says has to be a greeting that asks for the host it was let to: behind one address there
 * may be many hosts, and who is let to one of them is not let to the others.
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
    const begin = (first: Buffer): void => {
      clearTimeout(timer)
      if (first.byteLength > 0 && !passage.meter.take(request, 'bytesOut', first.byteLength)) {
        client.destroy()
        return
      }
      server.write(first)
      passage.meter.relay(request, 'bytesOut', { from: client, to: server })
      passage.meter.relay(request, 'bytesIn', { from: server, to: client })
      client.resume()
    }
    if (place.port !== DEFAULT_PORT) begin(head)
    else awaitHello(client, { head, host: place.host, begin, fail })
  })
}

/** Pieces that a greeting may come in; it is read again with each. */
const PIECES_MAX = 64

type HelloInit = {
  readonly head: Buffer
  readonly host: string
  readonly begin: (first: Buffer) => void
  readonly fail: (refused: string) => void
}

/** Keeps back what a client says until its greeting is whole and asks for the right host. */
function awaitHello(client: Duplex, { head, host, begin, fail }: HelloInit): void {
  let said = head
  let pieces = 0
  const judge = (): void => {
    const reading = readClientHello(said)
    if (reading.kind === 'more' && said.byteLength <= HELLO_BYTES_MAX + 1_024 && pieces < PIECES_MAX) return
    client.off('data', onData)
    client.pause()
    if (reading.kind !== 'hello') fail('Not TLS')
    else if (!isNamed(reading.serverName, host)) fail('TLS for another host')
    else begin(said)
  }
  const onData = (piece: Buffer): void => {
    pieces += 1
    said = Buffer.concat([said, piece])
    judge()
  }
  client.on('data', onData)
  if (head.byteLength > 0) judge()
}

/** A host that is an address has no name to ask for. */
function isNamed(serverName: string | undefined, host: string): boolean {
  return parseIpAddress(host) !== undefined
    ? serverName === undefined
    : serverName !== undefined && plainName(serverName) === host
}
