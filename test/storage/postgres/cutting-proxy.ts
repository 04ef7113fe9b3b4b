import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** What happens to a message that is to be cut: it never arrives, or it arrives and its answer does not. */
export type Cut = 'before' | 'after'

/** Stands between a client and a server, and breaks connections at chosen moments. */
export class CuttingProxy {
  readonly #server: Server
  readonly #port: number
  readonly #sockets = new Set<Socket>()
  /** Which write of a client, counted from the next one, is cut; 0: none. */
  #countdown = 0
  #pattern: RegExp | undefined
  #cut: Cut = 'before'
  cuts = 0
  isRefusing = false

  private constructor(port: number) {
    this.#port = port
    this.#server = createServer((client) => this.#join(client))
  }

  static async start(port: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(port)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Cuts the connection at its `place`-th message from now on, among those that match. */
  cutAt(place: number, cut: Cut, pattern?: RegExp): void {
    this.#countdown = place
    this.#cut = cut
    this.#pattern = pattern
  }

  /** Breaks all connections now. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.#server.close()
    this.cutAll()
    await once(this.#server, 'close')
  }

  #join(client: Socket): void {
    if (this.isRefusing) {
      client.destroy()
      return
    }
    const server = connect(this.#port, '127.0.0.1')
    let isMute = false
    const end = (): void => {
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.on('error', end)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        end()
      })
    }
    client.on('data', (chunk: Buffer) => {
      const isCut = this.#isCut(chunk)
      if (isCut && this.#cut === 'before') {
        end()
        return
      }
      isMute ||= isCut
      server.write(chunk)
    })
    server.on('data', (chunk: Buffer) => {
      if (isMute) end()
      else client.write(chunk)
    })
  }

  #isCut(chunk: Buffer): boolean {
    if (this.#countdown === 0 || (this.#pattern !== undefined && !this.#pattern.test(chunk.toString('latin1'))))
      return false
    this.#countdown -= 1
    if (this.#countdown > 0) return false
    this.cuts += 1
    return true
  }
}
