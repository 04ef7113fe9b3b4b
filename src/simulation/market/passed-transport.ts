import type { Did } from '../../core/evidence/names.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { PeerQuestion, RequestHandler, Transport } from '../../ports/transport.ts'

/** A transport that hands everything on to another one: what stands between the two overrides what it changes. */
export class PassedTransport implements Transport {
  protected readonly transport: Transport

  constructor(transport: Transport) {
    this.transport = transport
  }

  get did(): Did {
    return this.transport.did
  }

  get addresses(): readonly string[] {
    return this.transport.addresses
  }

  get connectedPeers(): readonly Did[] {
    return this.transport.connectedPeers
  }

  async start(): Promise<void> {
    await this.transport.start()
  }

  async stop(): Promise<void> {
    await this.transport.stop()
  }

  addPeer(peer: Did, address: string): void {
    this.transport.addPeer(peer, address)
  }

  handle(protocol: string, handler: RequestHandler): () => void {
    return this.transport.handle(protocol, handler)
  }

  async request(to: Did, question: PeerQuestion, options?: AbortOptions): Promise<Uint8Array> {
    return await this.transport.request(to, question, options)
  }
}
