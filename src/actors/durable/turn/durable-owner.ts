import type { AnyEventObject } from 'xstate'
import { CodedError } from '../../../base/errors.ts'
import { copyStateOf, formatKey, stateOf } from '../state/durable-actor.ts'
import type { DurableActor, InboxEntry } from '../state/durable-actor.ts'
import type { CommitRecord, FiredTimer, JournalRecord } from '../state/journal-record.ts'
import { diffState } from '../values/state-delta.ts'
import { newFindings, sealRoot, sealValue, unstorableError } from '../values/stored-value.ts'
import type { ReferenceCodec } from '../values/stored-value.ts'
import type { DurableDefinition } from './durable-definition.ts'
import { DurableTurn } from './durable-turn.ts'
import { SnapshotSchedule } from './snapshot-schedule.ts'
import { checkVersions, migrateFrom } from './stored-versions.ts'

/** What an owner uses of its store. */
export interface OwnerStore {
  readonly references: ReferenceCodec | undefined
  actor(id: string): DurableActor | undefined
  reserveIncarnation(): number
  now(): number
  /** @returns Bytes of the record. */
  write(
    record: JournalRecord,
    options: { readonly isTagged: boolean; readonly live?: { readonly value: unknown } },
  ): number
  /** See `JournalWriter.afterSync`. */
  afterSync(run: () => void, drop?: (error: CodedError) => void): void
  versionOf(id: string): number | undefined
  released(owner: DurableOwner): void
}

export type CommitInit = {
  /** The state after the turn. */
  readonly state: unknown
  /** Place in the inbox of the message that was handled. */
  readonly consumed?: number
  /** The timer that was handled. */
  readonly fired?: FiredTimer
}

/**
 * The right to write for one actor during one activation. A later activation has a higher epoch, and from then on this one
 * is refused: two activations of one actor never both go on.
 */
export class DurableOwner {
  readonly id: string
  readonly definition: DurableDefinition
  readonly epoch: number
  readonly #store: OwnerStore
  readonly #incarnation: number
  /** The stored state, frozen; what the next commit is compared with. */
  #state: unknown
  #isCreated: boolean
  readonly #snapshots: SnapshotSchedule

  private constructor(
    store: OwnerStore,
    init: { id: string; definition: DurableDefinition; epoch: number; incarnation: number },
  ) {
    this.#store = store
    this.id = init.id
    this.definition = init.definition
    this.epoch = init.epoch
    this.#incarnation = init.incarnation
    this.#isCreated = false
    this.#snapshots = new SnapshotSchedule(init.definition.snapshotEvery)
  }

  /** For an actor that is not stored yet: its first commit creates it. */
  static ofNew(store: OwnerStore, id: string, definition: DurableDefinition): DurableOwner {
    return new DurableOwner(store, { id, definition, epoch: 1, incarnation: store.reserveIncarnation() })
  }

  /**
   * Takes over a stored actor.
   *
   * @throws `ACTOR_VERSION_UNKNOWN`, and the actor is as it was.
   */
  static ofStored(store: OwnerStore, actor: DurableActor, definition: DurableDefinition): DurableOwner {
    checkVersions(actor, definition)
    const { id, incarnation } = actor
    const owner = new DurableOwner(store, { id, definition, epoch: actor.epoch + 1, incarnation })
    owner.#isCreated = true
    owner.#snapshots.resume(actor.state)
    owner.#state = stateOf(actor, store.references)
    store.write({ kind: 'activation', actor: actor.id, epoch: owner.epoch }, { isTagged: false })
    return owner
  }

  get isCreated(): boolean {
    return this.#isCreated
  }

  /** The stored state, frozen. */
  get state(): unknown {
    return this.#state
  }

  get actor(): DurableActor | undefined {
    return this.#isCurrent() ? this.#store.actor(this.id) : undefined
  }

