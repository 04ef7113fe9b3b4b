import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { vi } from 'vitest'

/** A listener of this machine that counts who comes. */
export class Listener {
  connections = 0
  readonly heads: Readonly<Record<string, unknown>>[] = []
  readonly #server: Server

  constructor(
    handler: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.end('ok'),
  ) {
    this.#server = createServer((request, response) => {
      this.heads.push({ url: request.url, method: request.method, ...request.headers })
      handler(request, response)
    })
    this.#server.on('connection', () => (this.connections += 1))
  }

  async listen(address = '127.0.0.1'): Promise<number> {
    this.#server.listen(0, address)
    await once(this.#server, 'listening')
    return this.port
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

type Found = { readonly address: string; readonly family: number }

/**
 * Lets listeners of this machine play machines of the internet: a socket that is about to connect to one of these addresses goes to its listener. Everything before that is as it always is, the lookup
 * of names included, and sockets to other addresses go where they go. Restored by `vi.restoreAllMocks`.
 */
export function playInternet(machines: Readonly<Record<string, Listener>>): readonly string[] {
  const dialled: string[] = []
  const connect = net.connect.bind(net)
  const playing = async (options: net.TcpNetConnectOpts): Promise<Found & { readonly port: number }> => {
    const { host = '', lookup, port } = options
    const found =
      net.isIP(host) === 0 && lookup !== undefined
        ? await firstOf(lookup, host)
        : { address: host, family: net.isIP(host) }
    dialled.push(found.address)
    const machine = machines[found.address]
    return machine === undefined ? { ...found, port } : { address: '127.0.0.1', family: 4, port: machine.port }
  }
  vi.spyOn(net, 'connect').mockImplementation(((options: net.TcpNetConnectOpts) => {
    // The socket is there at once, as it has to be, and connects when it is known where.
    const socket = new net.Socket()
    playing(options).then(
      ({ address, port }) => socket.connect({ host: address, port }),
      (error: unknown) => socket.destroy(error as Error),
    )
    return socket
  }) as typeof connect)
  return dialled
}

function firstOf(lookup: net.LookupFunction, host: string): Promise<Found> {
  return new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, found) => {
      const [first] = typeof found === 'string' ? [] : found
      if (error !== null) reject(error)
      else if (first === undefined) reject(new Error('No address'))
      else resolve(first)
    })
  })
}
