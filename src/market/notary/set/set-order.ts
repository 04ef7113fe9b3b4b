import { CodedError } from '../../../base/errors.ts'
import type { ContractId, Hash } from '../../../core/evidence/names.ts'
import type { Certificate } from '../../../core/notary/certificate.ts'
import { BATCH_MAX } from '../../../core/notary/notary-state.ts'
import { utf8Bytes } from '../../../core/text/encode-utf8.ts'
import type { ScheduledTimer } from '../../../ports/timers.ts'
import { NOTARY_BODY_CHARACTERS_MAX } from '../../../wire/v1/notary-messages.ts'
import { formatReceipt, type NotaryStatement } from '../../../wire/v1/notary-receipt.ts'
import type { Admitted, Dismissed, Waiter } from '../admission.ts'
import { BodyAdmission, entryOf } from './body-admission.ts'
import { framesOfBodies } from './body-store.ts'
import { DecisionStore } from './decision-store.ts'
import { dueOf, messageOf, missingGovernance, missingIssuers, missingParameters } from '../books/due-entries.ts'
import { MemberFrames } from './member-frames.ts'
import type { NotaryMessage } from './notary-application.ts'
import type { ArchivedEntry } from '../books/archive-contents.ts'
import type { NotaryOrder } from '../notary-order.ts'
import type { NotaryReplica } from './notary-replica.ts'
import { type Applied, SetApplication } from './set-application.ts'
import type { SetOrderComponents, SetTiming } from './set-order-components.ts'
import { answerStatement, refusal } from './set-answers.ts'
import { createSetReplica } from './set-replica.ts'

type Waiting = { readonly message: NotaryMessage; readonly waiters: Waiter[]; offeredAt: number | undefined }

/**
 * The order of a member of a set of several. What is admitted here goes to all members, whose replicas put it into the one log; what the log comes to is answered
 * with the certificate of the set. A message waits until it is decided, however many views that takes; whoever gives up waiting sends it again.
 *
 * ```text
 * envelopes, timers -> bodies to all -> replica (order) -> books, journal, decision (sync) -> receipts
 * ```
 */
export class SetOrder implements NotaryOrder {
  readonly pauseMs: number
  private readonly components: SetOrderComponents
  private readonly timing: SetTiming
  private readonly decisions: DecisionStore
  private readonly replica: NotaryReplica
  private readonly frames: MemberFrames
  private readonly waiting = new Map<Hash, Waiting>()
  /** What this member ordered by itself, and when. */
  private readonly ordered = new Map<Hash, number>()
  private readonly application: SetApplication
  private tail: Promise<void> = Promise.resolve()
  private next: ScheduledTimer | undefined
  private asked = 0
  private isAwake = false
  private hasCaughtUp = false
  private isStopped = false

  private constructor(components: SetOrderComponents, decisions: DecisionStore) {
    const { set, me, members, timing, journal, archive, nonces, hash } = components
    this.components = components
    this.timing = timing
    this.pauseMs = timing.resendMs
    this.decisions = decisions
    const onFailure = (cause: unknown): void => this.fail(cause)
    const onApplied = (applied: Applied): void => this.take(applied)
    const admission = new BodyAdmission(components.admission)
    const { verify } = members
    const { clockSkewMs } = components.admission
    const shared = { set, verify, journal, archive, decisions, nonces, hash, clockSkewMs }
    const init = { ...shared, admission, onApplied, onFailure }
    this.application = new SetApplication(init)
    this.replica = createSetReplica(components, {
      application: this.application,
      send: (to, frame) => this.frames.send(to, frame),
      onFailure,
    })
    this.frames = new MemberFrames({
      transport: members.transport,
      set,
      me,
      timeoutMs: timing.timeoutMs,
      onFrame: (from, frame) => void this.replica.receive(from, frame),
    })
  }

