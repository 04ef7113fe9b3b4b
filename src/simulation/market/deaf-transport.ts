import type { Did } from '../../core/evidence/names.ts'
import type { RequestHandler, Transport } from '../../ports/transport.ts'
import { decodeMarketPost, MARKET_PROTOCOL, type MarketFrame } from '../../wire/v1/market-frames.ts'
import { PassedTransport } from './passed-transport.ts'

/** Whether its owner takes notice of a question. */
export type Hears = (frame: MarketFrame, from: Did) => boolean

/** A transport whose owner does not answer what it does not want to hear: whoever asks waits until its patience is over. */
export class DeafTransport extends PassedTransport {
  private readonly hears: Hears

  constructor(transport: Transport, hears: Hears) {
    super(transport)
    this.hears = hears
  }

  override handle(protocol: string, handler: RequestHandler): () => void {
    if (protocol !== MARKET_PROTOCOL) return super.handle(protocol, handler)
    return super.handle(protocol, async (request, options) => {
      const reading = decodeMarketPost(request.body)
      if (reading.kind === 'refused' || this.hears(reading.frame, request.from)) return await handler(request, options)
      return await new Promise<never>((_, reject) => {
        options.signal.addEventListener('abort', () => reject(options.signal.reason as Error), { once: true })
      })
    })
  }
}
