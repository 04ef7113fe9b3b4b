import { connect as connectTcp, type Socket } from 'node:net'
import { Agent, request as requestHttp } from 'node:http'
import { connect as connectTls } from 'node:tls'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { lpStream } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { createLibp2pTransport } from '../../../src/network/libp2p/create-libp2p-transport.ts'
import type { Libp2pTransport } from '../../../src/network/libp2p/libp2p-transport.ts'
import { libp2pComponentsOf } from '../../network/libp2p-nodes.ts'

export const PROTOCOL = '/kernell/bench/1.0.0'
export const RAW_PROTOCOL = '/raw/1.0.0'
export const GATHERED_PROTOCOL = '/gathered/1.0.0'
export const BODY_BYTES = 512
/** Of the plain TLS connection, which needs no certificate then. */
export const PSK = { ciphers: 'PSK-AES128-GCM-SHA256', key: Buffer.alloc(32, 7), identity: 'bench' } as const

export type Encryption = 'noise' | 'tls'
export type Asker = {
  /** Resolves to the answer, which is the question. */
  readonly ask: (body: Uint8Array) => Promise<Uint8Array>
  readonly stop: () => Promise<void>
}

/** The transport of this project; a rate of questions that the bench cannot reach, counted as every other. */
export function createKernell(number: number, encryption: Encryption): Libp2pTransport {
  return createLibp2pTransport(libp2pComponentsOf(number), {
    encryption: [encryption],
    questionsPerPeer: { perSecond: 1_000_000, burst: 1_000_000 },
  })
}

export async function createRaw(encryption: Encryption): Promise<Libp2p> {
  return await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [encryption === 'tls' ? tls() : noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 1_000 },
  })
}

export async function askKernell(encryption: Encryption, [address = '', did = '']: readonly string[]): Promise<Asker> {
  const transport = createKernell(1, encryption)
  await transport.start()
  const to = did as Libp2pTransport['did']
  transport.addPeer(to, address)
  return {
    ask: async (body) => await transport.request(to, { protocol: PROTOCOL, body, timeoutMs: 60_000 }),
    stop: async () => await transport.stop(),
  }
}

/** A stream that stays open, questions found again by a number: what one writes over libp2p without this project. */
export async function askRaw(
  encryption: Encryption,
  [address = '']: readonly string[],
  isGathering = false,
): Promise<Asker> {
  const node = await createRaw(encryption)
  const stream = lpStream(await node.dialProtocol(multiaddr(address), isGathering ? GATHERED_PROTOCOL : RAW_PROTOCOL))
  const waiting = new Map<number, (body: Uint8Array) => void>()
  void (async () => {
    for (;;) {
      const answer = (await stream.read()).subarray()
      const correlation = new DataView(answer.buffer, answer.byteOffset).getUint32(0)
      waiting.get(correlation)?.(answer.subarray(4))
      waiting.delete(correlation)
    }
  })().catch(() => {})
  let next = 0
  const write = isGathering ? gatherWrites(stream) : async (message: Uint8Array) => await stream.write(message)
  return {
    ask: async (body) => {
      next += 1
      const message = new Uint8Array(4 + body.byteLength)
      new DataView(message.buffer).setUint32(0, next)
      message.set(body, 4)
      const answered = new Promise<Uint8Array>((resolve) => waiting.set(next, resolve))
      await write(message)
      return await answered
    },
    stop: async () => await node.stop(),
  }
}

/** Writes the messages of one turn at once. */
export function gatherWrites(stream: ReturnType<typeof lpStream>): (message: Uint8Array) => Promise<void> {
  let gathered: Uint8Array[] = []
  return async (message) => {
    gathered.push(message)
    if (gathered.length > 1) return
    await Promise.resolve()
    await Promise.resolve()
    const messages = gathered
    gathered = []
    await stream.writeV(messages)
  }
}

/** Frames of a length, a number and a body over a socket of TCP or TLS. */
export async function askSocket(kind: 'tcp' | 'tls', [port = '']: readonly string[]): Promise<Asker> {
  const socket = await openSocket(kind, Number(port))
  socket.setNoDelay(true)
  const waiting = new Map<number, (body: Uint8Array) => void>()
  socket.on(
    'data',
    readFrames((correlation, body) => {
      waiting.get(correlation)?.(body)
      waiting.delete(correlation)
    }),
  )
  let next = 0
  return {
    ask: async (body) => {
      next += 1
      const answered = new Promise<Uint8Array>((resolve) => waiting.set(next, resolve))
      socket.write(writeFrame(next, body))
      return await answered
    },
    stop: async () => void socket.destroy(),
  }
}

export async function askHttp([port = '']: readonly string[]): Promise<Asker> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  return {
    ask: async (body) =>
      await new Promise<Uint8Array>((resolve, reject) => {
        const request = requestHttp({ agent, port, host: '127.0.0.1', method: 'POST' }, (response) => {
          const pieces: Buffer[] = []
          response.on('data', (piece: Buffer) => pieces.push(piece))
          response.on('end', () => resolve(Buffer.concat(pieces)))
        })
        request.on('error', reject)
        request.end(body)
      }),
    stop: async () => agent.destroy(),
  }
}

export function writeFrame(correlation: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + body.byteLength)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, body.byteLength)
  view.setUint32(4, correlation)
  bytes.set(body, 8)
  return bytes
}

export function readFrames(take: (correlation: number, body: Uint8Array) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = rest.byteLength === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.byteLength >= 8) {
      const end = 8 + rest.readUInt32BE(0)
      if (rest.byteLength < end) return
      take(rest.readUInt32BE(4), rest.subarray(8, end))
      rest = rest.subarray(end)
    }
  }
}

async function openSocket(kind: 'tcp' | 'tls', port: number): Promise<Socket> {
  return await new Promise<Socket>((resolve, reject) => {
    if (kind === 'tcp') {
      const socket = connectTcp({ port, host: '127.0.0.1' }, () => resolve(socket))
      socket.on('error', reject)
      return
    }
    const pskCallback = (): { psk: Buffer; identity: string } => ({ psk: PSK.key, identity: PSK.identity })
    const options = { port, host: '127.0.0.1', ciphers: PSK.ciphers, maxVersion: 'TLSv1.2', pskCallback } as const
    const socket = connectTls({ ...options, checkServerIdentity: () => undefined }, () => resolve(socket))
    socket.on('error', reject)
  })
}