  /** Takes part as soon as enough other members have answered (`NotaryReplica.start`). Throws what it throws, and `STORE_CORRUPTED`. */
  static async start(components: SetOrderComponents): Promise<SetOrder> {
    const { set, hash, members, timing, highWater, restored } = components
    const decisions = await DecisionStore.open({ log: members.decisions, set, digest: hash })
    const order = new SetOrder(components, decisions)
    try {
      const { leaseMs } = timing
      const isRestored = restored !== undefined
      await order.replica.start({ instance: members.instance, leaseMs, highWater: highWater.value, isRestored })
    } catch (error: unknown) {
      order.frames.close()
      throw error
    }
    order.tick()
    return order
  }

  push(items: readonly (Admitted | Dismissed)[]): void {
    for (const item of items) {
      if (this.isStopped) item.waiter.reject(this.closed())
      else if (item.kind === 'dismissed') this.say(refusal(item.message, item.code), [item.waiter])
      else this.wait(item)
    }
    this.wake()
  }

  wake(): void {
    if (this.isAwake || this.isStopped) return
    this.isAwake = true
    // What comes in the same turn goes together.
    queueMicrotask(() => {
      this.isAwake = false
      if (!this.isStopped) this.offer()
    })
  }

  /** What is decided is in the replica's journal and signed by a quorum: no crash takes it back. */
  async quiet<Value>(read: () => Value): Promise<Value> {
    return await Promise.resolve(read())
  }

  async certificateOf({ slot, transition }: ArchivedEntry): Promise<Certificate | undefined> {
    const certificates = await this.decisions.certificatesOf(slot)
    return certificates?.find(({ message }) => message === transition.message)
  }

  async receiptOf(entry: ArchivedEntry): Promise<Uint8Array | undefined> {
    const certificate = await this.certificateOf(entry)
    const { transition } = entry
    return (
      certificate && utf8Bytes(formatReceipt(this.components.set.id, { kind: 'transition', transition, certificate }))
    )
  }

  async stop(cause: unknown): Promise<void> {
    this.isStopped = true
    this.next?.cancel()
    this.frames.close()
    await this.replica.stop()
    await this.tail
    this.drop(cause)
  }

  private wait(item: Admitted): void {
    const { waiter, sent } = item
    const entry = entryOf(item)
    const known = this.components.archive.find(entry.message)
    if (known !== undefined) {
      this.answerLater(async () => await this.answer(known, [waiter], false))
      return
    }
    const statement = this.application.statementOf(entry.message)
    if (statement !== undefined) {
      this.say(statement, [waiter])
      return
    }
    if (sent.text.length > NOTARY_BODY_CHARACTERS_MAX) {
      this.say(refusal(entry.message, 'ENVELOPE_TOO_LARGE'), [waiter])
      return
    }
    const waiting = this.waiting.get(entry.message)
    if (waiting === undefined) {
      this.waiting.set(entry.message, {
        message: { ...entry, body: sent.text },
        waiters: [waiter],
        offeredAt: undefined,
      })
    } else waiting.waiters.push(waiter)
  }

  /** Rules come first: a contract that pins them would be refused before. */
  private offer(): void {
    const { journal, clock, admission } = this.components
    const now = clock.monotonicMs()
    const missing = missingParameters(journal.state, admission.rules.parameters)
    if (missing.length > 0) {
      this.order(missing.map(messageOf), now)
      return
    }
    this.order(missingIssuers(journal.state, admission.rules.issuers).map(messageOf), now)
    this.order(missingGovernance(journal.state, admission.rules).map(messageOf), now)
    this.order(dueOf(journal.state, clock.now()), now)
    const due = [...this.waiting.values()].filter(({ offeredAt }) => this.isLate(offeredAt, now))
    for (let from = 0; from < due.length; from += BATCH_MAX) {
      const batch = due.slice(from, from + BATCH_MAX)
      if (!this.submit(batch.map(({ message }) => message))) return
      for (const waiting of batch) waiting.offeredAt = now
    }
  }

  private order(messages: readonly NotaryMessage[], now: number): void {
    for (const [message, at] of this.ordered) if (this.isLate(at, now)) this.ordered.delete(message)
    const fresh = messages.filter(({ message }) => !this.ordered.has(message))
    if (fresh.length === 0 || !this.submit(fresh)) return
    for (const { message } of fresh) this.ordered.set(message, now)
  }

