import { isLoopback, isPrivate } from '@libp2p/utils'
import {
  CODE_DNS,
  CODE_DNS4,
  CODE_DNS6,
  CODE_IP4,
  CODE_IP6,
  CODE_P2P_CIRCUIT,
  type Multiaddr,
} from '@multiformats/multiaddr'
import { addressBlockOf } from '../../core/peers/address-block.ts'

export type Origin = {
  /** What limits count: a block of addresses; of a relayed connection that of the relay. */
  readonly block: string
  readonly isLoopback: boolean
  /** Of a network that is not the internet: this machine, or one behind a router. */
  readonly isPrivate: boolean
}

const HOST_CODES: ReadonlySet<number> = new Set([CODE_IP4, CODE_IP6, CODE_DNS, CODE_DNS4, CODE_DNS6])

/** Where an address lies. One without a host is a block of its own kind. */
export function originOf(address: Multiaddr): Origin {
  const components = address.getComponents()
  const host = components.find(({ code }) => HOST_CODES.has(code))
  const isRelayed = components.some(({ code }) => code === CODE_P2P_CIRCUIT)
  const block = host?.value === undefined ? 'none' : addressBlockOf(host.value)
  return {
    block: isRelayed ? `relayed by ${block}` : block,
    isLoopback: isLoopback(address),
    isPrivate: isPrivate(address),
  }
}
