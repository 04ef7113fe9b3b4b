import type { ActorSystem, AnyActorScope, EventObject, NonReducibleUnknown, TransitionActorLogic } from 'xstate'

/** Where a message goes; XState's references and ours both are that. */
export type Target<Event extends EventObject> = { send(event: Event): unknown }

/** A reference that is held by whoever spawned. */
export type Held<State, Event extends EventObject> = Target<Event> & { getSnapshot(): { readonly context: State } }

/** The system that a turn sees, of which these programs ask nothing. */
export type System = ActorSystem<{ actors: Record<string, never> }>

export type Logic<State, Event extends EventObject, Input extends NonReducibleUnknown> = TransitionActorLogic<
  State,
  Event,
  Input
>

/** A logic as its host wants it for spawning. */
export type Kind<State, Event extends EventObject, Input extends NonReducibleUnknown> = {
  readonly logic: Logic<State, Event, Input>
  /** What the host keeps with it. */
  readonly definition: unknown
}

/** An id and an input, as every actor of these programs has them. */
export type Birth<Input> = { readonly id: string; readonly input: Input }

/**
 * What the programs need of an actor library that hosts XState logic. The same program runs on XState as it is and on the actors of this
 * package; messages go straight to the library's own references.
 */
export type Host = {
  define<State, Event extends EventObject, Input extends NonReducibleUnknown>(
    name: string,
    logic: Logic<State, Event, Input>,
    atBound?: 'credit',
  ): Kind<State, Event, Input>
  /** Starts an actor from outside. */
  spawn<State, Event extends EventObject, Input extends NonReducibleUnknown>(
    kind: Kind<State, Event, Input>,
    birth: Birth<Input>,
  ): Held<State, Event>
  /** Starts a child of the actor whose turn it is. */
  spawnChild<State, Event extends EventObject, Input extends NonReducibleUnknown>(
    scope: AnyActorScope,
    kind: Kind<State, Event, Input>,
    birth: Birth<Input>,
  ): Target<Event>
  /** Ends actors that were spawned from outside, and waits for their end. */
  stopAll(actors: readonly object[]): Promise<void>
  /** The actor whose turn it is, spawned from outside, ends itself. */
  stopSelf(scope: AnyActorScope): void
  /** The actor whose turn it is, a child, has done its work: it ends here, or when its parent calls `stopChildren`. */
  stopFinishedChild(scope: AnyActorScope): void
  stopChildren(scope: AnyActorScope, children: readonly object[]): void
  /** Whether some actor has the id. A host without ids for actors from outside answers false. */
  has(id: string): boolean
  /** Whether the id leads to this actor. A host without ids answers true. */
  canFind(id: string, actor: object): boolean
  /** Ends everything. */
  close(): Promise<void>
}
