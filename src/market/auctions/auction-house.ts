import { assert } from '../../base/assert.ts'
import { CodedError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/time.ts'
import type { AuctionCall } from '../../core/auction/auction-call.ts'
import type { AuctionCode } from '../../core/auction/auction-codes.ts'
import { AUCTION_MACHINE, timersOf } from '../../core/auction/auction-machine.ts'
import type { AuctionTranscript } from '../../core/auction/auction-record.ts'
import {
  AUCTION_TIMERS,
  type AuctionEffect,
  type AuctionEvent,
  type AuctionState,
  type AuctionTimer,
} from '../../core/auction/auction-state.ts'
import { delimitedHash } from '../../core/auction/delimited-hash.ts'
import type { BidderStanding } from '../../core/auction/determine-winner.ts'
import { transcriptOf } from '../../core/auction/transcript.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import type { TransferOrder } from '../../core/ledger/transfer-order.ts'
import { bytesOfHash } from '../../core/transparency/hash-text.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Signer } from '../../ports/signer.ts'
import type { ScheduledTimer, Timers } from '../../ports/timers.ts'
import type { Authenticated } from '../../wire/v1/authenticate.ts'
import { corruptedJournal, decodeAuctionEvent, encodeAuctionEvent } from './auction-journal.ts'
import type { OutgoingMessage } from './auction-outbox.ts'
import { AuctionPost } from './auction-post.ts'
import { eventOfMessage } from './event-of-message.ts'

/** Requests that may wait for their turn; further ones are refused. */
export const WAITING_MAX = 1_024
/** After an order did not reach the ledger, it is sent again so much later. */
export const LEDGER_RETRY_MS = 1_000

/** The way to the ledger. Orders are applied at most once by their ids, so sending them again does no harm. */
export type LedgerDoor = {
  /** Whether each order is applied, now or before. Rejects when the ledger cannot be reached: then nobody knows. */
  submit(orders: readonly TransferOrder[], at: Timestamp): Promise<readonly boolean[]>
}

export type AuctionHouseComponents = {
  /** Stamps; with a notary set, its stamps. */
  readonly clock: Pick<Clock, 'now'>
  readonly timers: Timers
  readonly signer: Pick<Signer, 'sign'>
  /** The journal of this auction alone. Whoever opened it closes it. */
  readonly log: EventLog
  readonly ledger: LedgerDoor
  /** Attested capabilities and score of a bidder. */
  standingOf(bidder: Did): Promise<BidderStanding>
  /** Sends a message on its way; what it follows from is durable. The same message may come again after a restart. */
  deliver(message: OutgoingMessage): void
}

export type AuctionHouseInit = { readonly call: AuctionCall; readonly network: string }

export type Received =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly code: AuctionCode; readonly reason?: string }

/**
 * Runs one auction: takes authenticated messages, keeps the journal, signs receipts and the transcript. It knows no transport.
 *
 * Every event is in the journal before anything that follows from it leaves. After a restart the journal is read, timers run again, all messages are
 * made again with the same bytes and delivered again, and orders whose answer is not in the journal go to the ledger again.
 */
export class AuctionHouse {
  private readonly components: AuctionHouseComponents
  private readonly post: AuctionPost
  private current: AuctionState
  private readonly scheduled = new Map<AuctionTimer, ScheduledTimer>()
  /** Ends of deposits that the ledger has not taken yet. */
  private unsent: TransferOrder[] = []
  private retry: ScheduledTimer | undefined
  private tail: Promise<unknown> = Promise.resolve()
  private waiting = 0
  private isOpen = true
  private failure: { readonly cause: unknown } | undefined

  private constructor(components: AuctionHouseComponents, { call, network }: AuctionHouseInit) {
    this.components = components
    this.current = AUCTION_MACHINE.initial({ call, at: 0 as Timestamp })
    const { auction } = this.current
    this.post = new AuctionPost(call, { signer: components.signer, iss: call.auctioneer, network, auction })
  }

