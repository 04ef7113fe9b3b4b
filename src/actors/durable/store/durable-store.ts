import type { AnyEventObject } from 'xstate'
import { assert } from '../../../base/assert.ts'
import { CodedError } from '../../../base/errors.ts'
import { CLOCK_SET_BACK_MAX_MS } from '../../../base/time.ts'
import type { EventLog } from '../../../ports/event-log.ts'
import type { MailboxPolicy } from '../../agent-definition.ts'
import type { ActorEnvironment } from '../../environment.ts'
import type { DecidedApproval, DecisionInit, PendingApproval } from '../work/approval-desk.ts'
import { refusalOf } from '../state/check-record.ts'
import { Compactor } from '../journal/compactor.ts'
import { Consequences } from '../work/consequences.ts'
import type { ConsequenceStore, PendingEffect } from '../work/consequences.ts'
import { packState } from '../state/durable-actor.ts'
import type { DurableActor, DurableState } from '../state/durable-actor.ts'
import type { DurableHost } from '../work/durable-host.ts'
import { DurableOwner } from '../turn/durable-owner.ts'
import type { DurableDefinition } from '../turn/durable-definition.ts'
import type { OwnerStore } from '../turn/durable-owner.ts'
import { applyChecked } from '../state/durable-state.ts'
import { checkEvent } from '../turn/durable-turn.ts'
import type { EffectHandler, EffectHandlerInit } from '../work/effect-runner.ts'
import { exportActor, parseExport } from '../state/export-actor.ts'
import { InboxRoom } from '../inbox/inbox-room.ts'
import { encodeRecord } from '../journal/journal-codec.ts'
import { JOURNAL_FORMAT } from '../state/journal-record.ts'
import type { JournalRecord } from '../state/journal-record.ts'
import { JournalWriter, RECORD_BYTES_MAX } from '../journal/journal-writer.ts'
import { readJournal } from '../journal/read-journal.ts'
import { sealRoot } from '../values/stored-value.ts'
import type { ReferenceCodec } from '../values/stored-value.ts'

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

export type StoredDeliverOptions = {
  /** A second message with the same key is not taken. 1 to 512 characters. */
  readonly key?: string
  /** Where the message comes from and its place in what that sender sent here, rising: one that is not higher is not taken. */
  readonly sender?: { readonly id: string; readonly sequence: number }
  /** Ends the wait for room. */
  readonly signal?: AbortSignal | undefined
}

const KEY_LENGTH_MAX = 512
const INBOX_BOUND_DEFAULT = 65_536

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
export class DurableStore implements OwnerStore, ConsequenceStore {
  readonly references: ReferenceCodec | undefined
  readonly #environment: ActorEnvironment
  readonly #state: DurableState
  readonly #writer: JournalWriter
  readonly #compactor: Compactor
  readonly #consequences: Consequences
  readonly #owners = new Map<string, DurableOwner>()
  readonly #room: InboxRoom
  /** Definitions by name, as far as they were named here. */
  readonly #definitions = new Map<string, DurableDefinition>()
  #lastAt = 0
  /** The newest incarnation that was given to an actor, stored or not. */
  #reserved = 0
  #isClosed = false

