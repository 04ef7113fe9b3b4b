import { peerIdFromString } from '@libp2p/peer-id'
import { CODE_P2P, CODE_P2P_CIRCUIT, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { CodedError } from '../../base/errors.ts'
import { type Did, parseDid } from '../../core/evidence/names.ts'
import { didOfPeerId, peerIdOfDid } from './peer-identity.ts'

/** What this transport opens: TCP, and WebSockets with TLS or without, directly or over a relay. */
const DIALABLE =
  /^\/(?:ip4|ip6|dns|dns4|dns6)\/[^/]+\/tcp\/\d+(?:\/(?:tls\/)?ws|\/wss|\/tls\/sni\/[^/]+\/ws)?(?:\/p2p\/[^/]+\/p2p-circuit)?$/

const DID_IN_ADDRESS = /\/p2p\/(did:key:[^/]+)/g

/** The address of `peer` without its own name at the end. Throws `NETWORK_ADDRESS_INVALID`, also where it names somebody else. */
export function parseAddressOf(peer: Did, address: string): string {
  const parsed = parse(address)
  const named = parsed.getComponents().at(-1)
  if (named?.code !== CODE_P2P) return checked(parsed.toString())
  if (named.value !== peerIdOfDid(peer).toString()) throw invalid(address, `it is of another node than ${peer}`)
  return checked(withoutPeer(parsed).toString())
}

/** What is dialled. */
export function dialAddressOf(peer: Did, address: string): Multiaddr {
  return multiaddr(`${address}/p2p/${peerIdOfDid(peer).toString()}`)
}

/** Without the name of the node at its end; the name of a relay in the middle stays. */
export function withoutPeer(address: Multiaddr): Multiaddr {
  const components = address.getComponents()
  if (components.at(-1)?.code !== CODE_P2P) return address
  return multiaddr(components.slice(0, -1))
}

/** Whose address it is; `undefined` where it does not say, or names a key that nobody can be held to. */
export function lastPeerOf(address: Multiaddr): Did | undefined {
  const last = address.getComponents().at(-1)
  if (last?.code !== CODE_P2P || last.value === undefined) return undefined
  return didOfPeerId(peerIdFromString(last.value))
}

/** The relay of an address that leads over one. */
export function relayOf(address: string): { readonly did: Did; readonly address: string } | undefined {
  const components = multiaddr(address).getComponents()
  const at = components.findIndex(({ code }) => code === CODE_P2P_CIRCUIT)
  if (at < 1) return undefined
  const relay = multiaddr(components.slice(0, at))
  const did = lastPeerOf(relay)
  return did === undefined ? undefined : { did, address: withoutPeer(relay).toString() }
}

/** Throws `NETWORK_ADDRESS_INVALID` for what this transport cannot listen at. */
export function checkListenAddress(address: string): string {
  const isListenable = /\/tcp\/\d+(?:\/ws)?$/.test(address) || address.endsWith('/p2p-circuit')
  if (!isListenable) throw invalid(address, 'it is no address to listen at')
  return parse(address).toString()
}

/** What others are told. Throws `NETWORK_ADDRESS_INVALID` for what nobody could dial. */
export function checkAnnouncedAddress(address: string): string {
  return checked(withoutPeer(parse(address)).toString())
}

function checked(address: string): string {
  if (!DIALABLE.test(address)) throw invalid(address, 'it is neither TCP nor a WebSocket')
  return address
}

/** With peer ids in the place of DIDs, which name the same keys and which multiaddrs do not know. */
function parse(address: string): Multiaddr {
  try {
    const parsed = multiaddr(address.replaceAll(DID_IN_ADDRESS, (_, text: string) => `/p2p/${peerIdIn(text)}`))
    for (const { code, value } of parsed.getComponents())
      if (code === CODE_P2P && value !== undefined) peerIdFromString(value)
    return parsed
  } catch (cause: unknown) {
    throw new CodedError('NETWORK_ADDRESS_INVALID', { message: `${address} is no multiaddr`, cause })
  }
}

function peerIdIn(text: string): string {
  const did = parseDid(text)
  return did === undefined ? text : peerIdOfDid(did).toString()
}

function invalid(address: string, why: string): CodedError {
  return new CodedError('NETWORK_ADDRESS_INVALID', { message: `${address}: ${why}` })
}
