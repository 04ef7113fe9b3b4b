import { assert } from '../../base/assert.ts'
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
import { depositId } from '../../core/auction/deposits.ts'
import type { BidderStanding } from '../../core/auction/determine-winner.ts'
import { transcriptOf } from '../../core/auction/transcript.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import type { HoldOrder, TransferOrder } from '../../core/ledger/transfer-order.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import { bytesOfHash } from '../../core/transparency/hash-text.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Signer } from '../../ports/signer.ts'
import type { ScheduledTimer, Timers } from '../../ports/timers.ts'
import type { Authenticated } from '../../wire/v1/authenticate.ts'
import { corruptedJournal, decodeAuctionEvent, encodeAuctionEvent } from './auction-journal.ts'
import type { OutgoingMessage } from './auction-outbox.ts'
import { AuctionPost } from './auction-post.ts'
import { DepositLine, type LedgerDoor } from './deposit-line.ts'
import { eventOfMessage } from './event-of-message.ts'
import { HouseQueue } from './house-queue.ts'

export type AuctionHouseComponents = {
  readonly clock: Pick<Clock, 'now'>
  /** Has a notary set stamp a hash. Where it is given, the stamps of an English auction are the set's; else, and in sealed ones, those of the clock. */
  readonly stamp?: (hash: Hash) => Promise<Timestamp>
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
  private readonly queue = new HouseQueue()
  private readonly deposits: DepositLine
  private current: AuctionState
  private readonly scheduled = new Map<AuctionTimer, ScheduledTimer>()
  private endings = 0

  private readonly onFailure = (cause: unknown): void => this.queue.fail(cause)

  private constructor(components: AuctionHouseComponents, { call, network }: AuctionHouseInit) {
    this.components = components
    this.current = AUCTION_MACHINE.initial({ call, at: 0 as Timestamp })
    const { auction } = this.current
    this.post = new AuctionPost(call, { signer: components.signer, iss: call.auctioneer, network, auction })
    const { ledger, timers } = components
    const onHold = async (hold: HoldOrder, isHeld: boolean): Promise<void> =>
      await this.queue.background(async () => await this.answerDeposit(hold, isHeld))
    this.deposits = new DepositLine({ ledger, timers, stamp: () => this.stamp(), onHold })
  }

  /** Reads the journal and goes on from there. Throws `STORE_CORRUPTED` for a journal of something else. */
  static async open(components: AuctionHouseComponents, init: AuctionHouseInit): Promise<AuctionHouse> {
    const house = new AuctionHouse(components, init)
    const unsent: TransferOrder[] = []
    for await (const { index, payload } of components.log.read(0)) unsent.push(...house.replay(index, payload))
    for (const message of house.post.messages) components.deliver(message)
    for (const name of AUCTION_TIMERS) {
      const firesAt = timersOf(house.current)[name]
      if (firesAt !== undefined) house.schedule(name, firesAt)
    }
    for (const order of unsent)
      if (order.kind !== 'hold' || house.askedBy(order) !== undefined) await house.deposits.send([order])
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
    return this.queue.failureCause
  }

  /** Opens the auction to everybody. */
  async publish(): Promise<Received> {
    return await this.request(async () => await this.step({ type: 'call-published', ...(await this.own('call')) }))
  }

  /** The auctioneer calls the auction off. */
  async cancel(): Promise<Received> {
    return await this.request(async () => await this.step({ type: 'call-cancelled', ...(await this.own('cancel')) }))
  }

  /** A message of a bidder, or of the buyer. Resolves when the ledger has answered what follows from it, or could not be reached. */
  async receive(message: Authenticated): Promise<Received> {
    return await this.request(async () => {
      const standingOf = this.components.standingOf.bind(this.components)
      const event = await eventOfMessage(message, { standingOf, stamp: async (hash) => await this.stampOf(hash) })
      return event === undefined ? refusal('AUCTION_STATE_WRONG') : await this.step(event)
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

  /** Resolves when the ledger has answered every order so far. */
  async settled(): Promise<void> {
    await this.deposits.settled()
  }

  /** What waits is still done. Idempotent. */
  async stop(): Promise<void> {
    for (const timer of this.scheduled.values()) timer.cancel()
    this.scheduled.clear()
    this.deposits.stop()
    await this.queue.close()
  }

  private async request(work: () => Promise<Stepped>): Promise<Received> {
    const { received, sent } = await this.queue.request(work)
    // Behind the turn: the answer of the ledger takes one of its own.
    await sent
    return received
  }

  private async step(event: AuctionEvent): Promise<Stepped> {
    const { state, effects } = AUCTION_MACHINE.transition(this.current, event)
    const [first] = effects
    if (first?.type === 'event-refused') return refusal(first.code, first.reason)
    if (state !== this.current) {
      const broken = AUCTION_MACHINE.violations(state)
      assert(broken.length === 0, `auction: sound (${broken.join('; ')})`)
      await this.append(event)
      this.current = state
      for (const message of this.post.messagesOf(event, effects)) this.components.deliver(message)
    } else this.answerAgain(effects)
    return { received: { kind: 'taken' }, sent: this.act(effects) }
  }

  /** Throws what the journal throws; then nothing is taken any more, since the journal may have the event or not. */
  private async append(event: AuctionEvent): Promise<void> {
    const payload = encodeAuctionEvent(event)
    try {
      await this.components.log.append([payload])
    } catch (cause: unknown) {
      this.queue.fail(cause)
      throw cause
    }
  }

  /** @returns Orders that followed from it. */
  private replay(index: number, payload: Uint8Array): readonly TransferOrder[] {
    const event = decodeAuctionEvent(payload, index)
    const { state, effects } = AUCTION_MACHINE.transition(this.current, event)
    if (state === this.current) throw corruptedJournal(index)
    this.current = state
    this.post.messagesOf(event, effects)
    return effects.flatMap((effect) => (effect.type === 'post-transfers' ? effect.orders : []))
  }

  private answerAgain(effects: readonly AuctionEffect[]): void {
    for (const effect of effects) {
      const message = effect.type === 'issue-receipt' ? this.post.receiptOf(effect.receipt) : undefined
      if (message !== undefined) this.components.deliver(message)
    }
  }

  /** Resolves when the orders among them were tried. */
  private async act(effects: readonly AuctionEffect[]): Promise<void> {
    const sent: Promise<void>[] = []
    for (const effect of effects) {
      if (effect.type === 'start-timer') this.schedule(effect.name, effect.firesAt)
      else if (effect.type === 'cancel-timer') this.unschedule(effect.name)
      else if (effect.type === 'post-transfers') sent.push(this.deposits.send(effect.orders))
    }
    await Promise.all(sent)
  }

  private async answerDeposit(hold: HoldOrder, isHeld: boolean): Promise<void> {
    const bidder = this.askedBy(hold)
    if (bidder !== undefined) await this.step({ type: 'deposit-answered', bidder, isHeld, at: this.stamp() })
  }

  /** Whose deposit the hold is, while its answer is not known. */
  private askedBy({ id }: HoldOrder): Did | undefined {
    if (!('entries' in this.current)) return undefined
    const { auction, entries } = this.current
    return entries.find((entry) => entry.deposit === 'asked' && depositId('hold', auction, entry) === id)?.bidder
  }

  private schedule(name: AuctionTimer, firesAt: Timestamp, delayMsMin = 0): void {
    this.unschedule(name)
    const delayMs = Math.max(delayMsMin, firesAt - this.components.clock.now())
    const timer = this.components.timers.schedule(delayMs, () => {
      this.scheduled.delete(name)
      // The clock of timers and the one of stamps may differ.
      if (this.components.clock.now() < firesAt) this.schedule(name, firesAt)
      else this.queue.background(async () => await this.fire(name, firesAt)).catch(this.onFailure)
    })
    this.scheduled.set(name, timer)
  }

  private async fire(name: AuctionTimer, firesAt: Timestamp): Promise<void> {
    this.endings += 1
    const at = await this.stampOf(this.hashOf(`end ${firesAt} ${this.endings}`))
    if (at < firesAt) this.schedule(name, firesAt, firesAt - at)
    else await this.step({ type: 'timer-fired', name, at })
  }

  private unschedule(name: AuctionTimer): void {
    this.scheduled.get(name)?.cancel()
    this.scheduled.delete(name)
  }

  /** Never smaller than the one before, whatever the clock says. */
  private stamp(): Timestamp {
    const now = this.components.clock.now()
    return now < this.current.at ? this.current.at : now
  }

  /** The stamp under which a message counts. What is stamped again has the stamp of the first time, and changes nothing then. */
  private async stampOf(hash: Hash): Promise<Timestamp> {
    const { stamp } = this.components
    const { call, at } = this.current
    if (stamp === undefined || call.kind !== 'english') return this.stamp()
    const stamped = await stamp(hash)
    return stamped < at ? this.current.at : stamped
  }

  /** Evidence of what the auctioneer itself does. Its name follows from the auction; what others see is the message that is signed after. */
  private async own(what: 'call' | 'cancel'): Promise<AuctionOwn> {
    const { auction, call } = this.current
    const envelope = this.hashOf(what)
    const at = await this.stampOf(envelope)
    return { envelope, iss: call.auctioneer, seq: 0, prev: undefined, at, auction }
  }

  private hashOf(what: string): Hash {
    return delimitedHash('kernell/auction/own/v1', [bytesOfHash(this.current.auction), utf8Bytes(what)])
  }
}

type AuctionOwn = Omit<Extract<AuctionEvent, { readonly type: 'call-published' }>, 'type'>

/** What became of an event, and when what the ledger is to do was tried. */
type Stepped = { readonly received: Received; readonly sent: Promise<void> }

function refusal(code: AuctionCode, reason?: string): Stepped {
  const received: Received = reason === undefined ? { kind: 'refused', code } : { kind: 'refused', code, reason }
  return { received, sent: Promise.resolve() }
}