  constructor({ log, environment, references }: DurableStoreComponents, init: DurableStoreInit, state: DurableState) {
    this.references = references
    this.#environment = environment
    this.#state = state
    this.#writer = new JournalWriter({
      log,
      soon: (task) => environment.soon(task),
      onFailure: (error) => this.#fail(error),
      onSynced: () => this.#compactor.compactWhenLarge(),
      reportError: (error) => environment.reportError(error),
    })
    const { compactAtBytes, effectsAtOnce } = init
    const later = (task: () => void): void => environment.later(task)
    this.#compactor = new Compactor({ log, state, writer: this.#writer, references, later, compactAtBytes })
    this.#consequences = new Consequences(this, environment, effectsAtOnce)
    this.#room = new InboxRoom({
      soon: (task) => environment.soon(task),
      // An actor that is not in memory empties no inbox.
      isDecided: (id) => this.hasRoom(id) || !this.#owners.has(id),
    })
    this.#writer.prepare(encodeRecord({ kind: 'open', format: JOURNAL_FORMAT, at: this.now() }, false))
  }

  /** What made writing fail; `undefined` while all is well. */
  get failure(): CodedError | undefined {
    return this.#writer.failure
  }

  get isWritable(): boolean {
    return !this.#isClosed && this.#writer.failure === undefined
  }

  /** So much waits for the disk that actors should have no further turn; see `afterCongestion`. */
  get isCongested(): boolean {
    return this.#writer.isCongested
  }

  get size(): number {
    return this.#state.actors.size
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
    return this.#owners.get(id)
  }

  /** Names a definition, so that messages for its actors are bounded and versioned as it says also while they are not active. */
  define(definition: DurableDefinition): void {
    this.#definitions.set(definition.name, definition)
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
    const actor = this.#state.actors.get(id)
    if (actor !== undefined && actor.agent !== definition.name) {
      throw new CodedError('ACTOR_ALREADY_STORED', {
        message: `${id} is stored as an actor of ${actor.agent}, not of ${definition.name}`,
        details: { id, agent: actor.agent },
      })
    }
    this.define(definition)
    const earlier = this.#owners.get(id)
    const owner =
      actor === undefined ? DurableOwner.ofNew(this, id, definition) : DurableOwner.ofStored(this, actor, definition)
    this.#owners.set(id, owner)
    if (earlier !== undefined) this.#consequences.host?.fenced(earlier)
    if (actor !== undefined) this.#consequences.activated(actor)
    return owner
  }

  /**
   * Puts a message into the inbox of a stored actor and resolves when it is on stable storage. One that was taken before,
   * by its key or by its sender's count, resolves likewise and is not taken again.
   *
   * What is in an inbox was acknowledged, and nothing acknowledged is dropped: a full one refuses, also with the policies
   * `drop-newest` and `drop-oldest`. With `credit` the message waits for room, in the order of the calls, as long as its
   * actor is in memory.
   *
   * @throws `ACTOR_NOT_STORED`, `ACTOR_MAILBOX_FULL`, `ACTOR_STATE_NOT_STORABLE`, `STORE_OVERLOADED`, the failure of the store;
   *   TypeError for what is not an event.
   */
  async deliver(id: string, event: AnyEventObject, options: StoredDeliverOptions = {}): Promise<void> {
    this.#checkOpen()
    checkEvent(event)
    const { key } = options
    if (key !== undefined && (key.length === 0 || key.length > KEY_LENGTH_MAX)) {
      throw new RangeError(`A key has 1 to ${KEY_LENGTH_MAX} characters`)
    }
    const isHeld = !isTaken(this.#find(id), options) && this.#isHeldForRoom(id)
    if (isHeld) await this.#room.wait(id, () => this.#accept(id, event, options), options.signal)
    else this.#accept(id, event, options)
    await this.#writer.synced()
  }

  #accept(id: string, event: AnyEventObject, options: StoredDeliverOptions): void {
    this.#checkOpen()
    const actor = this.#find(id)
    if (isTaken(actor, options)) return
    this.#checkRoom(actor)
    const { key, sender } = options
    const isTagged = sealRoot(event, 'event', this.references)
    const from = sender && { sender: sender.id, senderSequence: sender.sequence }
    const record = {
      kind: 'inbox',
      actor: id,
      event,
      version: this.versionOf(id) ?? actor.version,
      at: this.now(),
    } as const
    this.write({ ...record, ...(key !== undefined && { key }), ...from }, { isTagged })
  }

  /** Whether a message is to wait: behind those that do, or because it would be refused without. */
  #isHeldForRoom(id: string): boolean {
    return this.#room.isAwaited(id) || (this.atBoundOf(id) === 'credit' && !this.hasRoom(id))
  }

  /** What happens to messages for an actor whose inbox is full. */
  atBoundOf(id: string): MailboxPolicy {
    return this.#definitionOf(id)?.atBound ?? 'refuse'
  }

  /**
   * Whether another message would find room.
   *
   * @param more  Messages that are on their way.
   * @param times  How often the bound counts.
   */
  hasRoom(id: string, more = 0, times = 1): boolean {
    const actor = this.#state.actors.get(id)
    return actor !== undefined && (actor.inbox?.size ?? 0) + more < this.#boundOf(id) * times
  }

  /** Removes an actor with everything that is stored of it; its owner is fenced off. @throws `ACTOR_NOT_STORED`. */
  async remove(id: string): Promise<void> {
    this.#checkOpen()
    const actor = this.#find(id)
    const owner = this.#owners.get(id)
    this.write({ kind: 'removal', actor: id, at: this.now() }, { isTagged: false })
    this.#owners.delete(id)
    this.#consequences.removed(actor)
    this.#room.changed(id)
    if (owner !== undefined) this.#consequences.host?.fenced(owner)
    await this.#writer.synced()
  }

  /** @throws TypeError when the name has a handler. */
  registerEffect(name: string, handler: EffectHandler, init?: EffectHandlerInit): void {
    this.#consequences.effects.register(name, handler, init)
  }

  pendingEffects(): readonly PendingEffect[] {
    return [...this.#state.actors.values()].flatMap((actor) =>
      [...(actor.effects?.values() ?? [])].map((effect) => this.#consequences.describeEffect(actor, effect)),
    )
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
    const lines = exportActor(this.#find(id), this.references)
    await this.#writer.synced()
    return lines
  }

  /** @returns The id. @throws `ACTOR_EXPORT_INVALID`, `ACTOR_ALREADY_STORED`, the failure of the store. */
  async importActor(lines: readonly string[]): Promise<string> {
    this.#checkOpen()
    const { image, state } = parseExport(lines, this.references)
    const { id } = image
    if (this.#state.actors.has(id) || this.#owners.has(id)) {
      throw new CodedError('ACTOR_ALREADY_STORED', { message: `There is an actor ${id} already`, details: { id } })
    }
    const values = { image, state }
    this.write({ kind: 'import', actor: id, ...values }, { isTagged: sealRoot(values, 'import', this.references) })
    await this.#writer.synced()
    return id
  }

  compact(): Promise<void> {
    return this.#compactor.compact()
  }

  /**
   * Stops timers and effects, and resolves when everything written is on stable storage, or will never be. Idempotent.
   *
   * @param signal  Ends the wait for a disk that does not answer.
   */
  async close(signal?: AbortSignal): Promise<void> {
    if (!this.#isClosed) this.#room.close(closedError())
    this.#isClosed = true
    this.#consequences.stop()
    this.#writer.flush()
    const settled = Promise.allSettled([this.#writer.synced(), this.#compactor.stop()])
    await (signal === undefined ? settled : Promise.race([settled, abortOf(signal)]))
  }

  // What owners and the desk of approvals use.

  now(): number {
    const now = this.#environment.clock.now()
    // A clock that was set back a little stands still; one that was wrong before is believed.
    if (now >= this.#lastAt || this.#lastAt - now > CLOCK_SET_BACK_MAX_MS) this.#lastAt = now
    return this.#lastAt
  }

  reserveIncarnation(): number {
    this.#reserved = Math.max(this.#reserved + 1, this.#state.incarnationNext)
    return this.#reserved
  }

  versionOf(id: string): number | undefined {
    return this.#definitionOf(id)?.version ?? this.#state.actors.get(id)?.version
  }

  write(
    record: JournalRecord,
    options: { readonly isTagged: boolean; readonly live?: { readonly value: unknown } },
  ): number {
    this.#checkOpen()
    const refusal = refusalOf(this.#state, record)
    assert(refusal === undefined, `a record follows from those before it (${refusal})`)
    const payload = encodeRecord(record, options.isTagged, this.references)
    if (payload.length > RECORD_BYTES_MAX) {
      throw new CodedError('ACTOR_STATE_NOT_STORABLE', { message: `A turn writes at most ${RECORD_BYTES_MAX} bytes` })
    }
    this.#compactor.noteRecord(record, payload)
    this.#writer.write(payload)
    applyChecked(this.#state, record, { observer: this.#consequences, ...(options.live && { live: options.live }) })
    if (record.kind === 'import' || (record.kind === 'commit' && record.created !== undefined)) {
      const actor = this.#state.actors.get(record.actor)
      if (actor !== undefined) this.#compactor.noteNew(actor)
      if (record.kind === 'import' && actor !== undefined) this.#consequences.startActor(actor)
    }
    if (record.kind === 'commit' && record.consumed !== undefined) this.#room.changed(record.actor)
    return payload.length
  }

  afterSync(run: () => void): void {
    this.#writer.afterSync(run)
  }

  /** Runs `run` when the disk has caught up; at once when it has. */
  afterCongestion(run: () => void): void {
    this.#writer.afterCongestion(run)
  }

  synced(): Promise<void> {
    return this.#writer.synced()
  }

  /** Resolves when all that was written is on stable storage; `undefined` when it is, or never will be. */
  settling(): Promise<void> | undefined {
    return this.isWritable && this.#writer.unsynced > 0 ? this.#writer.synced() : undefined
  }

  released(owner: DurableOwner): void {
    if (this.#owners.get(owner.id) !== owner) return
    this.#owners.delete(owner.id)
    const actor = this.#state.actors.get(owner.id)
    if (actor === undefined) return
    if (actor.state.kind === 'live') {
      actor.state = { kind: 'packed', bytes: packState(actor, this.references), deltas: [] }
    }
    if (actor.inbox !== undefined) this.#consequences.host?.wake(actor.id)
    // After it came back, or did not.
    this.#room.changed(actor.id)
  }

  #boundOf(id: string): number {
    return this.#definitionOf(id)?.inboxBound ?? INBOX_BOUND_DEFAULT
  }

  #definitionOf(id: string): DurableDefinition | undefined {
    return this.#owners.get(id)?.definition ?? this.#definitions.get(this.#state.actors.get(id)?.agent ?? '')
  }

  #find(id: string): DurableActor {
    const actor = this.#state.actors.get(id)
    if (actor !== undefined) return actor
    throw new CodedError('ACTOR_NOT_STORED', { message: `There is no stored actor ${id}`, details: { id } })
  }

  #checkRoom(actor: DurableActor): void {
    if (!this.hasRoom(actor.id)) {
      const { id, inbox } = actor
      const message = `The inbox of actor ${id} is full: ${inbox?.size} messages wait`
      throw new CodedError('ACTOR_MAILBOX_FULL', { message, details: { id, bound: this.#boundOf(id) } })
    }
    if (this.#writer.isCongested) {
      throw new CodedError('STORE_OVERLOADED', { message: 'The disk is behind with the journal of the actors' })
    }
  }

  #checkOpen(): void {
    if (this.#writer.failure !== undefined) throw this.#writer.failure
    if (this.#isClosed) throw closedError()
  }

  #fail(error: CodedError): void {
    this.#consequences.stop()
    this.#room.close(error)
    this.#consequences.host?.failed(error)
  }
}

function closedError(): CodedError {
  return new CodedError('STORE_NOT_OPEN', { message: 'The store of durable actors is closed' })
}

function isTaken(actor: DurableActor, { key, sender }: StoredDeliverOptions): boolean {
  if (key !== undefined && actor.keys?.has(key) === true) return true
  return sender !== undefined && sender.sequence <= (actor.senders?.get(sender.id) ?? -1)
}

async function abortOf(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