  /** Reads the journal and goes on from there. Throws `STORE_CORRUPTED` for a journal of something else. */
  static async open(components: AuctionHouseComponents, init: AuctionHouseInit): Promise<AuctionHouse> {
    const house = new AuctionHouse(components, init)
    for await (const { index, payload } of components.log.read(0)) house.replay(index, payload)
    for (const message of house.post.messages) components.deliver(message)
    for (const name of AUCTION_TIMERS) {
      const firesAt = timersOf(house.current)[name]
      if (firesAt !== undefined) house.schedule(name, firesAt)
    }
    await house.enqueue(async () => await house.sendAgain())
    return house
  }

  get state(): AuctionState {
    return this.current
  }

  /** Once the auction has closed. */
  get transcript(): AuctionTranscript | undefined {
    return this.current.kind === 'closed' ? transcriptOf(this.current) : undefined
  }

  /** Why nothing is taken any more; `undefined` while all is well. */
  get failureCause(): unknown {
    return this.failure?.cause
  }

  /** Opens the auction to everybody. */
  async publish(): Promise<Received> {
    return await this.request(async () => await this.step({ type: 'call-published', ...this.own('call') }))
  }

  /** The auctioneer calls the auction off. */
  async cancel(): Promise<Received> {
    return await this.request(async () => await this.step({ type: 'call-cancelled', ...this.own('cancel') }))
  }

  /** A message of a bidder, or of the buyer. */
  async receive(message: Authenticated): Promise<Received> {
    return await this.request(async () => {
      const standingOf = this.components.standingOf.bind(this.components)
      const event = await eventOfMessage(message, { standingOf, stamp: () => this.stamp() })
      return event === undefined ? { kind: 'refused', code: 'AUCTION_STATE_WRONG' } : await this.step(event)
    })
  }

  /** A checkpoint of a notary set, its certificate checked; in their order. */
  async certifyBeacon(beacon: {
    readonly set: Hash
    readonly checkpoint: Hash
    readonly checkpointAt: Timestamp
  }): Promise<Received> {
    return await this.request(async () => await this.step({ type: 'beacon-certified', ...beacon, at: this.stamp() }))
  }

  /** What waits is still done. Idempotent. */
  async stop(): Promise<void> {
    this.isOpen = false
    for (const timer of this.scheduled.values()) timer.cancel()
    this.scheduled.clear()
    this.retry?.cancel()
    await this.tail
  }

