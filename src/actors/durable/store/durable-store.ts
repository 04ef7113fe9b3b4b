import type { AnyEventObject } from 'xstate'
import { assert } from '../../../base/assert.ts'
import { CodedError } from '../../../base/errors.ts'
import type { EventLog } from '../../../ports/event-log.ts'
import type { MailboxPolicy } from '../../agent-definition.ts'
import type { ActorEnvironment } from '../../environment.ts'
import type { DecidedApproval, DecisionInit, PendingApproval } from '../consequences/approval-desk.ts'
import { Consequences } from '../consequences/consequences.ts'
import type { ConsequenceStore, PendingEffect } from '../consequences/consequences.ts'
import type { DurableHost } from '../consequences/durable-host.ts'
import type { EffectHandler, EffectHandlerInit } from '../consequences/effect-runner.ts'
import { StoredInboxes } from '../inbox/stored-inboxes.ts'
import type { InboxStore, StoredDeliverOptions } from '../inbox/stored-inboxes.ts'
import { Journal } from '../journal/journal.ts'
import type { WriteOptions } from '../journal/journal.ts'
import { readJournal } from '../journal/read-journal.ts'
import { findActor, packAway } from '../state/durable-actor.ts'
import type { DurableActor, DurableState } from '../state/durable-actor.ts'
import { exportActor, parseExport } from '../state/export-actor.ts'
import type { JournalRecord } from '../state/journal-record.ts'
import type { DurableDefinition } from '../turn/durable-definition.ts'
import type { DurableOwner, OwnerStore } from '../turn/durable-owner.ts'
import { sealRoot } from '../values/stored-value.ts'
import type { ReferenceCodec } from '../values/stored-value.ts'
import { Activations } from './activations.ts'
import { StoreClock } from './store-clock.ts'

export type DurableStoreComponents = {
  /** The journal of this store alone. Whoever opened it closes it, after the store. */
  readonly log: EventLog
  readonly environment: ActorEnvironment
  readonly references?: ReferenceCodec
}

export type DurableStoreInit = {
  /** Bytes of records that are not worth a compaction. Default 4 MiB. */
  readonly compactAtBytes?: number
  /** Handlers of effects that run at a time. Default 64. */
  readonly effectsAtOnce?: number
}

/**
 * Opens the store of durable actors over its journal.
 *
 * @throws `STORE_CORRUPTED`, `STORE_FORMAT_NEWER`, the errors of the log.
 */
export async function openDurableStore(
  components: DurableStoreComponents,
  init: DurableStoreInit = {},
): Promise<DurableStore> {
  const state = await readJournal(components.log, components.references)
  return new DurableStore(components, init, state)
}

/**
 * All durable actors of a system, in one journal. A turn is written as one record and what it sends outside leaves only when
 * that is on stable storage; turns go on meanwhile, so that many of them share one sync. After a failed write nothing is
 * acknowledged any more.
 */
export class DurableStore implements OwnerStore, InboxStore, ConsequenceStore {
  readonly references: ReferenceCodec | undefined
  readonly #state: DurableState
  readonly #clock: StoreClock
  readonly #journal: Journal
  readonly #consequences: Consequences
  readonly #activations: Activations
  readonly #inboxes: StoredInboxes
  #isClosed = false

