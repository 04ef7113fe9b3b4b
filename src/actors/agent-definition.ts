import type { AnyActorLogic } from 'xstate'
import type { RestartKind } from '../core/supervision/restart-plan.ts'
import type { ActorRef } from './actor-ref.ts'

/**
 * What happens to a message for a full mailbox.
 *
 * - `refuse`: `send` answers false, `ask` fails with `ACTOR_MAILBOX_FULL`, the message becomes a dead letter.
 * - `drop-newest`: as `refuse`, but `send` answers true: the sender need not care.
 * - `drop-oldest`: the message that waited longest becomes a dead letter.
 * - `credit`: the message is taken, and an actor that sent it has no further turn until there is room again; beyond twice the bound, or where
 *   two would wait for each other for ever, it is as `refuse`. From outside
 *   any turn nobody can be held: there it is as `refuse`, and `deliver` waits for room.
 *
 * The messages of a durable actor that are stored are bounded by themselves, and were acknowledged, so they are never
 * dropped: where all that wait are stored, `drop-oldest` is as `refuse`. `deliver` to a durable actor, which resolves when
 * the message is stored, fails with `ACTOR_MAILBOX_FULL` with every policy but `credit`, also where `send` would answer true.
 * What a durable actor sends to one that is not leaves when its turn is stored, and so outside any turn: there a full mailbox
 * refuses it also with `credit`, although `send` answered true.
 */
export type MailboxPolicy = 'refuse' | 'drop-newest' | 'drop-oldest' | 'credit'

/** How many messages may wait for an actor, and what becomes of one more. What is out of range is a RangeError of `defineAgent`. */
export type MailboxInit = {
  /** Messages that may wait, a whole number from 1 to 2^24. Default 65,536. */
  readonly bound?: number
  /** Default `refuse`. */
  readonly atBound?: MailboxPolicy
}

/** What follows when an actor fails, and how long its end may take. A `RestartKind` by itself is the same as this with `kind` alone. */
export type RestartInit = {
  /** Default `transient`. */
  readonly kind?: RestartKind
  /** Times a message that made the actor fail is given to it again before it becomes a dead letter. Default 0. */
  readonly redeliveries?: number
  /** Wait before the n-th restart within the supervisor's period: `firstMs` doubled n - 1 times, at most `maxMs`. Default none. */
  readonly backOff?: { readonly firstMs: number; readonly maxMs: number }
  /** How long an orderly stop may take before the actor is ended as it is. Default 5,000 ms. */
  readonly shutdownMs?: number
}

/** Carries a stored snapshot of an older version to this one. Throwing stops the actor with `ACTOR_MIGRATION_FAILED` and loses nothing. */
export type MigrateSnapshot = (snapshot: unknown, fromVersion: number) => unknown

/** A kind of agent as its author describes it; `defineAgent` checks it and puts the defaults in. */
export type AgentInit<Logic extends AnyActorLogic> = {
  /** 1 to 128 characters of `A-Z a-z 0-9 . _ : -`; names the definition in addresses, journals and workers. */
  readonly name: string
  /** A whole number >= 1. Raised when a stored snapshot or event of the old version no longer fits. Default 1. */
  readonly version?: number
  /** Any XState v5 logic. */
  readonly logic: Logic
  readonly migrate?: MigrateSnapshot
  readonly mailbox?: MailboxInit
  readonly restart?: RestartKind | RestartInit
  /** True: state, inbox and timers outlive the process, where the system has a data directory. Default false. */
  readonly durable?: boolean | DurableInit
  /**
   * URL of the module that exports this definition, and the export's name, for systems with threads: a worker loads the
   * logic from there. Absent: the actor stays on the thread that spawned it.
   */
  readonly module?: { readonly url: string; readonly exportName: string }
}

/** How a durable actor is kept; `durable: true` is the same as this with nothing given. */
export type DurableInit = {
  /** Commits after which the snapshot is written anew; between, only what changed is. Default 256. */
  readonly snapshotEvery?: number
  /** The cell leaves memory after so long without a message, and comes back with the next one. Default: never. */
  readonly passivateAfterMs?: number
}

/** What `defineAgent` returns. Frozen; one value serves any number of actors. */
export type AgentDefinition<Logic extends AnyActorLogic = AnyActorLogic> = {
  readonly name: string
  readonly version: number
  readonly logic: Logic
  readonly migrate: MigrateSnapshot | undefined
  readonly mailbox: { readonly bound: number; readonly atBound: MailboxPolicy }
  readonly restart: {
    readonly kind: RestartKind
    readonly redeliveries: number
    readonly backOff: { readonly firstMs: number; readonly maxMs: number } | undefined
    readonly shutdownMs: number
  }
  readonly durable: (Required<Pick<DurableInit, 'snapshotEvery'>> & DurableInit) | undefined
  readonly module: { readonly url: string; readonly exportName: string } | undefined
}

/** Under which name, with what input, below whom and where one actor of a definition lives. */
export type SpawnOptions = {
  /** 1 to 256 characters, no space, no `/` and no `#`. Unique among the live actors of the system (children: of their parent). Absent: `$` and a number. */
  readonly id?: string
  readonly input?: unknown
  /** A supervisor of this system; absent: the system's own. */
  readonly supervisor?: ActorRef
  /**
   * Where to run. With threads: a worker, or beside another actor; absent: the least loaded worker that can load the definition. In a cluster:
   * see `ClusterPlacement`.
   */
  readonly placement?: { readonly worker?: number; readonly near?: ActorRef } & ClusterPlacement
}

/**
 * Another machine of the cluster: one by its name, or with `cluster` one that has the labels and room. Its definition must be among the `agents` of
 * that machine. Until such a one is there the actor waits, and so do its messages.
 */
export type ClusterPlacement = {
  readonly node?: string
  readonly cluster?: true
  readonly labels?: readonly string[]
  /**
   * What it goes on from when its machine is lost. `input`: it starts anew. `snapshot`: from the last snapshot that came here; one is sent after each
   * step, so this is for small states. Messages that it had handled since, or that waited for it there, are lost either way. Default `input`.
   */
  readonly resumeFrom?: 'input' | 'snapshot'
}