  private async request<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.waiting >= WAITING_MAX) {
      throw new CodedError('AUCTION_HOUSE_BUSY', { message: `${WAITING_MAX} requests wait` })
    }
    return await this.enqueue(work)
  }

  private enqueue<Value>(work: () => Promise<Value>): Promise<Value> {
    if (!this.isOpen) {
      return Promise.reject(new CodedError('STORE_NOT_OPEN', { message: 'The auction house is closed' }))
    }
    this.waiting += 1
    const done = this.tail.then(async () => {
      if (this.failure !== undefined) throw this.failure.cause
      return await work()
    })
    this.tail = done.then(
      () => (this.waiting -= 1),
      () => (this.waiting -= 1),
    )
    return done
  }

  private async step(event: AuctionEvent): Promise<Received> {
    const { state, effects } = AUCTION_MACHINE.transition(this.current, event)
    const [first] = effects
    if (first?.type === 'event-refused') {
      const { code, reason } = first
      return reason === undefined ? { kind: 'refused', code } : { kind: 'refused', code, reason }
    }
    if (state !== this.current) {
      const broken = AUCTION_MACHINE.violations(state)
      assert(broken.length === 0, `auction: sound (${broken.join('; ')})`)
      await this.append(event)
      this.current = state
      for (const message of this.post.messagesOf(event, effects)) this.components.deliver(message)
    } else this.answerAgain(effects)
    await this.act(effects, event.at)
    return { kind: 'taken' }
  }

  /** Throws what the journal throws; then nothing is taken any more, since the journal may have the event or not. */
  private async append(event: AuctionEvent): Promise<void> {
    const payload = encodeAuctionEvent(event)
    try {
      await this.components.log.append([payload])
    } catch (cause: unknown) {
      this.failure = { cause }
      throw cause
    }
  }

  private replay(index: number, payload: Uint8Array): void {
    const event = decodeAuctionEvent(payload, index)
    const { state, effects } = AUCTION_MACHINE.transition(this.current, event)
    if (state === this.current) throw corruptedJournal(index)
    this.current = state
    this.post.messagesOf(event, effects)
    for (const effect of effects) if (effect.type === 'post-transfers') this.unsent.push(...effect.orders)
  }

  private answerAgain(effects: readonly AuctionEffect[]): void {
    for (const effect of effects) {
      const message = effect.type === 'issue-receipt' ? this.post.receiptOf(effect.receipt) : undefined
      if (message !== undefined) this.components.deliver(message)
    }
  }

  private async act(effects: readonly AuctionEffect[], at: Timestamp): Promise<void> {
    for (const effect of effects) {
      if (effect.type === 'start-timer') this.schedule(effect.name, effect.firesAt)
      else if (effect.type === 'cancel-timer') this.unschedule(effect.name)
      else if (effect.type === 'post-transfers') await this.pay(effect.orders, at)
    }
  }

  /** Orders that do not reach the ledger are kept and sent again. */
  private async pay(orders: readonly TransferOrder[], at: Timestamp): Promise<void> {
    let answers: readonly boolean[]
    try {
      answers = await this.components.ledger.submit(orders, at)
    } catch {
      this.unsent.push(...orders)
      this.retryLater()
      return
    }
    for (const [place, order] of orders.entries()) {
      if (order.kind === 'hold') await this.answerDeposit(order, answers[place] === true)
    }
  }

  private async answerDeposit(hold: TransferOrder, isHeld: boolean): Promise<void> {
    if (hold.kind !== 'hold' || !('entries' in this.current)) return
    const [bidder] = hold.debit.split('/')
    const entry = this.current.entries.find((one) => one.bidder === bidder && one.deposit === 'asked')
    if (entry === undefined) return
    await this.step({ type: 'deposit-answered', bidder: entry.bidder, isHeld, at: this.stamp() })
  }

  private async sendAgain(): Promise<void> {
    const orders = this.unsent
    this.unsent = []
    for (const order of orders) await this.pay([order], this.stamp())
  }

  private retryLater(): void {
    if (this.retry !== undefined || !this.isOpen) return
    this.retry = this.components.timers.schedule(LEDGER_RETRY_MS, () => {
      this.retry = undefined
      this.inBackground(async () => await this.sendAgain())
    })
  }

  private schedule(name: AuctionTimer, firesAt: Timestamp): void {
    this.unschedule(name)
    const delayMs = Math.max(0, firesAt - this.components.clock.now())
    const timer = this.components.timers.schedule(delayMs, () => {
      this.scheduled.delete(name)
      // The clock of timers and the one of stamps may differ.
      if (this.components.clock.now() < firesAt) this.schedule(name, firesAt)
      else this.inBackground(async () => await this.step({ type: 'timer-fired', name, at: this.stamp() }))
    })
    this.scheduled.set(name, timer)
  }

  private unschedule(name: AuctionTimer): void {
    this.scheduled.get(name)?.cancel()
    this.scheduled.delete(name)
  }

  /** Work that nobody waits for; a failure of the journal shows in `failureCause`, and in the next request. */
  private inBackground(work: () => Promise<unknown>): void {
    if (!this.isOpen) return
    this.enqueue(work).catch((cause: unknown) => {
      this.failure ??= { cause }
    })
  }

  /** Never smaller than the one before, whatever the clock says. */
  private stamp(): Timestamp {
    const now = this.components.clock.now()
    return now < this.current.at ? this.current.at : now
  }

  /** Evidence of what the auctioneer itself does. Its name follows from the auction; what others see is the message that is signed after. */
  private own(what: 'call' | 'cancel'): AuctionOwn {
    const { auction, call } = this.current
    const envelope = delimitedHash(`kernell/auction/own-${what}/v1`, [bytesOfHash(auction)])
    return { envelope, iss: call.auctioneer, seq: 0, prev: undefined, at: this.stamp(), auction }
  }
}

type AuctionOwn = Omit<Extract<AuctionEvent, { readonly type: 'call-published' }>, 'type'>
