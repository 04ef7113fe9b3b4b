import type { Duplex } from 'node:stream'
import type { EgressRequest } from '../ports/sandbox-runtime.ts'

/** Counts what passes a gate, request by request, and says when it is too much. */
export class EgressMeter {
  readonly requests: MeteredRequest[] = []
  readonly #bytesMax: number
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  open(host: string, port: number): MeteredRequest {
    const request = { host, port, bytesIn: 0, bytesOut: 0 }
    this.requests.push(request)
    return request
  }

  /** Whether so many more bytes may pass; counts them where they may, and says in the request that they may not. */
  take(request: MeteredRequest, way: 'bytesIn' | 'bytesOut', count: number): boolean {
    if (this.#bytes + count > this.#bytesMax) {
      request.refused = `More than ${this.#bytesMax} bytes`
      return false
    }
    this.#bytes += count
    request[way] += count
    return true
  }

  /** Hands on what comes from one socket to another until it ends, at the pace of the slower, and ends both where it is too much. */
  relay(
    request: MeteredRequest,
    way: 'bytesIn' | 'bytesOut',
    { from, to }: { readonly from: Duplex; readonly to: Duplex },
  ): void {
    from.on('data', (piece: Buffer) => {
      if (!this.take(request, way, piece.byteLength)) {
        from.destroy()
        to.destroy()
      } else if (!to.write(piece)) {
        from.pause()
        to.once('drain', () => from.resume())
      }
    })
    from.once('end', () => to.end())
  }
}

/** A request while it is under way. */
export type MeteredRequest = { -readonly [Member in keyof EgressRequest]: EgressRequest[Member] }
