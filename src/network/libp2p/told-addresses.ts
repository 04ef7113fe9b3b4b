import type { IdentifyResult, PeerInfo } from '@libp2p/interface'
import type { Did } from '../../core/evidence/names.ts'
import type { AddressBook } from './address-book.ts'
import { withoutPeer } from './libp2p-addresses.ts'
import type { Libp2pStack } from './libp2p-init.ts'
import { DIAL_ADDRESSES_MAX } from './limits.ts'
import { didOfPeerId } from './peer-identity.ts'

/** What a peer says of where it is reached, when it is identified. */
export function noteIdentified(
  book: AddressBook,
  { peerId, listenAddrs, connection }: Pick<IdentifyResult, 'peerId' | 'listenAddrs' | 'connection'>,
): void {
  const peer = didOfPeerId(peerId)
  if (peer === undefined) return
  const teller = withoutPeer(connection.remoteAddr).toString()
  for (const address of listenAddrs.slice(0, DIAL_ADDRESSES_MAX))
    book.tell(peer, { address: withoutPeer(address).toString(), teller, isItself: true })
}

/** The stack with an ear for what neighbours on the same network say of where they are. `onFound` is told of each that said so, as often as it does. */
export function withNeighbours(
  stack: Libp2pStack,
  { book, onFound }: { readonly book: AddressBook; readonly onFound: (peer: Did) => void },
): Libp2pStack {
  const { neighbours, ...rest } = stack
  if (neighbours === undefined) return rest
  return {
    ...rest,
    neighbours: (components) => {
      const discovery = neighbours(components)
      discovery.addEventListener('peer', ({ detail }) => {
        const peer = noteNeighbour(book, detail)
        if (peer !== undefined) onFound(peer)
      })
      return discovery
    },
  }
}

function noteNeighbour(book: AddressBook, { id, multiaddrs }: PeerInfo): Did | undefined {
  const peer = didOfPeerId(id)
  if (peer === undefined) return undefined
  for (const address of multiaddrs.slice(0, DIAL_ADDRESSES_MAX)) {
    const bare = withoutPeer(address).toString()
    book.tell(peer, { address: bare, teller: bare, isItself: false })
  }
  return peer
}
