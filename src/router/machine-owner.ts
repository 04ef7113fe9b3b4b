import { fromTransition, type Subscription } from 'xstate'
import type { ActorRef } from '../actors/actor-ref.ts'
import type { AgentDefinition } from '../actors/agent-definition.ts'
import { defineAgent } from '../actors/define-agent.ts'
import type { DeadLetter } from '../actors/delivery/dead-letters.ts'
import { stash, unstashAll } from '../actors/inside.ts'
import type { ActorSystem } from '../actors/system/actor-system.ts'
import { assert } from '../base/assert.ts'
import { CodedError } from '../base/errors.ts'
import type { Machine, Step } from '../core/machine.ts'
import type { EventLog } from '../ports/event-log.ts'

export type MachineOwnerComponents<State, Event, Effect> = {
  readonly actors: ActorSystem
  /** The journal of this owner alone. It outlives the owner; whoever opened it closes it. */
  readonly log: EventLog
  readonly machine: Pick<Machine<State, Event, Effect, never>, 'name' | 'transition' | 'violations'>
}

export type MachineOwnerInit<State, Event, Effect> = {
  /** Id of the actor. */
  readonly id: string
  /** Messages that may wait for their turn. Changes beyond fail with `ACTOR_MAILBOX_FULL`; choose it above what there can be. */
  readonly mailboxBound: number
  /** Journal size that starts a compaction. */
  readonly compactAtBytes: number
  /** The state before the first event. */
  readonly first: State
  encode(event: Event, effects: readonly Effect[]): Uint8Array
  /** Reads what `encode` wrote, and applies it. Throws `STORE_CORRUPTED`. */
  replay(state: State, payload: Uint8Array, index: number): State
  encodeState(state: State): Uint8Array
  /** Throws `STORE_CORRUPTED`. */
  decodeState(payload: Uint8Array): State
  /** Whether effects say that the event changed nothing, so that it needs no journal: a refusal is as good after a crash as before. */
  isWithoutTrace(effects: readonly Effect[]): boolean
}

/** A message of the owner. It carries who waits for it, which costs a third of an `ask`. */
type Change<Event, Effect> = {
  readonly type: 'machine-owner.change'
  readonly owner: unknown
  readonly event: Event
  readonly resolve: (effects: readonly Effect[]) => void
  readonly reject: (error: unknown) => void
  /** Of the event, once it went through the machine. */
  effects: readonly Effect[]
  /** What the machine threw last over it. */
  failure: { readonly cause: unknown } | undefined
}

const NOTHING: readonly never[] = Object.freeze([])

/** Times that a change over which the machine threw is given to it again before it fails. */
const REDELIVERIES = 1
/** Changes written in one go at most, so that one does not wait for an endless stream of others. */
const BATCH_MAX = 256

/**
 * A pure machine with a journal, as a supervised actor. Each event goes through the machine at once and then to the
 * journal; whoever asked hears of it only when it is durable. The changes of one turn are one append, and the appends of
 * parallel turns share one sync.
 *
 * When the machine throws, the actor starts again and reads its state from the journal; what comes meanwhile waits, what
 * was on its way to the journal arrives there, and the event is tried once more. After a failed append nothing is taken
 * any more: the state is then ahead of the journal.
 */
export class MachineOwner<State, Event, Effect> {
  private readonly components: MachineOwnerComponents<State, Event, Effect>
  private readonly init: MachineOwnerInit<State, Event, Effect>
  private current: State
  private isOpen = false
  private actor: ActorRef | undefined
  private opening = Promise.withResolvers<void>()
  private failure: { readonly cause: unknown } | undefined
  private letters: Subscription | undefined
  /** Changes that went through the machine and are not in the journal yet, with their records. */
  private changes: Change<Event, Effect>[] = []
  private payloads: Uint8Array[] = []
  /** Changes that came while the journal was read; the actor has put them aside. */
  private aside: Change<Event, Effect>[] = []
  private waiting = 0
  /** Changes in the mailbox: the last of them writes what all of them left. */
  private queued = 0
  /** Resolves, and never rejects, when what was appended so far is in the journal or has failed. */
  private written: Promise<void> = Promise.resolve()
  private compaction: Promise<void> | undefined

