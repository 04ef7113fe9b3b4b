import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { createLocalTransport } from '../../src/network/local/local-transport.ts'
import { MemoryNetwork } from '../../src/network/memory/memory-transport.ts'
import type { Transport } from '../../src/ports/transport.ts'
import { TRANSPORT_CASES } from '../../src/testing/conformance/transport-cases.ts'
import { createLibp2pTransport } from '../../src/network/libp2p/create-libp2p-transport.ts'
import { SeveralWays, type Way } from '../../src/network/ways/several-ways.ts'
import { componentsOf, identityOf } from './identities.ts'
import { libp2pComponentsOf } from './libp2p-nodes.ts'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kernell-net-'))
  folders.push(folder)
  return folder
}

type Two = readonly [near: Transport, far: Transport]

function libp2pPair(encryption: 'noise' | 'tls', address: string): Two {
  const init = { encryption: [encryption], listen: [address] }
  return [createLibp2pTransport(libp2pComponentsOf(1), init), createLibp2pTransport(libp2pComponentsOf(2), init)]
}

/** Sockets of this machine and libp2p, the preferred one first: it is the one whose address the other side is told. */
async function twoWays(number: number, first: 'local' | 'libp2p'): Promise<Transport> {
  const folder = await makeFolder()
  const local: Way = {
    transport: createLocalTransport(componentsOf(number), { listen: [`/unix${join(folder, 'node')}`] }),
    isOf: (address) => address.startsWith('/unix/'),
  }
  const libp2p: Way = {
    transport: createLibp2pTransport(libp2pComponentsOf(number), { encryption: ['noise'] }),
    isOf: (address) => !local.isOf(address),
  }
  return new SeveralWays(first === 'local' ? [local, libp2p] : [libp2p, local])
}

const kinds: Readonly<Record<string, () => Promise<Two>>> = {
  memory: async () => {
    const network = new MemoryNetwork()
    return [network.createTransport(componentsOf(1), 'near'), network.createTransport(componentsOf(2), 'far')]
  },
  'Unix socket': async () => {
    const folder = await makeFolder()
    const at = (name: string) => ({ listen: [`/unix${join(folder, name)}`] })
    return [createLocalTransport(componentsOf(1), at('near')), createLocalTransport(componentsOf(2), at('far'))]
  },
  loopback: async () => {
    const anywhere = { listen: ['/ip4/127.0.0.1/tcp/0'] }
    return [createLocalTransport(componentsOf(1), anywhere), createLocalTransport(componentsOf(2), anywhere)]
  },
  'libp2p over noise': async () => libp2pPair('noise', '/ip4/127.0.0.1/tcp/0'),
  'libp2p over TLS': async () => libp2pPair('tls', '/ip4/127.0.0.1/tcp/0'),
  'two ways, by the local one': async () => [await twoWays(1, 'local'), await twoWays(2, 'local')],
  'two ways, by libp2p': async () => [await twoWays(1, 'libp2p'), await twoWays(2, 'libp2p')],
  'libp2p over WebSockets': async () => libp2pPair('noise', '/ip4/127.0.0.1/tcp/0/ws'),
}

test('the suite has as many cases as promised', () => {
  expect(TRANSPORT_CASES.length).toBe(11)
})

describe.each(Object.entries(kinds))('Transport: %s', (_, create) => {
  test.each(TRANSPORT_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const [near, far] = await create()
    await Promise.all([near.start(), far.start()])
    near.addPeer(far.did, far.addresses[0] ?? '')
    far.addPeer(near.did, near.addresses[0] ?? '')
    try {
      await item.run({ near, far, stranger: identityOf(3).did })
    } finally {
      await Promise.all([near.stop(), far.stop()])
    }
  })
})
