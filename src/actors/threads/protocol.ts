/**
 * What the threads of one system tell each other about actors, besides the events of the actors themselves. It travels
 * with them through the same rings, so it keeps its place among them. Only threads of one process see it: it has no version.
 *
 * An actor is known to other threads by `home` and `number`. Home 0: the number was given by the first thread, to an actor
 * of its own or to one it placed somewhere; such an actor keeps both when it moves or is restored. Other homes: each run of
 * a worker has its own, for actors that were made there; they end with that run.
 */
import type { AnyEventObject, Snapshot } from 'xstate'
import type { Terminated } from '../actor-ref.ts'
import type { DeadLetter } from '../delivery/dead-letters.ts'
import type { FinishedSpan, TraceParent } from '../../ports/tracer.ts'
import type { SupervisionEvent } from '../supervision/supervision-event.ts'

export type ActorKey = { readonly home: number; readonly number: number }

/** A delayed event of an actor that moves. */
export type MovedTimer = {
  readonly id: string
  readonly event: AnyEventObject
  readonly leftMs: number
  /** Absent: the actor itself. */
  readonly target: unknown
}

/** Who listens to events of type `event`, or to all (`*`), that an actor emits. */
export type Listening = { readonly thread: number; readonly event: string }

/** An actor between two threads, or after the loss of one. */
export type StoredActor = {
  readonly snapshot: unknown
  readonly mail: readonly AnyEventObject[]
  readonly stash: readonly AnyEventObject[]
  readonly timers: readonly MovedTimer[]
  /** So that nobody misses what it emits before all threads know where it is. */
  readonly listening: readonly Listening[]
}

/** From anybody to the thread of an actor. */
export type ActorRequest =
  | (ActorKey & { readonly type: 'watch' })
  | (ActorKey & { readonly type: 'observe' })
  | (ActorKey & { readonly type: 'unobserve' })
  | (ActorKey & { readonly type: 'look' })
  /** To events of type `event` that the actor emits; `*`: to all. */
  | (ActorKey & { readonly type: 'listen'; readonly event: string })
  | (ActorKey & { readonly type: 'unlisten'; readonly event: string })
  | (ActorKey & { readonly type: 'stop'; readonly request: number; readonly isDrained: boolean })
  | (ActorKey & {
      readonly type: 'deliver'
      readonly request: number
      readonly event: AnyEventObject
      readonly key: string | undefined
    })

/** The next event from here for this actor belongs to a trace. */
export type TraceNotice = ActorKey & { readonly type: 'trace'; readonly context: TraceParent }

/** From the thread of an actor to somebody who asked. */
export type ActorNotice =
  | (ActorKey & { readonly type: 'terminated'; readonly terminated: Terminated })
  | (ActorKey & { readonly type: 'snapshot'; readonly snapshot: Snapshot<unknown> })
  | (ActorKey & { readonly type: 'unobservable'; readonly error: unknown })
  /** `heardAs`: what the `listen` was for. */
  | (ActorKey & { readonly type: 'emitted'; readonly heardAs: string; readonly event: AnyEventObject })
  /** The mailbox has no room: senders on the other thread are to wait. */
  | (ActorKey & { readonly type: 'full' })
  | (ActorKey & { readonly type: 'room' })
  | { readonly type: 'answered'; readonly request: number; readonly error: unknown }
  | { readonly type: 'reply'; readonly reply: number; readonly event: AnyEventObject }
  | { readonly type: 'no-reply'; readonly reply: number; readonly error: unknown; readonly hasFailed: boolean }

/** From the first thread to the others. */
export type HostCommand =
  | {
      readonly type: 'place'
      readonly number: number
      /** Of the attempt to have this actor somewhere; a command with a lower one is out of date. */
      readonly epoch: number
      readonly id: string
      readonly address: string
      readonly agent: string
      readonly module: { readonly url: string; readonly exportName: string }
      readonly input: unknown
      readonly stored: StoredActor | undefined
    }
  /** Keep what is for this actor, and tell its thread when nothing more comes. */
  | { readonly type: 'hold'; readonly number: number; readonly epoch: number; readonly at: number }
  /** The actor is to leave once all other threads said that nothing more comes. */
  | { readonly type: 'extract'; readonly number: number; readonly epoch: number; readonly threads: readonly number[] }
  | { readonly type: 'moved'; readonly number: number; readonly thread: number }
  /** `drainMs`: how long its actors may still handle what waits. */
  | { readonly type: 'shut-down'; readonly drainMs: number }

/** Between the first thread and another: answered when everything before it was read, after everything said before. */
export type Sync = { readonly type: 'sync'; readonly request: number }

/** From a thread to that of an actor that is about to leave. */
export type DrainedNotice = {
  readonly type: 'drained'
  readonly number: number
  readonly epoch: number
  readonly from: number
}

/** From the other threads to the first. */
export type HostReport =
  | { readonly type: 'up'; readonly threadId: number }
  | { readonly type: 'placed'; readonly number: number; readonly epoch: number }
  /** It has handled the mail that it came with. */
  | { readonly type: 'settled'; readonly number: number; readonly epoch: number }
  | {
      readonly type: 'ended'
      readonly number: number
      readonly epoch: number
      readonly terminated: Terminated
      /** False: it never ran here, and no failure of it was told. */
      readonly hasStarted: boolean
      /** Somebody on another thread than the first watches or observes it. */
      readonly isHeard: boolean
    }
  | {
      readonly type: 'extracted'
      readonly number: number
      readonly epoch: number
      /** Absent: it cannot leave; `error` says why. */
      readonly stored: StoredActor | undefined
      readonly error: unknown
    }
  | { readonly type: 'dead-letters'; readonly count: number; readonly letters: readonly DeadLetter[] }
  | { readonly type: 'supervision'; readonly event: SupervisionEvent }
  | { readonly type: 'error'; readonly error: unknown }
  /** What has ended there of traces that came from elsewhere. */
  | { readonly type: 'spans'; readonly spans: readonly FinishedSpan[] }

export type ControlMessage = ActorRequest | TraceNotice | ActorNotice | HostCommand | Sync | DrainedNotice | HostReport
