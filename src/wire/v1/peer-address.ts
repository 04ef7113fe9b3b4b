import { CodedError } from '../../base/errors.ts'
import type { Did } from '../../core/evidence/names.ts'
import { parsePeerName } from './peer-id.ts'

/** Where a node is called, and whose key it has to prove there. `address` is without the `/p2p/ID` that ends the written form. */
export type PeerAddress = { readonly did: Did; readonly address: string }

const SEPARATOR = '/p2p/'

/**
 * Reads `/unix/PATH/p2p/ID` or `/ip4/ADDRESS/tcp/PORT/p2p/ID`, where ID is a DID or the same key as a peer id. Whoever is dialled there has to prove that key.
 * Throws `NETWORK_ADDRESS_INVALID`.
 */
export function parsePeerAddress(text: string): PeerAddress {
  const { address, name } = splitPeerAddress(text)
  const did = name === undefined ? undefined : parsePeerName(name)
  if (did === undefined || address === '')
    throw new CodedError('NETWORK_ADDRESS_INVALID', {
      message: `${text} is no address of a node: write ADDRESS/p2p/ID, as the ready line of that node shows it; ID is its \`did\` or its \`peerId\``,
    })
  return { did, address }
}

/** An address, and the name of the node behind it where it ends with one. */
export function splitPeerAddress(text: string): { readonly address: string; readonly name: string | undefined } {
  const at = text.lastIndexOf(SEPARATOR)
  const name = text.slice(at + SEPARATOR.length)
  // A name with more behind it is of a relay.
  return at === -1 || name.includes('/') ? { address: text, name: undefined } : { address: text.slice(0, at), name }
}

/** An address as others name it. */
export function formatPeerAddress({ did, address }: PeerAddress): string {
  return `${address}${SEPARATOR}${did}`
}
