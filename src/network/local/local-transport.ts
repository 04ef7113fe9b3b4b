import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { CodedError } from '../../base/errors.ts'
import { AddressMap } from '../framed/address-map.ts'
import type { ByteChannel } from '../framed/byte-channel.ts'
import {
  type AcceptChannel,
  type ChannelDriver,
  FramedTransport,
  type FramedTransportComponents,
} from '../framed/framed-transport.ts'
import { formatLocalAddress, parseLocalAddress, type SocketAddress } from './local-address.ts'

/**
 * A transport between processes of one machine, over Unix sockets or loopback. It listens at `listen`, or asks only. A Unix socket can be opened by
 * its owner alone; on loopback anybody on this machine may connect, and has to prove a key before anything is answered.
 *
 * Throws `NETWORK_ADDRESS_INVALID`.
 */
export function createLocalTransport(
  components: FramedTransportComponents,
  { listen }: { readonly listen?: readonly string[] | undefined } = {},
): FramedTransport {
  const wanted = (listen ?? []).map(parseLocalAddress)
  const servers: Server[] = []
  const book = new AddressMap((address) => void parseLocalAddress(address))
  const driver: ChannelDriver = {
    addPeer: (peer, address) => book.add(peer, address),
    dial: async (peer, accept) => {
      const socket = connect(parseLocalAddress(book.addressOf(peer)))
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject)
        socket.once('connect', () => {
          socket.off('error', reject)
          attach(socket, accept)
          resolve()
        })
      })
    },
    listen: async (accept) => {
      const addresses: string[] = []
      for (const address of wanted) {
        const server = createServer({ noDelay: true }, (socket) => attach(socket, accept))
        servers.push(server)
        await open(server, address)
        const bound = server.address()
        const port = typeof bound === 'object' && bound !== null ? bound.port : 0
        addresses.push(formatLocalAddress('path' in address ? address : { ...address, port }))
      }
      return addresses
    },
    stop: async () => {
      const closed = servers.splice(0).map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
      await Promise.all(closed)
    },
  }
  return new FramedTransport(components, driver)
}

/** Longest time for the other side to take what was sent before a close. */
const CLOSE_MS = 1_000

/** A socket's file outlives a process that was killed; it is removed when nobody answers behind it. */
async function open(server: Server, address: SocketAddress): Promise<void> {
  try {
    await listen(server, address)
  } catch (error: unknown) {
    if (!('path' in address) || !isSocket(address.path) || (await isAnswered(address.path))) throw error
    rmSync(address.path, { force: true })
    await listen(server, address)
  }
  if ('path' in address && process.platform !== 'win32') chmodSync(address.path, 0o600)
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true
}

async function isAnswered(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
  })
}

async function listen(server: Server, address: SocketAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: Error): void => {
      const message = `${formatLocalAddress(address)}: ${cause.message}`
      reject(new CodedError('NETWORK_LISTEN_FAILED', { message, cause }))
    }
    server.once('error', fail)
    server.listen(address, () => {
      server.off('error', fail)
      resolve()
    })
  })
}

function attach(socket: Socket, accept: AcceptChannel): void {
  socket.setNoDelay(true)
  const channel: ByteChannel = {
    get waitingBytes() {
      return socket.writableLength
    },
    send: (bytes) => void socket.write(bytes),
    close: () => {
      // What was taken is still sent, unless the other side does not read it.
      socket.setTimeout(CLOSE_MS, () => socket.destroy())
      socket.destroySoon()
    },
  }
  const events = accept(channel)
  let failure: unknown
  socket.on('data', (chunk) => events.onBytes(chunk))
  socket.on('drain', () => events.onDrain())
  socket.on('error', (error) => {
    failure = error
  })
  socket.on('close', () => events.onEnd(failure))
}
