import type { AnyEventObject } from 'xstate'
import { CodedError } from '../../../base/errors.ts'
import type { ActorAddress, DeliverOptions, ReplyTarget } from '../../actor-ref.ts'
import { Cell, RUNNING } from '../../cell/cell.ts'
import type { DeadLetterReason } from '../../delivery/dead-letters.ts'
import type { XStateActor } from '../../hosting/adopted-behaviour.ts'
import type { ActorSystem } from '../../system/actor-system.ts'
import { formatAddress } from '../../system/address.ts'
import type { DurablePlaces } from '../cell/durable-places.ts'
import { isDurableRoot, type TurnGate } from '../cell/turn-gate.ts'
import type { EarlyMail } from '../inbox/early-mail.ts'
import type { DurableStore } from '../store/durable-store.ts'
import type { ReferenceCodec } from '../values/stored-value.ts'
import { DurableRef, type RefRuntime } from './durable-ref.ts'
import { HeldReplies, HeldReply } from './held-reply.ts'
import { unlessAborted } from './unless-aborted.ts'

export type DurableReferencesInit = {
  readonly ready: () => Promise<void>
  readonly system: () => ActorSystem
  /** `undefined` before it is open. */
  readonly store: () => DurableStore | undefined
  /** @throws `STORE_NOT_OPEN`. */
  readonly openStore: () => DurableStore
  readonly gate: TurnGate
  readonly places: DurablePlaces
  readonly early: EarlyMail
}

/** What references to durable actors do, and how references are stored: as the id of their actor, or of the reply. */
export class DurableReferences implements RefRuntime, ReferenceCodec {
  readonly #init: DurableReferencesInit
  readonly #replies: HeldReplies

  constructor(init: DurableReferencesInit) {
    this.#init = init
    this.#replies = new HeldReplies(init.gate)
  }

  get ready(): Promise<void> {
    return this.#init.ready()
  }

  get isOpen(): boolean {
    return this.#init.store() !== undefined
  }

  refTo(id: string): DurableRef {
    return new DurableRef(id, this)
  }

  // How they are stored.

  idOf(value: object): string | undefined {
    if (value instanceof HeldReply) return this.#replies.keep(value)
    if (value instanceof DurableRef) return value.id
    const cell = value instanceof Cell ? value : (value as Partial<XStateActor>).kernellCell
    return cell instanceof Cell && cell.system === this.#init.system() ? cell.id : undefined
  }

  refOf(id: string): DurableRef | HeldReply {
    return this.#replies.find(id) ?? this.refTo(id)
  }

  /** The event with its way back held until the turn that answers is stored. */
  withHeldReply(event: AnyEventObject): AnyEventObject {
    const { replyTo } = event
    if (typeof replyTo !== 'object' || replyTo === null || this.idOf(replyTo) !== undefined) return event
    if (typeof (replyTo as Partial<ReplyTarget>).send !== 'function') return event
    return { ...event, replyTo: this.#replies.hold(replyTo as ReplyTarget) }
  }

  // What they do.

  cellFor(id: string): Cell | undefined {
    return this.#init.places.cellFor(id)
  }

  isDurable(id: string): boolean {
    const cell = this.#init.places.knownCell(id)
    return this.#isStored(id) || (cell !== undefined && isDurableRoot(cell.behaviour))
  }

  failureOf(id: string): unknown {
    return this.#init.places.failureOf(id)
  }

  addressOf(id: string): ActorAddress {
    const { system, store, places } = this.#init
    const { nodeName: node, workerIndex: worker } = system()
    const incarnation = store()?.actor(id)?.incarnation ?? places.knownCell(id)?.number ?? 0
    return formatAddress({ node, worker, path: id, incarnation })
  }

  sendInTurn(id: string, event: AnyEventObject): boolean | undefined {
    const { gate, places, system } = this.#init
    if (gate.current === undefined) return undefined
    const cell = places.knownCell(id)
    if (this.#isStored(id)) return gate.sendStored({ id, address: this.addressOf(id), system: system() }, event)
    return cell === undefined ? undefined : gate.send(cell, event, undefined)
  }

  deliverEarly(id: string, event: AnyEventObject, options: DeliverOptions): Promise<void> | undefined {
    const cell = this.#init.places.knownCell(id)
    if (cell?.status !== RUNNING || !isDurableRoot(cell.behaviour)) return undefined
    return this.#isStored(id) ? undefined : this.#init.early.add(cell, event, options)
  }

  async deliver(id: string, event: AnyEventObject, { key, signal }: DeliverOptions): Promise<void> {
    const stored = this.#init.openStore().deliver(id, event, { signal, ...(key !== undefined && { key }) })
    try {
      await (signal === undefined ? stored : unlessAborted(stored, signal))
    } catch (error: unknown) {
      if (CodedError.is(error, 'ACTOR_MAILBOX_FULL')) this.#bury(id, event, 'mailbox-full')
      throw error
    }
  }

  bury(id: string, event: AnyEventObject): void {
    this.#bury(id, event, 'unknown-actor')
  }

  #bury(id: string, event: AnyEventObject, reason: DeadLetterReason): void {
    this.#init.system().deadLetters.put({ address: this.addressOf(id) }, event, reason)
  }

  #isStored(id: string): boolean {
    return this.#init.store()?.actor(id) !== undefined
  }
}
