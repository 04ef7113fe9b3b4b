import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { HostPort } from '../core/egress/host-pattern.ts'
import type { EgressMeter, MeteredRequest } from './egress-meter.ts'
import type { PinnedAddress } from './pin-host.ts'

/** Where a connection goes: to one of these addresses, in the name of this host. */
export type PinnedPlace = HostPort & { readonly addresses: readonly PinnedAddress[] }

/** Connects to one of the addresses that were found. */
export type Dial = (place: PinnedPlace) => Socket

export type EgressLimits = {
  /** Connections at one time. */
  readonly connectionsMax: number
  /** Requests of one gate; further ones are refused and not recorded. */
  readonly requestsMax: number
  /** Wait for a request's head, and from the connection that is asked for to the first bytes through it, milliseconds. */
  readonly connectTimeoutMs: number
  /** Longest silence, milliseconds. */
  readonly idleTimeoutMs: number
  /** Longest life of one connection, milliseconds. */
  readonly lifetimeMs: number
}

/** A way that was judged and found open. */
export type OpenWay = { readonly place: PinnedPlace; readonly request: MeteredRequest }

/** What a gate gives to those that hand on what is said. */
export type Passage = {
  readonly dial: Dial
  readonly limits: EgressLimits
  readonly meter: EgressMeter
  /** Takes care of a socket until it is closed. */
  hold(socket: Duplex): void
}
