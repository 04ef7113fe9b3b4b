import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { ListenedAddresses } from '../../src/network/libp2p/listened-addresses.ts'
import { whyNoNamespaces } from '../torture/network/namespace.ts'

const isRequired = (process.env['KERNELL_REQUIRE'] ?? '').split(',').includes('namespaces')
const PROGRAM = fileURLToPath(new URL('public-nodes.ts', import.meta.url))
const ADDRESSES = ['45.0.0.1', '45.0.0.2', '45.0.0.3']

type Happened = {
  readonly told: { readonly wildcard: readonly string[]; readonly named: readonly string[] }
  readonly answers: readonly number[]
  readonly isDirect: boolean
}

describe('a node with a public address', () => {
  it('tells others where it listens, and replaces a relay by a direct way', { timeout: 90_000 }, async (context) => {
    const why = whyNoNamespaces()
    if (why !== undefined && !isRequired) context.skip(why)
    const add = ADDRESSES.map((address) => `ip addr add ${address}/24 dev lo`).join(' && ')
    const script = `ip link set lo up && ${add} && exec "$0" --no-warnings "$1"`
    const words = ['--user', '--map-root-user', '--net', 'sh', '-c', script, process.execPath, PROGRAM]
    const { stdout } = await promisify(execFile)('unshare', words, { timeout: 80_000 })
    const { told, answers, isDirect } = JSON.parse(stdout) as Happened
    expect(told.wildcard).toEqual(expect.arrayContaining(ADDRESSES.map((address) => `/ip4/${address}/tcp/4004`)))
    expect(told.named).toEqual(['/ip4/45.0.0.1/tcp/4001'])
    expect(answers).toEqual([7, 7])
    expect(isDirect).toBe(true)
  })

  it('says each address once, so that what was taken back stays so', () => {
    const events = new EventTarget()
    const confirmed: string[] = []
    const listening = [multiaddr('/ip4/45.0.0.1/tcp/4001')]
    const listened = new ListenedAddresses({
      events,
      addressManager: { confirmObservedAddr: (address) => void confirmed.push(address.toString()) },
      transportManager: { getAddrs: () => listening },
    })
    listened.start()
    listened.afterStart()
    listening.push(multiaddr('/ip4/45.0.0.2/tcp/4001'))
    events.dispatchEvent(new Event('transport:listening'))
    expect(confirmed).toEqual(['/ip4/45.0.0.1/tcp/4001', '/ip4/45.0.0.2/tcp/4001'])
    listened.stop()
    listening.push(multiaddr('/ip4/45.0.0.3/tcp/4001'))
    events.dispatchEvent(new Event('transport:listening'))
    expect(confirmed).toHaveLength(2)
  })
})