  /** Bodies are with all members before a proposal names them, where nothing is lost. */
  private submit(messages: readonly NotaryMessage[]): boolean {
    const { set, me } = this.components
    if (!this.replica.submit(messages)) return false
    for (const frame of framesOfBodies(set.id, messages))
      for (const to of set.members.keys()) if (to !== me) this.frames.send(to, frame)
    return true
  }

  /** What is decided within this time is not offered again. */
  private isLate(offeredAt: number | undefined, now: number): boolean {
    return offeredAt === undefined || now - offeredAt >= this.timing.timeoutMs
  }

  private tick(): void {
    if (this.isStopped) return
    this.offer()
    this.catchUp()
    this.next = this.components.timers.schedule(this.pauseMs, () => this.tick())
  }

  /** Asks one member after the other for what is decided behind this one's head: where nothing happens, nobody else says that it lags. */
  private catchUp(): void {
    const { set, me } = this.components
    const { standing, state } = this.replica
    if (standing !== 'taking-part') return
    this.endRestore()
    this.asked = (this.asked + 1) % set.members.length
    if (this.asked === me) this.asked = (this.asked + 1) % set.members.length
    this.frames.send(this.asked, { type: 'notary-ask', set: set.id, slot: state.head.slot + 1 })
  }

  /** What is in the journals from here on is all that this member has signed. */
  private endRestore(): void {
    const { restored, onCaughtUp } = this.components
    if (restored === undefined || this.hasCaughtUp) return
    this.hasCaughtUp = true
    if (onCaughtUp !== undefined) this.answerLater(onCaughtUp)
  }

  private take({ decision, statements, written }: Applied): void {
    const { archive } = this.components
    const { slot, entries } = decision.block
    const contracts = new Set<ContractId>(entries.map(({ contract }) => contract))
    const answers = entries.flatMap(({ message }): (() => Promise<void>)[] => {
      this.ordered.delete(message)
      const waiting = this.waiting.get(message)
      this.waiting.delete(message)
      const entry = archive.find(message)
      if (waiting === undefined) return []
      const { waiters } = waiting
      if (entry !== undefined) return [async () => await this.answer(entry, waiters, entry.slot === slot)]
      const statement = statements.get(message) ?? { message, effect: 'exists' }
      return [async () => await answerStatement(this.components, statement, waiters)]
    })
    this.answerLater(async () => {
      if (!(await written)) return
      for (const answer of answers) await answer()
      this.components.onBlock(contracts)
    })
  }

  /** `isNew`: the first of the waiters hears that it is applied now, others that it is there. */
  private async answer(entry: ArchivedEntry, waiters: readonly Waiter[], isNew: boolean): Promise<void> {
    await this.application.durable()
    const receipt = await this.receiptOf(entry)
    const { effect, code } = entry.transition
    for (const [index, waiter] of waiters.entries()) {
      if (receipt === undefined) waiter.reject(this.closed())
      else
        waiter.resolve({ effect: effect === 'applied' && !(isNew && index === 0) ? 'exists' : effect, code, receipt })
    }
  }

  private say(statement: NotaryStatement, waiters: readonly Waiter[]): void {
    this.answerLater(async () => await answerStatement(this.components, statement, waiters))
  }

  private answerLater(run: () => Promise<void>): void {
    this.tail = this.tail.then(run).catch((cause: unknown) => this.fail(cause))
  }

  private fail(cause: unknown): void {
    if (this.isStopped) return
    this.isStopped = true
    this.next?.cancel()
    this.frames.close()
    this.components.onFailure(cause)
    this.drop(new CodedError('NOTARY_CLOSED', { message: 'This notary signs nothing any more', cause }))
    this.replica.stop().catch(() => {})
  }

  private drop(cause: unknown): void {
    for (const { waiters } of this.waiting.values()) for (const waiter of waiters) waiter.reject(cause)
    this.waiting.clear()
  }

  private closed(): CodedError {
    return new CodedError('NOTARY_CLOSED', { message: 'This notary does not run' })
  }
}
