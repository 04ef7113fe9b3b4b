import { CodedError } from '../../base/errors.ts'
import { type Did, parseDid } from '../../core/evidence/names.ts'

export type PeerAddress = { readonly did: Did; readonly address: string }

const SEPARATOR = '/p2p/'

/** Reads `/unix/PATH/p2p/DID` or `/ip4/ADDRESS/tcp/PORT/p2p/DID`. Throws `NETWORK_ADDRESS_INVALID`. */
export function parsePeerAddress(text: string): PeerAddress {
  const at = text.lastIndexOf(SEPARATOR)
  const did = at === -1 ? undefined : parseDid(text.slice(at + SEPARATOR.length))
  if (did === undefined)
    throw new CodedError('NETWORK_ADDRESS_INVALID', {
      message: `${text} is no address of a node: write ADDRESS/p2p/DID, as the ready line of that node shows it`,
    })
  return { did, address: text.slice(0, at) }
}

/** An address as others name it. */
export function formatPeerAddress({ did, address }: PeerAddress): string {
  return `${address}${SEPARATOR}${did}`
}
