import { CodedError } from '../../base/errors.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { PeerQuestion, RequestHandler, Transport } from '../../ports/transport.ts'

/** One kind of connections, and which addresses are of that kind. */
export type Way = { readonly transport: Transport; readonly isOf: (address: string) => boolean }

/**
 * Several transports of one node as one: sockets of this machine, and connections to others. A question takes the way by which the node is connected, else the way of
 * the address that was named last; answers are given on all.
 */
export class SeveralWays implements Transport {
  readonly did: Did
  private readonly ways: readonly Way[]
  private readonly chosen = new Map<Did, Transport>()

  /** Throws `RangeError` for ways of different nodes, or none. */
  constructor(ways: readonly Way[]) {
    const [first, ...others] = ways
    if (first === undefined || others.some(({ transport }) => transport.did !== first.transport.did))
      throw new RangeError('All ways are those of one node')
    this.did = first.transport.did
    this.ways = ways
  }

  get addresses(): readonly string[] {
    return this.ways.flatMap(({ transport }) => transport.addresses)
  }

  get connectedPeers(): readonly Did[] {
    return [...new Set(this.ways.flatMap(({ transport }) => transport.connectedPeers))]
  }

  async start(): Promise<void> {
    const started: Transport[] = []
    try {
      for (const { transport } of this.ways) {
        await transport.start()
        started.push(transport)
      }
    } catch (error: unknown) {
      for (const transport of started.toReversed()) await transport.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    const stopped = await Promise.allSettled(this.ways.map(async ({ transport }) => await transport.stop()))
    const failed = stopped.find((one) => one.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  addPeer(peer: Did, address: string): void {
    const way = this.ways.find(({ isOf }) => isOf(address))
    if (way === undefined)
      throw new CodedError('NETWORK_ADDRESS_INVALID', { message: `${address}: this node has no way there` })
    way.transport.addPeer(peer, address)
    this.chosen.set(peer, way.transport)
  }

  handle(protocol: string, handler: RequestHandler): () => void {
    const ends: (() => void)[] = []
    try {
      for (const { transport } of this.ways) ends.push(transport.handle(protocol, handler))
    } catch (error: unknown) {
      for (const end of ends) end()
      throw error
    }
    return () => {
      for (const end of ends) end()
    }
  }

  async request(to: Did, question: PeerQuestion, options?: AbortOptions): Promise<Uint8Array> {
    const connected = this.ways.find(({ transport }) => transport.connectedPeers.includes(to))?.transport
    const transport = connected ?? this.chosen.get(to) ?? this.ways.at(-1)?.transport
    if (transport === undefined) throw new CodedError('NETWORK_PEER_UNKNOWN', { message: `No way to ${to} is known` })
    return await transport.request(to, question, options)
  }
}