  constructor({ log, environment, references }: DurableStoreComponents, init: DurableStoreInit, state: DurableState) {
    this.references = references
    this.#state = state
    this.#clock = new StoreClock(environment.clock)
    this.#journal = new Journal({
      log,
      state,
      environment,
      references,
      compactAtBytes: init.compactAtBytes,
      openedAt: this.now(),
      onFailure: (error) => this.#fail(error),
    })
    this.#consequences = new Consequences(this, environment, init.effectsAtOnce)
    this.#activations = new Activations(this, state)
    this.#inboxes = new StoredInboxes(this, state, (task) => environment.soon(task))
  }

  get isWritable(): boolean {
    return !this.#isClosed && this.#journal.failure === undefined
  }

  /** So much waits for the disk that actors should have no further turn; see `afterCongestion`. */
  get isCongested(): boolean {
    return this.#journal.isCongested
  }

  /** From now on timers fire, effects run, and actors with something to do are woken. */
  start(host: DurableHost): void {
    assert(this.#consequences.host === undefined, 'a store has one host')
    this.#consequences.start(host, this.#state.actors.values())
  }

  actor(id: string): DurableActor | undefined {
    return this.#state.actors.get(id)
  }

  actors(): Iterable<DurableActor> {
    return this.#state.actors.values()
  }

  /** Messages wait for it, or a timer that fired. */
  hasWork(actor: DurableActor): boolean {
    return actor.inbox !== undefined || this.#consequences.hasFired(actor)
  }

  ownerOf(id: string): DurableOwner | undefined {
    return this.#activations.ownerOf(id)
  }

  /** Names a definition, so that messages for its actors are bounded and versioned as it says also while they are not active. */
  define(definition: DurableDefinition): void {
    this.#activations.define(definition)
  }

  /**
   * Takes an actor into memory: the stored one of this id, or a new one, which its first commit creates. An earlier
   * activation is fenced off.
   *
   * @throws `ACTOR_ALREADY_STORED` when the id is that of an actor of another definition, `ACTOR_VERSION_UNKNOWN`, the failure
   *   of the store; nothing has changed then.
   */
  activate(id: string, definition: DurableDefinition): DurableOwner {
    this.#checkOpen()
    const { owner, earlier } = this.#activations.begin(id, definition)
    if (earlier !== undefined) this.#consequences.host?.fenced(earlier)
    const actor = this.#state.actors.get(id)
    if (actor !== undefined) this.#consequences.activated(actor)
    return owner
  }

  /**
   * Puts a message into the inbox of a stored actor and resolves when it is on stable storage. One that was taken before,
   * by its key or by its sender's count, resolves likewise and is not taken again.
   *
   * @throws What `StoredInboxes.put` throws, and the failure of the store.
   */
  async deliver(id: string, event: AnyEventObject, options: StoredDeliverOptions = {}): Promise<void> {
    this.#checkOpen()
    const held = this.#inboxes.put(id, event, options)
    // What is written already is acknowledged with what was written before it, and waits for nothing that came after.
    if (held !== undefined) await held
    await this.#journal.synced()
  }

  /** What happens to messages for an actor whose inbox is full. */
  atBoundOf(id: string): MailboxPolicy {
    return this.#inboxes.atBoundOf(id)
  }

  /** See `StoredInboxes.hasRoom`. */
  hasRoom(id: string, more?: number, times?: number): boolean {
    return this.#inboxes.hasRoom(id, more, times)
  }

  /** Removes an actor with everything that is stored of it; its owner is fenced off. @throws `ACTOR_NOT_STORED`. */
  async remove(id: string): Promise<void> {
    this.#checkOpen()
    const actor = findActor(this.#state, id)
    const owner = this.#activations.ownerOf(id)
    this.write({ kind: 'removal', actor: id, at: this.now() }, { isTagged: false })
    if (owner !== undefined) this.#activations.end(owner)
    this.#consequences.removed(actor)
    this.#inboxes.changed(id)
    if (owner !== undefined) this.#consequences.host?.fenced(owner)
    await this.#journal.synced()
  }

  /** @throws TypeError when the name has a handler. */
  registerEffect(name: string, handler: EffectHandler, init?: EffectHandlerInit): void {
    this.#consequences.effects.register(name, handler, init)
  }

  pendingEffects(): readonly PendingEffect[] {
    return [...this.#state.actors.values()].flatMap((actor) => this.#consequences.pendingEffectsOf(actor))
  }

  pendingApprovals(): readonly PendingApproval[] {
    return this.#consequences.approvals.pending()
  }

  /** See `ApprovalDesk.decide`. */
  async resolveApproval(id: string, init: DecisionInit): Promise<DecidedApproval> {
    this.#checkOpen()
    return await this.#consequences.approvals.decide(id, init)
  }

  /** The lines of an export, once all that they tell is on stable storage. @throws `ACTOR_NOT_STORED`. */
  async exportActor(id: string): Promise<readonly string[]> {
    this.#checkOpen()
    const lines = exportActor(findActor(this.#state, id), this.references)
    await this.#journal.synced()
    return lines
  }

  /** @returns The id. @throws `ACTOR_EXPORT_INVALID`, `ACTOR_ALREADY_STORED`, the failure of the store. */
  async importActor(lines: readonly string[]): Promise<string> {
    this.#checkOpen()
    const { image, state } = parseExport(lines, this.references)
    const { id } = image
    if (this.#state.actors.has(id) || this.isActive(id)) {
      throw new CodedError('ACTOR_ALREADY_STORED', { message: `There is an actor ${id} already`, details: { id } })
    }
    const values = { image, state }
    this.write({ kind: 'import', actor: id, ...values }, { isTagged: sealRoot(values, 'import', this.references) })
    await this.#journal.synced()
    return id
  }

  compact(): Promise<void> {
    return this.#journal.compact()
  }

  /**
   * Stops timers and effects, and resolves when everything written is on stable storage, or will never be. Idempotent.
   *
   * @param signal  Ends the wait for a disk that does not answer.
   */
  async close(signal?: AbortSignal): Promise<void> {
    if (!this.#isClosed) this.#inboxes.close(closedError())
    this.#isClosed = true
    this.#consequences.stop()
    await this.#journal.close(signal)
  }

  // What owners and the desk of approvals use.

  now(): number {
    return this.#clock.now()
  }

  reserveIncarnation(): number {
    return this.#activations.reserveIncarnation()
  }

  definitionOf(id: string): DurableDefinition | undefined {
    return this.#activations.definitionOf(id)
  }

  isActive(id: string): boolean {
    return this.#activations.ownerOf(id) !== undefined
  }

  versionOf(id: string): number | undefined {
    return this.definitionOf(id)?.version ?? this.#state.actors.get(id)?.version
  }

  write(record: JournalRecord, options: WriteOptions): number {
    this.#checkOpen()
    const bytes = this.#journal.write(record, options, this.#consequences)
    if (record.kind === 'import') this.#consequences.startActor(findActor(this.#state, record.actor))
    if (record.kind === 'commit' && record.consumed !== undefined) this.#inboxes.changed(record.actor)
    return bytes
  }

  afterSync(run: () => void, drop?: (error: CodedError) => void): void {
    this.#journal.afterSync(run, drop)
  }

  /** Runs `run` when the disk has caught up; at once when it has. */
  afterCongestion(run: () => void): void {
    this.#journal.afterCongestion(run)
  }

  synced(): Promise<void> {
    return this.#journal.synced()
  }

  /** Resolves when all that was written is on stable storage; `undefined` when it is, or never will be. */
  settling(): Promise<void> | undefined {
    return this.isWritable && !this.#journal.isSynced ? this.#journal.synced() : undefined
  }

  released(owner: DurableOwner): void {
    if (!this.#activations.end(owner)) return
    const actor = this.#state.actors.get(owner.id)
    if (actor === undefined) return
    packAway(actor, this.references)
    if (actor.inbox !== undefined) this.#consequences.host?.wake(actor.id)
    // After it came back, or did not.
    this.#inboxes.changed(actor.id)
  }

  #checkOpen(): void {
    if (this.#journal.failure !== undefined) throw this.#journal.failure
    if (this.#isClosed) throw closedError()
  }

  #fail(error: CodedError): void {
    this.#consequences.stop()
    this.#inboxes.close(error)
    this.#consequences.host?.failed(error)
  }
}

function closedError(): CodedError {
  return new CodedError('STORE_NOT_OPEN', { message: 'The store of durable actors is closed' })
}
