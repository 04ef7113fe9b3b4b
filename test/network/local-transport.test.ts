import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { parseLocalAddress } from '../../src/network/local/local-address.ts'
import { createLocalTransport } from '../../src/network/local/local-transport.ts'
import type { Transport } from '../../src/ports/transport.ts'
import { encodeFrame, type FrameType } from '../../src/wire/v1/frames.ts'
import { componentsOf, identityOf } from './identities.ts'

const PROTOCOL = '/kernell/test/1.0.0'
const started: Transport[] = []
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kernell-net-'))
})

afterEach(async () => {
  for (const transport of started.splice(0)) await transport.stop()
  await rm(folder, { recursive: true, force: true })
})

async function start(number: number, listen: readonly string[] = [`/unix${folder}/${number}`]): Promise<Transport> {
  const transport = createLocalTransport(componentsOf(number), { listen })
  started.push(transport)
  await transport.start()
  return transport
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error: unknown) {
    return CodedError.is(error) ? error.code : String(error)
  }
}

const question = (body = new Uint8Array(0)) => ({ protocol: PROTOCOL, body, timeoutMs: 5_000 })

/** Sends bytes to a socket; resolves to what came back when the other side closes it. */
async function talk(path: string, speak: (socket: Socket) => void): Promise<Buffer> {
  const socket = connect({ path })
  const pieces: Buffer[] = []
  socket.on('data', (chunk) => pieces.push(chunk))
  socket.on('connect', () => speak(socket))
  await new Promise<void>((resolve) => {
    socket.on('error', () => {})
    socket.on('close', () => resolve())
  })
  return Buffer.concat(pieces)
}

function frame(type: FrameType, body: Uint8Array): Uint8Array {
  return encodeFrame({ type, correlation: 1n, credit: 0, body })
}

function hello(did: string): Uint8Array {
  return frame('hello', Buffer.concat([new Uint8Array(32), Buffer.from(did)]))
}

describe('the local transport', () => {
  it('opens its socket to the owner alone', async () => {
    await start(1)
    expect((await stat(join(folder, '1'))).mode & 0o777).toBe(0o600)
  })

  it('takes the place of a socket that a killed process left, not of one that is answered', async () => {
    const path = join(folder, '1')
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
    expect(spawnSync(process.execPath, ['-e', script]).signal).toBe('SIGKILL')
    await start(1)
    expect(await codeOf(start(2, [`/unix${path}`]))).toBe('NETWORK_LISTEN_FAILED')
  })

  it('removes no file that is not a socket', async () => {
    const path = join(folder, '1')
    await writeFile(path, 'precious')
    expect(await codeOf(start(1))).toBe('NETWORK_LISTEN_FAILED')
    expect(await readFile(path, 'utf8')).toBe('precious')
  })

  it('does not talk to somebody else than the one it wants', async () => {
    const [near, far] = [await start(1), await start(2)]
    const wanted = identityOf(3).did
    near.addPeer(wanted, far.addresses[0] ?? '')
    expect(await codeOf(near.request(wanted, question()))).toBe('NETWORK_PEER_WRONG')
    expect(near.connectedPeers).toEqual([])
  })

  it('believes nobody who cannot sign', async () => {
    const claimed = identityOf(3).did
    const impostor = createServer((socket) => {
      socket.on('error', () => {})
      socket.write(hello(claimed))
      socket.once('data', () => socket.write(frame('proof', new Uint8Array(64))))
    })
    await new Promise<void>((resolve) => impostor.listen({ path: join(folder, 'impostor') }, resolve))
    const near = await start(1)
    near.addPeer(claimed, `/unix${folder}/impostor`)
    expect(await codeOf(near.request(claimed, question()))).toBe('NETWORK_PEER_WRONG')
    await new Promise<void>((resolve) => impostor.close(() => resolve()))
  })

  it('does not let a proof be used in another connection', async () => {
    const far = await start(2)
    // What a real node said to us is said again: nonces differ, so the proof is of something else.
    const near = await start(1, [])
    near.addPeer(far.did, far.addresses[0] ?? '')
    far.handle(PROTOCOL, async ({ body }) => body)
    await near.request(far.did, question())
    const answered = await talk(join(folder, '2'), (socket) => {
      socket.write(hello(near.did))
      socket.write(frame('proof', identityOf(1).sign(Buffer.from('something else'))))
      socket.write(frame('request', Buffer.from('\x01a')))
    })
    // A greeting and a proof of its own, then nothing.
    expect(answered.byteLength).toBe(18 + 32 + 56 + 18 + 64)
  })

  it.each([
    ['a question before a proof', () => frame('request', Buffer.from('\x01a'))],
    ['bytes that are no frames', () => new Uint8Array(100).fill(255)],
    ['a greeting of a gigabyte', () => Buffer.from('400000000000000000000000000000000000', 'hex')],
    ['a greeting without a DID', () => hello('did:key:nobody')],
    ['its own greeting', () => hello(identityOf(2).did)],
    ['two greetings', () => Buffer.concat([hello(identityOf(1).did), hello(identityOf(1).did)])],
  ])('cuts off %s', async (_, speak) => {
    await start(2)
    const answered = await talk(join(folder, '2'), (socket) => socket.write(speak()))
    expect(answered.byteLength).toBeLessThanOrEqual(18 + 32 + 56 + 18 + 64)
  })

  it('connects again after the other side was away', async () => {
    const near = await start(1)
    const first = await start(2)
    near.addPeer(first.did, first.addresses[0] ?? '')
    first.handle(PROTOCOL, async () => Uint8Array.of(1))
    await near.request(first.did, question())
    await first.stop()
    expect(await codeOf(near.request(first.did, question()))).toBe('NETWORK_UNREACHABLE')
    const second = await start(2)
    second.handle(PROTOCOL, async () => Uint8Array.of(2))
    expect(await near.request(second.did, question())).toEqual(Uint8Array.of(2))
  })

  it('has one connection for many first questions', async () => {
    const [near, far] = [await start(1), await start(2)]
    let connections = 0
    near.addPeer(far.did, far.addresses[0] ?? '')
    far.handle(PROTOCOL, async ({ body }) => {
      connections = Math.max(connections, far.connectedPeers.length)
      return body
    })
    await Promise.all(Array.from({ length: 50 }, async () => await near.request(far.did, question())))
    expect(connections).toBe(1)
  })
})

describe('an address', () => {
  it.each(['/unix/run/kernell.sock', '/ip4/127.0.0.1/tcp/0', '/ip4/127.1.2.3/tcp/65535', '/ip6/::1/tcp/80'])(
    'may be %s',
    (address) => {
      expect(() => parseLocalAddress(address)).not.toThrow()
    },
  )

  it.each([
    '',
    '/unix/',
    `/unix/${'a'.repeat(103)}`,
    '/unix/a\0b',
    '/ip4/0.0.0.0/tcp/80',
    '/ip4/10.0.0.1/tcp/80',
    '/ip4/127.1/tcp/80',
    '/ip4/::1/tcp/80',
    '/ip6/::/tcp/80',
    '/ip6/::ffff:10.0.0.1/tcp/80',
    '/dns4/localhost/tcp/80',
    '/ip4/127.0.0.1/udp/80',
    '/ip4/127.0.0.1/tcp/65536',
    '/ip4/127.0.0.1/tcp/080',
    '/ip4/127.0.0.1/tcp/80/ws',
  ])('may not be %j', async (address) => {
    expect(await codeOf((async () => parseLocalAddress(address))())).toBe('NETWORK_ADDRESS_INVALID')
  })
})
