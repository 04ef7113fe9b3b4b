/**
 * What nodes of a cluster tell each other in records, besides events: what threads tell each other about actors, and what follows. `home` in it is as whoever
 * reads it has to take it: 0 for an actor of the sender, 1 for one of the receiver.
 */
import type { Terminated } from '../actor-ref.ts'
import type { SupervisionEvent } from '../supervision/supervision-event.ts'
import type { ActorNotice, ActorRequest } from '../threads/protocol.ts'

/** From the home of an actor to the node that it is placed on. */
export type PlaceCommand = {
  readonly type: 'place'
  readonly number: number
  readonly epoch: number
  readonly id: string
  readonly address: string
  readonly agent: string
  readonly version: number
  readonly input: unknown
  /** What it goes on from; `undefined`: its input. */
  readonly snapshot: unknown
}

/** From that node to the home. */
export type PlaceReport =
  | {
      readonly type: 'ended'
      readonly number: number
      readonly epoch: number
      readonly terminated: Terminated
      /** False: it never ran there. */
      readonly hasStarted: boolean
    }
  | { readonly type: 'supervision'; readonly event: SupervisionEvent }

/** From the home of an actor to everybody: it lost its node, and questions on their way may have been lost with it. */
export type Interruption = { readonly type: 'interrupted'; readonly number: number; readonly error: unknown }

export type ClusterControl = ActorRequest | ActorNotice | PlaceCommand | PlaceReport | Interruption

/** This node as a home: no peer has that number. */
export const SELF = 0

type Homed = { readonly home: number }

/** 0 for an actor of the sender, 1 for one of the receiver. */
export function forWire(message: ClusterControl, to: number): ClusterControl {
  return 'home' in message ? { ...message, home: wireHome(message, to) } : message
}

export function wireHome({ home }: Homed, to: number): number {
  return home === to ? 1 : 0
}

export function fromWire(wire: number, peer: number): number {
  return wire === 1 ? SELF : peer
}

const TYPES: ReadonlySet<string> = new Set<ClusterControl['type']>([
  'watch',
  'observe',
  'unobserve',
  'look',
  'listen',
  'unlisten',
  'stop',
  'deliver',
  'place',
  'ended',
  'supervision',
  'interrupted',
  'terminated',
  'snapshot',
  'unobservable',
  'emitted',
  'full',
  'room',
  'answered',
  'reply',
  'no-reply',
])

export function isControl(value: unknown): value is ClusterControl {
  return typeof value === 'object' && value !== null && 'type' in value && TYPES.has(String(value.type))
}
