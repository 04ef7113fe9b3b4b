import type { Did } from '../../core/evidence/names.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { PeerQuestion, RequestHandler, Transport } from '../../ports/transport.ts'
import { decodeMarketPost, MARKET_PROTOCOL, type MarketFrame } from '../../wire/v1/market-frames.ts'

/** Whether its owner takes notice of a question. */
export type Hears = (frame: MarketFrame, from: Did) => boolean

/** A transport whose owner does not answer what it does not want to hear: whoever asks waits until its patience is over. */
export class DeafTransport implements Transport {
  private readonly transport: Transport
  private readonly hears: Hears

  constructor(transport: Transport, hears: Hears) {
    this.transport = transport
    this.hears = hears
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
    if (protocol !== MARKET_PROTOCOL) return this.transport.handle(protocol, handler)
    return this.transport.handle(protocol, async (request, options) => {
      const reading = decodeMarketPost(request.body)
      if (reading.kind === 'refused' || this.hears(reading.frame, request.from)) return await handler(request, options)
      return await new Promise<never>((_, reject) => {
        options.signal.addEventListener('abort', () => reject(options.signal.reason as Error), { once: true })
      })
    })
  }

  async request(to: Did, question: PeerQuestion, options?: AbortOptions): Promise<Uint8Array> {
    return await this.transport.request(to, question, options)
  }
}
