import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { createLocalTransport } from '../../src/network/local/local-transport.ts'
import type { Transport } from '../../src/ports/transport.ts'
import { FaultyLink } from '../torture/network/faulty-link.ts'
import { componentsOf } from './identities.ts'

const PROTOCOL = '/kernell/test/1.0.0'
const stops: (() => unknown)[] = []
let folder = ''
let asker: Transport
let answerer: Transport
let link: FaultyLink

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kernell-wire-'))
  answerer = createLocalTransport(componentsOf(1), { listen: [`/unix${folder}/1`] })
  answerer.handle(PROTOCOL, async ({ body }) => body)
  await answerer.start()
  asker = createLocalTransport(componentsOf(2))
  await asker.start()
  link = new FaultyLink({ listen: { host: '127.0.0.1', port: 0 }, target: join(folder, '1'), seed: 1 })
  await link.start()
  asker.addPeer(answerer.did, `/ip4/127.0.0.1/tcp/${link.port}`)
  stops.push(
    async () => await asker.stop(),
    async () => await answerer.stop(),
    () => link.stop(),
    async () => await rm(folder, { recursive: true, force: true }),
  )
})

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function ask(timeoutMs = 5_000): Promise<string> {
  try {
    return String(await asker.request(answerer.did, { protocol: PROTOCOL, body: Uint8Array.of(7), timeoutMs }))
  } catch (error: unknown) {
    return CodedError.is(error) ? error.code : String(error)
  }
}

describe('a wire that', () => {
  it('swallows everything is given up with the first question that hears nothing, and the next one takes another', async () => {
    expect(await ask()).toBe('7')
    link.fault({ kind: 'half-open' })
    expect(await ask(200)).toBe('NETWORK_TIMEOUT')
    expect(await ask()).toBe('7')
  })

  it('is reset fails what was asked, and the next question takes another', async () => {
    link.fault({ kind: 'delay', delayMs: 60_000, jitterMs: 0 })
    const asked = ask()
    link.fault({ kind: 'reset' })
    link.heal()
    expect(['NETWORK_UNREACHABLE', '7']).toContain(await asked)
    expect(await ask()).toBe('7')
  })

  it.each(['out', 'back'] as const)('carries nothing %s for a while goes on behind it', async (way) => {
    expect(await ask()).toBe('7')
    link.fault({ kind: 'one-way', way })
    expect(await ask(200)).toBe('NETWORK_TIMEOUT')
    link.heal()
    expect(await ask()).toBe('7')
  })

  it('is slow delays, and loses nothing', async () => {
    link.fault({ kind: 'rate', bytesPerSecond: 20_000 })
    link.fault({ kind: 'delay', delayMs: 5, jitterMs: 10 })
    expect(await Promise.all(Array.from({ length: 20 }, async () => await ask()))).toEqual(Array(20).fill('7'))
  })
})
