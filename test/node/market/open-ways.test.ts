import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { NetworkConfig } from '../../../src/node/config/node-config.ts'
import type { MarketComponents } from '../../../src/node/market/market-components.ts'
import { readNetworkKey } from '../../../src/node/market/network-key.ts'
import { type OpenedWays, openWays, type WaysInit } from '../../../src/node/market/open-ways.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { identityOf } from '../../network/identities.ts'
import { libp2pComponentsOf } from '../../network/libp2p-nodes.ts'

const PLAIN: NetworkConfig = { listen: [], announce: [], bootstrap: [], isMdnsOn: false, isRelay: false }
const LOOPBACK = '/ip4/127.0.0.1/tcp/0'
const ECHO = '/kernell/test/1.0.0'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernell-ways-'))
})
const opened: OpenedWays[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map(async ({ transport }) => await transport.stop()))
  rmSync(folder, { recursive: true })
})

async function open(
  number: number,
  network: Partial<NetworkConfig>,
  init: Partial<WaysInit> = {},
): Promise<OpenedWays> {
  const { clock, random, timers } = libp2pComponentsOf(number)
  const onError = (error: unknown): void => {
    throw error
  }
  const directory = { store: createMemoryKeyValueStore() }
  const components = { clock, random, timers, directory, onError, network: { ...PLAIN, ...network } }
  const ways = await openWays(components as unknown as MarketComponents, {
    role: 'node',
    identity: identityOf(number),
    listen: [LOOPBACK],
    known: [],
    bans: { isBanned: () => false },
    ...init,
  })
  opened.push(ways)
  ways.transport.handle(ECHO, async ({ body }) => body)
  await ways.transport.start()
  return ways
}

function keyFile(name: string, content = randomBytes(32).toString('hex'), mode = 0o600): string {
  const file = join(folder, name)
  writeFileSync(file, content)
  chmodSync(file, mode)
  return file
}

async function ask({ transport: near }: OpenedWays, { transport: far }: OpenedWays): Promise<string> {
  near.addPeer(far.did, far.addresses[0] ?? '')
  try {
    await near.request(far.did, { protocol: ECHO, body: new Uint8Array(0), timeoutMs: 2_000 })
    return 'answered'
  } catch (error: unknown) {
    return CodedError.is(error) ? error.code : String(error)
  }
}

describe('a private network', () => {
  it('answers nodes that have its key, and nobody else', async () => {
    const [key, copy, foreign] = [keyFile('a'), keyFile('b'), keyFile('c')]
    writeFileSync(copy, `/key/swarm/psk/1.0.0/\n/base16/\n${Buffer.from(readNetworkKey(key)).toString('hex')}\n`)
    const host = await open(1, { keyFile: key })
    expect(await ask(await open(2, { keyFile: copy }), host)).toBe('answered')
    expect(await ask(await open(3, { keyFile: foreign }), host)).not.toBe('answered')
    expect(await ask(await open(4, {}), host)).not.toBe('answered')
  })

  it('is of its notaries too', async () => {
    const [key, foreign] = [keyFile('a'), keyFile('b')]
    const notary = await open(1, { keyFile: key }, { role: 'notary' })
    expect(await ask(await open(2, { keyFile: foreign }), notary)).not.toBe('answered')
    expect(await ask(await open(3, { keyFile: key }), notary)).toBe('answered')
  })

  it.each([
    ['that others may read', (): string => keyFile('k', undefined, 0o644)],
    ['that is too short', (): string => keyFile('k', 'abcd')],
    ['that is too long', (): string => keyFile('k', 'ab'.repeat(500))],
    ['that is not there', (): string => join(folder, 'none')],
  ])('has no key in a file %s', async (_why, make) => {
    const file = make()
    await expect(open(1, { keyFile: file })).rejects.toMatchObject({ code: 'NETWORK_KEY_INVALID' })
    await expect(open(1, { keyFile: file })).rejects.not.toThrow(/abab/)
  })
})

describe('the ways of a node', () => {
  it('are sockets of this machine alone, where nothing else is named', async () => {
    expect((await open(1, {}, { listen: [] })).libp2p).toBeUndefined()
    expect((await open(2, { table: 'client' }, { listen: [] })).libp2p).toBeDefined()
  })

  it('pass on connections of others only where others can come', async () => {
    const socket = `/unix${join(folder, 'a.sock')}`
    await expect(open(1, { isRelay: true }, { listen: [socket] })).rejects.toMatchObject({
      code: 'NETWORK_ADDRESS_INVALID',
    })
    const relay = await open(2, { isRelay: true })
    const through = `${relay.transport.addresses[0]}/p2p/${relay.transport.did}/p2p-circuit`
    const far = await open(3, {}, { listen: [through] })
    await expect.poll(() => far.transport.addresses.length, { timeout: 10_000 }).toBeGreaterThan(0)
    expect(await ask(await open(4, {}, { listen: [], known: far.transport.addresses }), far)).toBe('answered')
  })

  it('find a node by its DID in the table that nodes keep together', async () => {
    const [hub, far] = [await open(1, { table: 'server', keyFile: keyFile('k') }), await open(2, serverOf('k'))]
    const near = await open(3, { table: 'client', keyFile: join(folder, 'k') }, { listen: [] })
    for (const node of [far, near]) expect(await ask(node, hub)).toBe('answered')
    const question = { protocol: ECHO, body: new Uint8Array(0), timeoutMs: 5_000 }
    const code = async (): Promise<string> =>
      await near.transport.request(far.transport.did, question).then(
        () => 'answered',
        (error: unknown) => (CodedError.is(error) ? error.code : String(error)),
      )
    await expect.poll(code, { timeout: 15_000, interval: 200 }).toBe('answered')
  })

  it('tell others what a router shows, not what is behind it', async () => {
    const shown = '/ip4/203.0.113.7/tcp/4001'
    expect((await open(1, {}, { announce: [shown] })).transport.addresses).toEqual([shown])
  })

  it.each(['garbage', '/unix/tmp/x', '/nonsense', '/ip4/203.0.113.7/udp/4001'])(
    'do not tell others of %s',
    async (address) => {
      await expect(open(1, {}, { announce: [address] })).rejects.toMatchObject({ code: 'NETWORK_ADDRESS_INVALID' })
    },
  )

  it('tell nobody of an address where nothing listens', async () => {
    const announce = ['/ip4/203.0.113.7/tcp/4001']
    await expect(open(1, {}, { announce, listen: [] })).rejects.toMatchObject({ code: 'NETWORK_ADDRESS_INVALID' })
  })
})

function serverOf(name: string): Partial<NetworkConfig> {
  return { table: 'server', keyFile: join(folder, name) }
}
