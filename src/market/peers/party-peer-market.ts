import { CodedError } from '../../base/errors.ts'
import { durationFromMs } from '../../base/time.ts'
import type { EscrowState } from '../../core/escrow/escrow-state.ts'
import { parseContractId } from '../../core/evidence/names.ts'
import type { PeerOffer } from '../../core/peer-tier/peer-offer.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { BoughtWork, PeerContract, PeerMarket, PeerPurchase } from '../../ports/peer-market.ts'
import type { OrderNote } from '../parties/buying/buy-order.ts'
import { pause } from '../parties/contracts/contract-follower.ts'
import { CONTRACTS, type ContractNote, readTerms } from '../parties/contracts/contract-notes.ts'
import type { PartyPeerMarketInit, PeerBuyer } from './party-peer-init.ts'
import { KnownOffers } from './known-offers.ts'

/** Between two looks at a purchase; whatever the party hears of it is seen at once. */
const LOOK_MS = 100
/** States in which money is held, or was. */
const HELD: ReadonlySet<EscrowState['kind'] | undefined> = new Set([
  'HELD',
  'WORKING',
  'DELIVERED',
  'CAPTURING',
  'DISPUTED',
  'FROZEN',
  'SETTLED',
])

/** The peers of a party of the market: their standing offers, read in the background, and its buyer. */
export class PartyPeerMarket implements PeerMarket {
  private readonly role: PeerBuyer
  private readonly known: KnownOffers

  constructor(role: PeerBuyer, init: PartyPeerMarketInit) {
    this.role = role
    this.known = new KnownOffers(role, init)
  }

  get offers(): readonly PeerOffer[] {
    return this.known.list
  }

  get bondPerMillion(): number {
    return this.role.buyer.policy.bondPerMillion
  }

  /** Reads offers from now on, until the party stops. */
  start(): void {
    this.known.start()
  }

  /** Reads the offers now. */
  async refresh(): Promise<void> {
    await this.known.refresh()
  }

  async buy(purchase: PeerPurchase, { signal = this.role.party.signal }: AbortOptions = {}): Promise<BoughtWork> {
    signal.throwIfAborted()
    const { party, buyer, parameters } = this.role
    const { key, sellers, isAuction, deliverMs, custody, skill, input, maxNanos, currency, predicate } = purchase
    const usual = parameters.timers
    const timers = {
      ...usual,
      deliverMs: durationFromMs(deliverMs),
      // Whoever has not begun by then cannot be done in time.
      startMs: durationFromMs(Math.min(usual.startMs, Math.floor(deliverMs / 2))),
      refundMs: durationFromMs(0),
    }
    const fitted = parameters.fit({ timers, asked: new Set(['deliverMs']) })
    const seen = watch(this.role)
    try {
      await buyer.buy({
        idempotencyKey: key,
        skill,
        input,
        maxNanos,
        currency,
        custody,
        predicate,
        ...fitted,
        ...(isAuction && { auction: 'second' }),
        peers: [...new Set(sellers.map(({ node }) => node))],
        sellers: sellers.map(({ seller }) => seller),
        // What is paid follows from what both have signed; whether the answer is right is the router's to see.
        acceptsAlone: true,
        fallbackPerMillion: 0,
      })
      for (;;) {
        const bought = await this.look(key)
        if (bought !== undefined) return bought
        if (signal.aborted) throw await this.leave(key)
        const { timers: clockwork } = party.components
        await pause(clockwork, LOOK_MS, AbortSignal.any([signal, seen.next()]))
      }
    } finally {
      seen.end()
    }
  }

  /** What has come of a purchase; `undefined` while it goes on. */
  private async look(key: string): Promise<BoughtWork | undefined> {
    const { party, buyer } = this.role
    const order = buyer.order(key)
    if (order?.failed !== undefined) throw notBought(order.failed)
    const contract = parseContractId(order?.contract ?? '')
    const note = contract && party.noteOf<ContractNote>(CONTRACTS, contract)
    if (contract === undefined || note === undefined) return undefined
    const agreed = agreedOf(contract, note)
    const state = party.states.get(contract)
    if (state?.kind === 'DELIVERED') {
      const verdict = await buyer.workOf(contract)?.judge(state)
      if (verdict?.kind === 'judged' && verdict.result.outcome === 'failed')
        throw failure('PEER_ANSWER_REFUSED', { agreed, reason: 'predicate-failed' })
      const result = verdict?.kind === 'judged' ? await party.journal.file(state.delivery.result) : undefined
      if (result !== undefined) return { result, contract: agreed }
    }
    if (state?.kind === 'DISPUTED') throw failure('PEER_ANSWER_REFUSED', { agreed, reason: state.kind })
    const isPaid = state?.kind === 'CAPTURING' || state?.kind === 'SETTLED' || note.ended === 'FINAL'
    const result = isPaid && note.result !== undefined ? await party.journal.file(note.result) : undefined
    if (result !== undefined) return { result, contract: agreed }
    if (note.ended !== undefined) throw failure('PEER_NOT_DELIVERED', { agreed, reason: note.ended })
    return undefined
  }

  /** Nobody waits any more. */
  private async leave(key: string): Promise<CodedError> {
    const { party, buyer } = this.role
    const isFree = await buyer.giveUp(key)
    const order = buyer.order(key)
    const contract = parseContractId(order?.contract ?? '')
    const note = contract && party.noteOf<ContractNote>(CONTRACTS, contract)
    if (isFree || contract === undefined || note === undefined) return notBought({ code: 'BUY_GIVEN_UP' })
    const isHeld = HELD.has(party.states.get(contract)?.kind)
    return failure('PEER_LATE', { agreed: agreedOf(contract, note), reason: isHeld ? 'LATE' : 'UNREACHED' })
  }
}

type Failure = { readonly agreed: PeerContract; readonly reason: string }

function failure(
  code: 'PEER_NOT_DELIVERED' | 'PEER_ANSWER_REFUSED' | 'PEER_LATE',
  { agreed, reason }: Failure,
): CodedError {
  const { priceNanos, feeNanos, ...names } = agreed
  return new CodedError(code, {
    message: `The contract ${agreed.contract} with ${agreed.seller} gave no answer (${reason})`,
    details: { ...names, priceNanos: `${priceNanos}`, feeNanos: `${feeNanos}`, reason },
  })
}

function notBought({ code, reason, detail }: NonNullable<OrderNote['failed']>): CodedError {
  const behind = [reason, detail].filter((part) => part !== undefined).join(': ')
  return new CodedError('PEER_NOT_BOUGHT', {
    message: `No peer sold the answer (${code}${behind === '' ? '' : `, ${behind}`})`,
    details: { reason: code, ...(reason !== undefined && { behind: reason }) },
  })
}

function agreedOf(contract: string, { terms: text, other }: ContractNote): PeerContract {
  const { currency, maxNanos, fees, custody } = readTerms(text)
  return { contract, seller: other, currency, priceNanos: maxNanos, feeNanos: fees.capNanos, custody }
}

type Watch = { next(): AbortSignal; end(): void }

/** A signal that aborts with the next thing that the party hears. */
function watch({ party }: PeerBuyer): Watch {
  let heard = new AbortController()
  const stop = party.watchInbox(() => heard.abort())
  return {
    next() {
      if (heard.signal.aborted) heard = new AbortController()
      return heard.signal
    },
    end: stop,
  }
}