  constructor(components: MachineOwnerComponents<State, Event, Effect>, init: MachineOwnerInit<State, Event, Effect>) {
    this.components = components
    this.init = init
    this.current = init.first
  }

  /** After the last event that went through the machine; while the journal is read again, the one from before. */
  get state(): State {
    return this.current
  }

  /** False while the journal is read, and after a failure that nothing can follow. */
  get isReady(): boolean {
    return this.isOpen && this.failure === undefined
  }

  /** Changes that wait, for their turn or for the disk. */
  get waitingCount(): number {
    return this.waiting
  }

  violations(): readonly string[] {
    return this.components.machine.violations(this.current)
  }

  /** Starts the actor and reads the journal. Throws `STORE_CORRUPTED`, `ACTOR_ID_TAKEN`, and what the journal throws. */
  async start(): Promise<void> {
    if (this.actor !== undefined) return
    const { actors } = this.components
    this.opening = Promise.withResolvers()
    const actor = actors.spawn(this.definition(), { id: this.init.id })
    this.actor = actor
    this.letters = actors.deadLetters.subscribe((letter) => this.buried(letter))
    actor.watch(({ error }) => this.actorEnded(error))
    try {
      await this.opening.promise
    } catch (error: unknown) {
      await this.stop()
      throw error
    }
  }

  /** What waits is still done. Idempotent. */
  async stop(): Promise<void> {
    const { actor } = this
    while (this.waiting > 0 && this.isReady) {
      await this.written
      await new Promise<void>((resolve) => this.components.actors.environment.later(resolve))
    }
    this.actor = undefined
    this.isOpen = false
    await actor?.stop()
    await this.written
    await this.compaction
    this.letters?.unsubscribe()
  }

  /**
   * Resolves to the effects when the event is durable, or when it has changed nothing. Rejects with what the journal or the
   * machine threw, `STORE_NOT_OPEN`, `ACTOR_STOPPED`, `ACTOR_MAILBOX_FULL`.
   */
  run(event: Event): Promise<readonly Effect[]> {
    return new Promise((resolve, reject) => {
      const { actor } = this
      if (actor === undefined) {
        reject(new CodedError('STORE_NOT_OPEN', { message: `${this.init.id}: not started` }))
        return
      }
      this.waiting += 1
      this.queued += 1
      const change: Change<Event, Effect> = {
        type: 'machine-owner.change',
        owner: this,
        event,
        resolve,
        reject,
        effects: NOTHING,
        failure: undefined,
      }
      // One that is refused is a dead letter, and ends there.
      actor.send(change)
    })
  }

  /**
   * Replaces the journal's records by what they came to, so that it holds nothing of what has ended. Rejects with what the journal throws, and
   * with what stopped the owner.
   */
  async compact(): Promise<void> {
    while (this.compaction !== undefined) await this.compaction
    if (this.failure !== undefined) throw this.failure.cause
    if (!this.isOpen) throw new CodedError('STORE_NOT_OPEN', { message: `${this.init.id}: not open` })
    this.write()
    await this.startCompaction()
  }

  private definition(): AgentDefinition {
    const { id, mailboxBound } = this.init
    return defineAgent({
      name: id,
      mailbox: { bound: mailboxBound },
      restart: { kind: 'permanent', redeliveries: REDELIVERIES },
      logic: fromTransition(
        (context: undefined, message: Change<Event, Effect> | { readonly type: 'xstate.stop' }) => {
          if (message.type !== 'xstate.stop') this.take(message)
          return context
        },
        () => this.begin(),
      ),
    })
  }

  /** The actor starts, or starts again after a failure. */
  private begin(): undefined {
    this.isOpen = false
    this.open().catch((error: unknown) => this.fail(error))
  }

  private async open(): Promise<void> {
    // What went through the machine before it failed is valid, and whoever asked for it waits.
    this.write()
    await this.written
    await this.compaction
    if (this.failure !== undefined) throw this.failure.cause
    this.current = await this.read()
    this.isOpen = true
    this.aside = []
    this.takeUp()
    this.opening.resolve()
  }

