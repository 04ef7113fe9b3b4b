import { afterEach, describe, expect, it } from 'vitest'
import {
  createLibp2pTransport,
  formatPeerAddress,
  type Libp2pComponents,
  type Libp2pNodeInit,
  type Libp2pTransport,
  parsePeerAddress,
  parsePeerName,
  peerComponentsOf,
  PeerBans,
  peerIdOf,
} from '../../../src/node/network/index.ts'
import { didOfPublicKey } from '../../../src/wire/v1/did-key.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'

const PROTOCOL = '/kernell/echo/1.0.0'
const question = { protocol: PROTOCOL, body: Uint8Array.of(7), timeoutMs: 10_000 }
const seedOf = (number: number): Uint8Array => new Uint8Array(32).fill(number)
/** The neutral point: one signature under it verifies every message. */
const WEAK = didOfPublicKey(Uint8Array.of(1, ...new Uint8Array(31)))
const started: Libp2pTransport[] = []

async function start(components: Libp2pComponents, init: Libp2pNodeInit = {}): Promise<Libp2pTransport> {
  const transport = createLibp2pTransport(components, init)
  started.push(transport)
  transport.handle(PROTOCOL, async ({ body }) => body)
  await transport.start()
  return transport
}

afterEach(async () => {
  for (const transport of started.splice(0)) await transport.stop()
})

describe('the door of a peer', () => {
  it('has all that two nodes need to talk, and to keep one another away', async () => {
    const store = createMemoryKeyValueStore()
    const components = peerComponentsOf(seedOf(1))
    const bans = new PeerBans({ ...components, store }, [components.identity.did])
    const near = await start({ ...components, isBanned: (peer) => bans.isBanned(peer) })
    const far = await start(peerComponentsOf(seedOf(2)), { listen: [] })
    const { did, address } = parsePeerAddress(formatPeerAddress({ did: near.did, address: near.addresses[0] ?? '' }))
    far.addPeer(did, address)
    expect(await far.request(did, question)).toEqual(question.body)
    await bans.ban({ peer: far.did, until: undefined, reason: '', by: '' })
    near.cutOff(far.did)
    await expect(far.request(did, question)).rejects.toMatchObject({ code: 'NETWORK_UNREACHABLE' })
  })

  it('names a node by its seed, in two notations', () => {
    const { did } = peerComponentsOf(seedOf(1)).identity
    expect(peerComponentsOf(seedOf(1)).identity.did).toBe(did)
    expect([parsePeerName(did), parsePeerName(peerIdOf(did) ?? '')]).toEqual([did, did])
    expect(() => peerComponentsOf(new Uint8Array(31))).toThrow(RangeError)
  })

  it.each([
    ['nothing', ''],
    ['a word', 'peer'],
    ['a peer id that is too short', '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDE'],
    ['a peer id of another alphabet', '12D3KooW0yoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'],
    ['a peer id of another kind of key', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'],
    ['a DID with a blank', ' did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'],
    ['a key under which anybody signs', WEAK],
  ])('takes %s for no name of a node', (_, text) => {
    expect(parsePeerName(text)).toBeUndefined()
  })
})

describe('the address of a node', () => {
  const { did } = peerComponentsOf(seedOf(1)).identity
  const relay = `/ip4/192.0.2.9/tcp/4001/p2p/${peerIdOf(peerComponentsOf(seedOf(2)).identity.did)}/p2p-circuit`

  it.each(['/ip4/192.0.2.1/tcp/4001', '/dns4/node.example/tcp/443/tls/ws', '/unix/srv/p2p/market.sock', relay])(
    'is %s with the name of its key in either notation',
    (address) => {
      for (const name of [did, peerIdOf(did)])
        expect(parsePeerAddress(`${address}/p2p/${name}`)).toEqual({ did, address })
    },
  )

  it.each([
    ['without a name', '/ip4/192.0.2.1/tcp/4001'],
    ['without a place', `/p2p/${did}`],
    ['of a relay alone', relay],
    ['with a name that is none', '/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWnobody'],
    ['with a key under which anybody signs', `/ip4/192.0.2.1/tcp/4001/p2p/${WEAK}`],
  ])('%s is refused', (_, text) => {
    expect(() => parsePeerAddress(text)).toThrow(expect.objectContaining({ code: 'NETWORK_ADDRESS_INVALID' }) as Error)
  })

  it('is that of the node that holds the key, whoever else answers there', async () => {
    const [near, far] = [
      await start(peerComponentsOf(seedOf(1)), { listen: [] }),
      await start(peerComponentsOf(seedOf(2))),
    ]
    const wanted = peerComponentsOf(seedOf(3)).identity.did
    const named = parsePeerAddress(`${far.addresses[0]}/p2p/${peerIdOf(wanted)}`)
    near.addPeer(named.did, named.address)
    await expect(near.request(wanted, question)).rejects.toMatchObject({ code: 'NETWORK_PEER_WRONG' })
  })
})
