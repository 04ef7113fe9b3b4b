import { CodedError } from '../../base/errors.ts'
import { type Amount, maxAmount, ZERO_AMOUNT } from '../../base/money.ts'
import { hexOfBytes } from '../../base/hex.ts'
import { durationFromMs } from '../../base/time.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { ModelEntry } from '../../core/models/model-entry.ts'
import type { PeerOffer } from '../../core/peer-tier/peer-offer.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LanguageModel, ModelAnswer, ModelRequest, ModelStreamPart } from '../../ports/language-model.ts'
import type { PeerMarket, PeerPurchase } from '../../ports/peer-market.ts'
import type { Random } from '../../ports/random.ts'
import type { Timers } from '../../ports/timers.ts'
import { replayAsStream } from '../replay-stream.ts'
import { startDeadline } from '../start-deadline.ts'
import type { PeerBook } from './peer-book.ts'
import type { PeerTierInit } from './peer-tier-init.ts'
import { ANSWER_PREDICATE, decodePeerAnswer, encodePeerTask } from './peer-task.ts'
import { detailsOfPurchase, purchaseOf, purchaseOfFailure } from './purchase-details.ts'

export type PeerModelComponents = {
  readonly market: PeerMarket
  readonly book: PeerBook
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
}

/** What a candidate of tier `peer` stands for: one offer, or several whose sellers bid. */
export type QuotedOffers = {
  readonly entry: ModelEntry
  /** The best first. */
  readonly offers: readonly [PeerOffer, ...PeerOffer[]]
  readonly isAuction: boolean
}

/** The most that one of them asks: what an auction among them may cost. */
export function highestPrice(offers: QuotedOffers['offers']): Amount {
  return offers.reduce((most, { priceNanos }) => maxAmount(most, priceNanos), ZERO_AMOUNT)
}

/** The offer is gone, or this node could not pay: nothing that speaks against the seller. */
const NOBODYS_FAULT: ReadonlySet<unknown> = new Set([
  'BUY_NO_OFFER',
  'BUY_EXPOSURE',
  'BUY_BALANCE_SHORT',
  'BUY_CREDIT_SPENT',
  'BUY_TERMS_WRONG',
  'BUY_NOT_AWARDED',
  'BUY_NOT_HELD',
  'UNREACHED',
])

/** Answers of sellers, as a model: one purchase a call, within the latency bound. What became of it is written in the book, whoever waits for it. */
export class PeerModel implements LanguageModel {
  readonly modelId: string
  readonly provider: string
  private readonly components: PeerModelComponents
  private readonly init: PeerTierInit
  private readonly quoted: QuotedOffers
  private readonly onBegun: (offer: PeerOffer) => () => void

  /** @param onBegun Told when work is given to an offer; what it returns is called when that has ended. */
  constructor(
    components: PeerModelComponents,
    {
      init,
      quoted,
      onBegun,
    }: {
      readonly init: PeerTierInit
      readonly quoted: QuotedOffers
      readonly onBegun: (offer: PeerOffer) => () => void
    },
  ) {
    this.components = components
    this.init = init
    this.quoted = quoted
    this.onBegun = onBegun
    this.modelId = quoted.entry.id
    this.provider = quoted.entry.provider
  }

  async doGenerate(request: ModelRequest, { signal }: AbortOptions = {}): Promise<ModelAnswer> {
    signal?.throwIfAborted()
    const { market, clock, timers, book } = this.components
    const [best] = this.quoted.offers
    const deadline = startDeadline(timers, { delayMs: this.init.latencyMsMax, signal })
    const ended = this.onBegun(best)
    const startedMs = clock.monotonicMs()
    try {
      const { result, contract } = await market.buy(this.purchaseOf(request), { signal: deadline.signal })
      book.countLatency(contract.seller, clock.monotonicMs() - startedMs)
      return { ...decodePeerAnswer(result, request), purchase: purchaseOf(contract, this.init.usdNanosPerCredit) }
    } catch (error: unknown) {
      // Whoever asked has left: that is no seller's failure.
      if (signal?.aborted !== true) this.note(error)
      throw this.withRate(error)
    } finally {
      deadline.end()
      ended()
    }
  }

  async *doStream(request: ModelRequest, options?: AbortOptions): AsyncGenerator<ModelStreamPart, void> {
    yield* replayAsStream(await this.doGenerate(request, options))
  }

  private purchaseOf(request: ModelRequest): PeerPurchase {
    const { offers, isAuction } = this.quoted
    const [{ skill, currency }] = offers
    return {
      // Nobody who sees it can tell the task.
      key: `peer-tier/${hexOfBytes(this.components.random.bytes(16))}`,
      skill,
      currency,
      input: encodePeerTask(request),
      sellers: offers.map(({ seller, node }) => ({ seller, node })),
      maxNanos: highestPrice(offers),
      custody: this.init.custody,
      isAuction,
      predicate: ANSWER_PREDICATE,
      deliverMs: durationFromMs(this.init.latencyMsMax),
    }
  }

  private note(error: unknown): void {
    const seller = this.sellerOf(error)
    if (seller === undefined || !CodedError.is(error)) return
    if (error.code === 'PEER_ANSWER_REFUSED' || error.code === 'MODEL_ANSWER_MALFORMED')
      this.components.book.count(seller, 'refuted')
    else if (!NOBODYS_FAULT.has(error.details['reason'])) this.components.book.count(seller, 'undelivered')
  }

  /** Of several that bid, whoever signed; nobody where none did. */
  private sellerOf(error: unknown): Did | undefined {
    const signed = CodedError.is(error) ? error.details['seller'] : undefined
    if (typeof signed === 'string') return signed as Did
    return this.quoted.offers.length === 1 ? this.quoted.offers[0].seller : undefined
  }

  /** A failed purchase that was signed says what was agreed, as a successful one does. */
  private withRate(error: unknown): unknown {
    if (!CodedError.is(error) || purchaseOfFailure(error) !== undefined) return error
    const { contract, seller, currency, custody, priceNanos, feeNanos } = error.details
    if (typeof contract !== 'string' || typeof priceNanos !== 'string' || typeof feeNanos !== 'string') return error
    const rate = this.init.usdNanosPerCredit
    const told = { contract, seller: `${String(seller)}`, currency: String(currency), custody: String(custody) }
    const details = detailsOfPurchase({
      ...told,
      priceNanos: BigInt(priceNanos) as typeof rate,
      feeNanos: BigInt(feeNanos) as typeof rate,
      usdNanosPerCredit: rate,
    })
    return new CodedError(error.code, {
      message: error.message,
      cause: error,
      details: { ...error.details, ...details },
    })
  }
}