  private async read(): Promise<State> {
    const { log, machine } = this.components
    const { init } = this
    let state = log.snapshot === undefined ? init.first : init.decodeState(log.snapshot.payload)
    for await (const { index, payload } of log.read(log.snapshot?.nextIndex ?? 0))
      state = init.replay(state, payload, index)
    const broken = machine.violations(state)
    assert(broken.length === 0, `${machine.name}: sound after replay (${broken.join('; ')})`)
    return state
  }

  /** Changes that were put aside come before those that wait. @returns How many there were. */
  private takeUp(): number {
    const count = this.actor === undefined ? 0 : unstashAll(this.actor)
    this.queued += count
    return count
  }

  private take(change: Change<Event, Effect>): void {
    this.queued -= 1
    if (this.failure !== undefined) this.reject(change, this.failure.cause)
    else if (this.isOpen) this.step(change)
    else this.putAside(change)
    if (this.queued === 0 || this.changes.length === BATCH_MAX) this.write()
  }

  private putAside(change: Change<Event, Effect>): void {
    try {
      stash(this.actor, change)
      this.aside.push(change)
    } catch (error: unknown) {
      this.reject(change, error)
    }
  }

  private step(change: Change<Event, Effect>): void {
    const { machine } = this.components
    let step: Step<State, Effect>
    try {
      step = machine.transition(this.current, change.event)
    } catch (cause: unknown) {
      // It is given to the actor once more, or becomes a dead letter.
      change.failure = { cause }
      this.queued += 1
      throw cause
    }
    change.effects = step.effects
    if (this.init.isWithoutTrace(step.effects)) {
      this.resolve(change)
      return
    }
    this.current = step.state
    this.changes.push(change)
    this.payloads.push(this.init.encode(change.event, step.effects))
  }

  private write(): void {
    const { changes, payloads } = this
    if (changes.length === 0) return
    this.changes = []
    this.payloads = []
    this.written = this.components.log.append(payloads).then(
      () => {
        for (const change of changes) this.resolve(change)
      },
      (error: unknown) => {
        this.failure ??= { cause: error }
        for (const change of changes) this.reject(change, error)
      },
    )
    this.compactWhenLarge()
  }

  private resolve(change: Change<Event, Effect>): void {
    this.waiting -= 1
    change.resolve(change.effects)
  }

  private reject(change: Change<Event, Effect>, error: unknown): void {
    this.waiting -= 1
    change.reject(error)
  }

  /** A change that the actor will not handle: it failed over it once too often, was full, or has ended. */
  private buried({ event, reason }: DeadLetter): void {
    // Of this owner, so of these types.
    const change = event as Change<Event, Effect>
    if (change.type !== 'machine-owner.change' || change.owner !== this) return
    this.queued -= 1
    // A change that failed once is no failure while it waits for its second chance: then the end is what became of it.
    const cause = reason === 'poison' ? change.failure?.cause : undefined
    this.reject(change, cause ?? this.failure?.cause ?? this.refusal(reason))
  }

  private refusal(reason: DeadLetter['reason']): CodedError {
    const code = reason === 'mailbox-full' ? 'ACTOR_MAILBOX_FULL' : 'ACTOR_STOPPED'
    return new CodedError(code, { message: `${this.init.id}: its actor takes no message (${reason})` })
  }

  private actorEnded(error: unknown): void {
    if (this.actor !== undefined) this.fail(error ?? this.refusal('stopped'))
  }

  /** Nothing is taken any more. */
  private fail(cause: unknown): void {
    this.failure ??= { cause }
    this.opening.promise.catch(() => {})
    this.opening.reject(cause)
    if (this.takeUp() > 0) return
    for (const change of this.aside.splice(0)) this.reject(change, cause)
  }

  /** Only where the journal has all that the state has: right after a batch was handed to it. */
  private startCompaction(): Promise<void> {
    const { log } = this.components
    const compacted = log.compact({ nextIndex: log.nextIndex, payload: this.init.encodeState(this.current) })
    this.compaction = compacted
      .catch(() => {})
      .finally(() => {
        this.compaction = undefined
      })
    return compacted
  }

  private compactWhenLarge(): void {
    if (this.compaction !== undefined || this.components.log.sizeBytes < this.init.compactAtBytes) return
    this.startCompaction().catch(() => {})
  }
}
