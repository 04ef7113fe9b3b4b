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