  /**
   * The state that the logic is to start from: the stored one, carried to the definition's version. Nothing is written; the
   * next commit does.
   *
   * @param isCopied  Whether the logic may change what it gets; otherwise it is frozen.
   * @throws `ACTOR_MIGRATION_FAILED`, and the actor is as it was.
   */
  stateForLogic(isCopied: boolean): unknown {
    const actor = this.#current()
    const { version, migrate } = this.definition
    if (actor.version === version || migrate === undefined) {
      return isCopied ? copyStateOf(actor, this.#store.references) : this.#state
    }
    const { id, definition } = this
    return migrateFrom({ id, found: actor.version, definition }, () =>
      migrate(copyStateOf(actor, this.#store.references), actor.version),
    )
  }

  /** @throws `ACTOR_MIGRATION_FAILED`. */
  eventOf({ event, version }: Pick<InboxEntry, 'event' | 'version'>): AnyEventObject {
    const { id, definition } = this
    const { migrateEvent } = definition
    if (version === definition.version || migrateEvent === undefined) return event
    return migrateFrom({ id, found: version, definition }, () => migrateEvent(event, version))
  }

  /** Messages that wait, in their order. */
  waiting(): readonly InboxEntry[] {
    return [...(this.#current().inbox?.values() ?? [])]
  }

  isWaiting(sequence: number): boolean {
    return this.#isCurrent() && this.#store.actor(this.id)?.inbox?.has(sequence) === true
  }

  /** Whether a timer that fired is still to be handled: it was not cancelled or set anew meanwhile. */
  isDue({ id, generation, dueAt }: FiredTimer): boolean {
    const timer = this.#isCurrent() ? this.#store.actor(this.id)?.timers?.get(id) : undefined
    return timer !== undefined && timer.generation === generation && timer.dueAt === dueAt
  }

  beginTurn(): DurableTurn {
    const actor = this.#isCreated ? this.#current() : undefined
    const { id } = this
    const incarnation = this.#incarnation
    return new DurableTurn({
      now: this.#store.now(),
      sequence: actor?.sequenceNext ?? 0,
      keyOf: (sequence) => formatKey({ id, incarnation }, sequence),
    })
  }

  /** Version that an event for the actor `id` is stored with. */
  versionFor(id: string): number {
    return this.#store.versionOf(id) ?? 1
  }

  /**
   * Writes what a turn did. The state and the inboxes of the receivers change at once; what the turn holds back happens when
   * it is on stable storage, after everything that was held back before.
   *
   * @throws `ACTOR_STATE_NOT_STORABLE`, `ACTOR_FENCED`, the failure of the store; nothing has happened then.
   */
  commit(turn: DurableTurn, init: CommitInit): void {
    const record = this.#recordOf(turn, init)
    const { outputs } = turn
    if (record !== undefined) {
      const bytes = this.#store.write(record.record, { isTagged: record.isTagged, live: { value: init.state } })
      this.#snapshots.note({ isSnapshot: 'state' in record.record, bytes })
      this.#isCreated = true
    }
    // Equal where nothing was written; the next comparison is then of identical parts.
    this.#state = init.state
    if (outputs === undefined) return
    this.#store.afterSync(
      () => {
        for (const output of outputs) output()
      },
      (error) => turn.forget(error),
    )
  }

  /** Takes a message out of the inbox that no turn could handle. */
  discard(sequence: number): void {
    this.commit(this.beginTurn(), { state: this.#state, consumed: sequence })
  }

  /** Gives the actor back: it is not in memory any more. */
  release(): void {
    this.#store.released(this)
  }

  #recordOf(
    turn: DurableTurn,
    { state, consumed, fired }: CommitInit,
  ): { readonly record: CommitRecord; readonly isTagged: boolean } | undefined {
    const actor = this.#isCreated ? this.#current() : undefined
    const { version, name } = this.definition
    const isSnapshot = actor === undefined || this.#snapshots.isDue
    const { delta, isTagged } = this.#diff(state, isSnapshot)
    const record: CommitRecord = {
      kind: 'commit',
      actor: this.id,
      epoch: this.epoch,
      number: (actor?.commits ?? 0) + 1,
      at: turn.now,
      ...(actor === undefined && { created: { agent: name, incarnation: this.#incarnation } }),
      ...(actor?.version !== version && { version }),
      ...(isSnapshot ? { state } : delta !== undefined && { delta }),
      ...(consumed !== undefined && { consumed }),
      ...(fired !== undefined && { fired }),
      ...(turn.messages !== undefined && { messages: turn.messages }),
      ...(turn.timers !== undefined && turn.timers.size > 0 && { timers: [...turn.timers.values()] }),
      ...(turn.cancelled !== undefined && { cancelled: [...turn.cancelled] }),
      ...(turn.approvals !== undefined && { approvals: turn.approvals }),
      ...(turn.effects !== undefined && { effects: turn.effects }),
    }
    // The five members that say nothing by themselves.
    if (Object.keys(record).length === 5) return undefined
    return { record, isTagged: this.#sealTurn(turn) || isTagged }
  }

  #diff(state: unknown, isSnapshot: boolean): Pick<ReturnType<typeof diffState>, 'delta' | 'isTagged'> {
    const { references } = this.#store
    if (!this.#isCreated) return { delta: undefined, isTagged: sealRoot(state, 'state', references) }
    const diff = diffState(this.#state, state, references)
    return isSnapshot ? { delta: diff.delta, isTagged: sealRoot(state, 'state', references) } : diff
  }

  /** Freezes what the turn stores besides the state, and finds out whether it needs more than JSON. */
  #sealTurn({ messages, timers, approvals, effects }: DurableTurn): boolean {
    if (messages === undefined && timers === undefined && approvals === undefined && effects === undefined) return false
    const { references } = this.#store
    const findings = newFindings(references)
    const values: (readonly [string, unknown])[] = [
      ...(messages ?? []).map(({ event }) => ['event', event] as const),
      ...[...(timers?.values() ?? [])].map(({ event }) => ['event', event] as const),
      ...(approvals ?? []).map(({ details }) => ['details', details] as const),
      ...(effects ?? []).map(({ input }) => ['input', input] as const),
    ]
    for (const [what, value] of values) {
      sealValue(value, findings)
      if (findings.isRefused) throw unstorableError(value, what, references)
    }
    return findings.isTagged
  }

  #isCurrent(): boolean {
    return this.#store.actor(this.id)?.epoch === this.epoch
  }

  #current(): DurableActor {
    const actor = this.#store.actor(this.id)
    if (actor !== undefined && actor.epoch === this.epoch) return actor
    throw new CodedError('ACTOR_FENCED', {
      message: `Activation ${this.epoch} of ${this.id} may not write: ${actor === undefined ? 'the actor was removed' : `activation ${actor.epoch} has taken over`}`,
    })
  }
}
