import { CodedError } from '../../base/errors.ts'
import type { Transport } from '../../ports/transport.ts'
import { AddressMap } from '../framed/address-map.ts'
import type { ByteChannel, ChannelEvents } from '../framed/byte-channel.ts'
import {
  type AcceptChannel,
  type ChannelDriver,
  FramedTransport,
  type FramedTransportComponents,
} from '../framed/framed-transport.ts'

/** Connects transports of one process, with the same bytes that a socket would carry. */
export class MemoryNetwork {
  private readonly listeners = new Map<string, AcceptChannel>()

  /** A transport that is reached at `/memory/NAME`. Throws `RangeError` for a name that is none, `NETWORK_LISTEN_FAILED` on start for one that is taken. */
  createTransport(components: FramedTransportComponents, name: string): Transport {
    const own = `/memory/${name}`
    checkAddress(own)
    const book = new AddressMap(checkAddress)
    const driver: ChannelDriver = {
      addPeer: (peer, address) => book.add(peer, address),
      dial: async (peer, accept) => {
        const address = book.addressOf(peer)
        const listener = this.listeners.get(address)
        if (listener === undefined) throw new Error(`Nobody listens at ${address}`)
        join(accept, listener)
      },
      listen: async (accept) => {
        if (this.listeners.has(own)) throw new CodedError('NETWORK_LISTEN_FAILED', { message: `${own} is taken` })
        this.listeners.set(own, accept)
        return [own]
      },
      stop: async () => void this.listeners.delete(own),
    }
    return new FramedTransport(components, driver)
  }
}

/** Two ends; what one sends reaches the other in a later turn, copied, in order. */
function join(near: AcceptChannel, far: AcceptChannel): void {
  const ends: [ChannelEvents | undefined, ChannelEvents | undefined] = [undefined, undefined]
  let isOpen = true
  const channelTo = (other: 0 | 1): ByteChannel => ({
    waitingBytes: 0,
    send: (bytes) => {
      const copy = bytes.slice()
      queueMicrotask(() => {
        if (isOpen) ends[other]?.onBytes(copy)
      })
    },
    close: () => {
      if (!isOpen) return
      isOpen = false
      queueMicrotask(() => ends[other]?.onEnd(new Error('The other side closed the connection')))
    },
  })
  ends[0] = near(channelTo(1))
  ends[1] = far(channelTo(0))
}

function checkAddress(address: string): void {
  if (!/^\/memory\/[A-Za-z0-9._-]{1,64}$/.test(address))
    throw new CodedError('NETWORK_ADDRESS_INVALID', { message: `${address} is not /memory/NAME` })
}
