import { isLoopback, isPrivate } from '@libp2p/utils'
import {
  CODE_DNS,
  CODE_DNS4,
  CODE_DNS6,
  CODE_IP4,
  CODE_IP6,
  CODE_P2P_CIRCUIT,
  type Multiaddr,
  multiaddr,
} from '@multiformats/multiaddr'
import { addressBlockOf, embeddedIpv4 } from '../../core/peers/address-block.ts'

export type Origin = {
  /** What limits count: a block of addresses; of a relayed connection that of the relay. */
  readonly block: string
  readonly isLoopback: boolean
  /** Of a network that is not the internet: this machine, or one behind a router. */
  readonly isPrivate: boolean
}

const HOST_CODES: ReadonlySet<number> = new Set([CODE_IP4, CODE_IP6, CODE_DNS, CODE_DNS4, CODE_DNS6])

/** What a share of something counts of a peer at an address: its block; of a peer on this machine, where all have one block, the peer itself. */
export function shareOf(peer: string, address: Multiaddr): string {
  const { block, isLoopback: isHere } = originOf(address)
  const isRelayed = address.getComponents().some(({ code }) => code === CODE_P2P_CIRCUIT)
  return isHere && !isRelayed ? peer : block
}

/** Where an address lies. One without a host is a block of its own kind. What an IPv6 address stands for in IPv4 counts as that: a private network is none the less so behind a translation. */
export function originOf(address: Multiaddr): Origin {
  const components = address.getComponents()
  const host = components.find(({ code }) => HOST_CODES.has(code))
  const isRelayed = components.some(({ code }) => code === CODE_P2P_CIRCUIT)
  const block = host?.value === undefined ? 'none' : addressBlockOf(host.value)
  const ipv4 = host?.code === CODE_IP6 && host.value !== undefined ? embeddedIpv4(host.value) : undefined
  const behind = ipv4 === undefined ? undefined : multiaddr(`/ip4/${ipv4}`)
  // A socket for both families shows this machine as a mapped address. What others translate to that address is a machine of theirs.
  const isMapped = host?.value?.toLowerCase().startsWith('::ffff:') === true
  return {
    block: isRelayed ? `relayed by ${block}` : block,
    isLoopback: isLoopback(address) || (isMapped && behind !== undefined && isLoopback(behind)),
    isPrivate: isPrivate(address) || (behind !== undefined && isPrivate(behind)),
  }
}
