import { canonicalJson } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { type Amount, amountFromNanos, ZERO_AMOUNT } from '../../base/money.ts'
import { type DurationMs, MINUTE_MS, type Timestamp } from '../../base/time.ts'
import { auctionIdOf, type AuctionCall } from '../../core/auction/auction-call.ts'
import { formatAuctionValue } from '../../core/auction/auction-codec.ts'
import type { AuctionTranscript } from '../../core/auction/auction-record.ts'
import type { BidderStanding } from '../../core/auction/determine-winner.ts'
import { parseSalt32 } from '../../core/auction/delimited-hash.ts'
import type { CreditTerms, EscrowTerms } from '../../core/escrow/escrow-terms.ts'
import { type ContractId, type Did, type Hash, parseContractId } from '../../core/evidence/names.ts'
import { formatAccountId } from '../../core/ledger/ledger-names.ts'
import { UNKNOWN_STANDING } from '../../core/market/match-offers.ts'
import { formatPredicate } from '../../core/acceptance/acceptance-predicate.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { termsText } from '../../wire/v1/escrow-events.ts'
import { ESCROW_TERMS, bodyOfTerms, contractIdOf, termsOfBody } from '../../wire/v1/escrow-terms.ts'
import type { MarketPost, MarketTask } from '../../wire/v1/market-frames.ts'
import {
  ANY_RESULT,
  type BuyCode,
  type BuyerPolicy,
  type BuyRequest,
  makeTerms,
  signSpanOf,
  ORDERS,
  type OrderNote,
  requestHashOf,
} from './buy-order.ts'
import { BuyerWork, type BuyerWorkInit } from './buyer-work.ts'
import { pause } from './contract-follower.ts'
import { CONTRACTS, type ContractNote } from './contract-notes.ts'
import { findSellers, type FoundSeller, PRICE_ALONE } from './find-sellers.ts'
import { declined, type MarketAnswer, type MarketQuestion } from './market-door.ts'
import type { Party } from './party.ts'
import { runCall } from './run-call.ts'
import { hasSignedContract } from './joint-signatures.ts'
import { showCases } from './show-case.ts'
import { hashOfBytes, taskHashOf } from './task-package.ts'
import { nonceOf } from './wallet.ts'

export type BuyerComponents = {
  readonly party: Party
  /** What is known of a seller; absent: nothing of anybody. */
  readonly standingOf?: (seller: Did) => Promise<BidderStanding>
  /** Opens the journal of an auction by its name. */
  readonly openAuctionLog: (auction: Hash) => Promise<EventLog>
}

export type BuyerInit = Pick<BuyerWorkInit, 'acceptsAlone'> & { readonly policy: BuyerPolicy }

/** Contracts that are tried one after the other for one purchase, when sellers decline. */
const TRIES_MAX = 8
const ENCODER: { encode(text: string): Uint8Array } = new TextEncoder()
/** Times that a seller which does not answer is asked for its signature, and the pause between them. */
const ASKS_MAX = 4
const ASK_AGAIN_MS = 500
const DECODER: { decode(bytes: Uint8Array): string } = new TextDecoder()

/**
 * Buys work: finds sellers, chooses by their offers or by an auction, signs a contract, has its money held, and looks at what is delivered before it pays. A purchase is
 * named by its key: asked for twice it happens once, and after a crash `start` goes on with it.
 */
export class Buyer {
  readonly party: Party
  private readonly components: BuyerComponents
  private readonly init: BuyerInit
  private readonly works = new Map<ContractId, BuyerWork>()
  private readonly running = new Map<string, Promise<void>>()
  private close: (() => void) | undefined

  constructor(components: BuyerComponents, init: BuyerInit) {
    this.components = components
    this.party = components.party
    this.init = init
  }

  /** Answers from now on, and goes on with purchases that have not ended. */
  start(): void {
    if (this.close !== undefined) return
    this.party.serveOnce('cases', showCases(this.party))
    this.close = this.party.components.door.serve({
      voucher: async (question) => await this.signVoucher(question),
      result: async (question) => await this.takeResult(question),
    })
    for (const [key] of this.party.journal.notesOf(ORDERS)) this.goOn(key)
  }

  stop(): void {
    this.close?.()
    this.close = undefined
  }

  /**
   * Begins a purchase, or finds the one that its key names. Throws `MARKET_KEY_CONFLICT` where the key names another request, `EVIDENCE_FILE_LARGE` and
   * `EVIDENCE_FULL`, and what the journal throws.
   */
  async buy(request: BuyRequest): Promise<OrderNote> {
    const { party } = this
    const key = request.idempotencyKey
    const requestHash = requestHashOf(request)
    const known = this.order(key)
    if (known !== undefined && known.requestHash !== requestHash)
      throw new CodedError('MARKET_KEY_CONFLICT', { message: `${key} names another purchase` })
    if (known === undefined) {
      const input = hashOfBytes(request.input)
      const { skill } = request
      const salt = nonceOf(party.components.random.bytes(16))
      const task: MarketTask = { skill, salt, inputHash: input, inputBytes: request.input.byteLength }
      await party.journal.keepFile(`order/${key}`, request.input)
      const { idempotencyKey: _, input: _input, maxNanos, ...rest } = request
      const note: OrderNote = {
        requestHash,
        request: { ...rest, maxNanos: maxNanos.toString() },
        task,
        input,
        at: party.components.clock.now(),
        declined: [],
      }
      // Two askers at once: the first note counts.
      if (this.order(key) === undefined) await party.keep(ORDERS, key, note)
    }
    this.goOn(key)
    return this.orderOf(key)
  }

  /** A purchase as it stands; `undefined` for an unknown key. */
  order(key: string): OrderNote | undefined {
    return this.party.noteOf<OrderNote>(ORDERS, key)
  }

  /** The work on a contract of this buyer; `undefined` where there is none under way. */
  workOf(contract: ContractId): BuyerWork | undefined {
    return this.works.get(contract)
  }

  /** Resolves when nothing goes on any more with a purchase: its contract has ended, or it came to none. */
  async ended(key: string): Promise<OrderNote> {
    await this.running.get(key)
    return this.orderOf(key)
  }

  private goOn(key: string): void {
    const { failed, contract } = this.orderOf(key)
    const note = contract === undefined ? undefined : this.party.noteOf<ContractNote>(CONTRACTS, contract)
    if (failed !== undefined || note?.ended !== undefined || this.running.has(key)) return
    const done = Promise.withResolvers<void>()
    this.running.set(key, done.promise)
    this.party.begin(async () => {
      try {
        await this.run(key)
      } finally {
        this.running.delete(key)
        done.resolve()
      }
    })
  }

  private orderOf(key: string): OrderNote {
    const order = this.order(key)
    if (order === undefined) throw new CodedError('MARKET_ORDER_UNKNOWN', { message: `There is no purchase ${key}` })
    return order
  }

  private async change(key: string, changes: Partial<OrderNote>): Promise<void> {
    await this.party.keep(ORDERS, key, { ...this.orderOf(key), ...changes })
  }

  private async fail(key: string, code: BuyCode, reason?: string): Promise<void> {
    await this.change(key, { failed: { code, ...(reason !== undefined && { reason }) } })
  }

  /** Every step looks at what is there already, so that the whole can be run again. */
  private async run(key: string): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      if (this.orderOf(key).contract === undefined && !(await this.choose(key))) return
      const { contract, peer } = this.contractOf(key)
      const code = await this.askSignature(key, { contract, peer })
      if (code === undefined) {
        await this.workOn(key)
        return
      }
      await this.dropSeller(key, code)
      // An auction's winner is the only one who bid that price.
      if (this.orderOf(key).auction !== undefined) break
    }
    await this.fail(key, 'BUY_DECLINED', this.orderOf(key).declinedCode)
  }

  /** Finds a seller and writes the terms down. @returns False when there is none; then the purchase has failed. */
  private async choose(key: string): Promise<boolean> {
    const order = this.orderOf(key)
    const { request, task } = order
    const maxNanos = amountFromNanos(BigInt(request.maxNanos))
    const { door } = this.party.components
    const found = await findSellers(this.party, {
      skill: request.skill,
      currency: request.currency,
      maxNanos,
      latencyMsMax: this.init.policy.latencyMsMax,
      inputBytes: task.inputBytes,
      need: taskHashOf(task),
      peers: request.peers ?? door.peers,
      standingOf: this.standingOf,
    })
    const sellers = found.filter(
      ({ offer }) => !order.declined.includes(offer.seller) && offer.seller !== this.party.did,
    )
    if (sellers.length === 0) {
      await this.fail(key, order.declined.length > 0 ? 'BUY_DECLINED' : 'BUY_NO_OFFER', order.declinedCode)
      return false
    }
    const [best] = sellers
    const chosen =
      request.auction === undefined
        ? best && { found: best, priceNanos: best.offer.terms.priceNanos }
        : await this.auction(key, sellers)
    if (chosen === undefined) {
      await this.fail(key, 'BUY_NOT_AWARDED')
      return false
    }
    await this.writeContract(key, chosen)
    return true
  }

  private readonly standingOf = async (seller: Did): Promise<BidderStanding> =>
    (await this.components.standingOf?.(seller)) ?? UNKNOWN_STANDING

  private async auction(
    key: string,
    sellers: readonly FoundSeller[],
  ): Promise<{ readonly found: FoundSeller; readonly priceNanos: Amount } | undefined> {
    const { random, clock } = this.party.components
    if (this.orderOf(key).call === undefined)
      await this.change(key, { call: { salt: nonceOf(random.bytes(32)), opensAt: clock.now() } })
    const call = this.callOf(key)
    const auction = auctionIdOf(call)
    const log = await this.components.openAuctionLog(auction)
    const { awarded, transcript, transcriptHash } = await runCall(this.party, {
      call,
      sellers,
      log,
      standingOf: this.standingOf,
    })
    const found = sellers.find(({ offer }) => offer.seller === awarded?.winner)
    const transcriptFile = transcript && (await this.party.journal.keepFile(auction, transcriptBytes(transcript)))
    await this.change(key, {
      auction,
      ...(transcriptHash !== undefined && { transcript: transcriptHash }),
      ...(transcriptFile !== undefined && { transcriptFile }),
    })
    return awarded === undefined || found === undefined ? undefined : { found, priceNanos: awarded.clearingNanos }
  }

  private callOf(key: string): AuctionCall {
    const { request, task, call } = this.orderOf(key)
    const { policy } = this.init
    const salt = parseSalt32(call?.salt ?? '')
    if (salt === undefined || call === undefined) throw new TypeError('An auction has a salt')
    const reservePriceNanos = amountFromNanos(BigInt(request.maxNanos))
    return {
      auctioneer: this.party.did,
      buyer: this.party.did,
      skill: request.skill,
      task: taskHashOf(task),
      currency: request.currency,
      kind: request.auction ?? 'first',
      reservePriceNanos,
      latencyMsMax: policy.latencyMsMax,
      depositNanos: ZERO_AMOUNT,
      forfeitTo: policy.notarySet.feeOwner,
      // The clock's, written down before.
      opensAt: call.opensAt as Timestamp,
      ...policy.windows,
      bidsMax: 64,
      filter: { capabilities: [], reputationPpmMin: 0, newcomerExposureNanos: reservePriceNanos },
      weights: PRICE_ALONE,
      english: undefined,
      notarySet: undefined,
      salt,
    }
  }

  private async writeContract(
    key: string,
    { found, priceNanos }: { readonly found: FoundSeller; readonly priceNanos: Amount },
  ): Promise<void> {
    const { party, init } = this
    const { request, task, input } = this.orderOf(key)
    const worker = found.offer.seller
    const terms = makeTerms({
      request,
      policy: init.policy,
      net: party.network,
      now: party.components.clock.now(),
      payer: party.did,
      worker,
      task,
      verifier: `${request.skill}/1`.slice(0, 64),
      priceNanos,
      credit: request.custody === 'C1' ? await this.creditOf(worker, request.currency) : undefined,
      salt: nonceOf(party.components.random.bytes(16)),
    })
    const contract = contractIdOf(terms)
    const note: ContractNote = {
      role: 'payer',
      other: worker,
      peer: found.peer,
      task,
      predicate: formatPredicate(request.predicate ?? ANY_RESULT),
      input,
      terms: termsText(terms),
    }
    await party.keep(CONTRACTS, contract, note)
    await this.change(key, { contract, terms: note.terms, peer: found.peer })
  }

  /** What this buyer owes a worker by the ledger, and the most that it owes. */
  private async creditOf(worker: Did, currency: OrderNote['request']['currency']): Promise<CreditTerms> {
    const id = formatAccountId({ owner: worker, kind: 'available', currency })
    const currencies = await this.party.components.notary.accounts(worker)
    const line = currencies.flatMap(({ accounts }) => accounts).find((account) => account.id === id)
    const owedNanos = amountFromNanos(BigInt(line?.balanceNanos ?? '0'))
    return { limitNanos: this.init.policy.creditNanosMax, owedNanos, accountHead: hashOfBytes(new Uint8Array()) }
  }

  private contractOf(key: string): { readonly contract: ContractId; readonly terms: EscrowTerms; readonly peer: Did } {
    const { contract: name, terms: text, peer } = this.orderOf(key)
    const contract = parseContractId(name ?? '')
    if (contract === undefined || text === undefined || peer === undefined) throw new TypeError('A contract was chosen')
    return { contract, peer, terms: readTerms(text) }
  }

  /** @returns Why the seller does not sign; `undefined` when it has. */
  private async askSignature(
    key: string,
    { contract, peer }: { readonly contract: ContractId; readonly peer: Did },
  ): Promise<string | undefined> {
    const { party } = this
    const { cosignature, task, input: inputHash } = this.orderOf(key)
    if (cosignature !== undefined) return undefined
    const { terms } = this.contractOf(key)
    const { transcript } = this.orderOf(key)
    const aud = party.components.notary.set.id
    const about = { aud, subject: contract }
    const body = { terms: bodyOf(terms) }
    const validMs = signSpanOf(terms.timers)
    const offer = await party.wallet.say({ act: `${contract}/offer`, type: 'escrow-offer', body, validMs, ...about })
    const awardBody = transcript === undefined ? {} : { auction: transcript }
    const award = await party.wallet.say({ act: `${contract}/award`, type: 'escrow-award', body: awardBody, ...about })
    const signature = await party.wallet.sign({ kind: 'contract', place: contract, hash: contract })
    const input = party.journal.file(inputHash) ?? new Uint8Array()
    const predicate = party.noteOf<ContractNote>(CONTRACTS, contract)?.predicate ?? ''
    const frame = {
      type: 'contract',
      offer: DECODER.decode(offer.bytes),
      award: DECODER.decode(award.bytes),
      signature,
      task,
      predicate,
    } as const
    const answer = await this.askPatiently(peer, { frame, bytes: input })
    if (answer.type === 'declined') return answer.code
    const { verify } = party.components
    const isRight =
      answer.type === 'cosigned' && hasSignedContract(terms.worker, { contract, signature: answer.signature }, verify)
    if (!isRight) return 'MARKET_ENVELOPE_REFUSED'
    await this.change(key, { cosignature: answer.signature })
    return undefined
  }

  /** A seller that cannot be reached, or fails, may be back in a moment; asking twice is safe. */
  private async askPatiently(peer: Did, question: MarketAnswer): Promise<MarketPost['frame']> {
    const { components, signal } = this.party
    for (let asks = 1; ; asks += 1) {
      try {
        return (await components.door.ask(peer, question, { signal })).frame
      } catch (error: unknown) {
        if (!CodedError.is(error) || signal.aborted) throw error
        if (asks >= ASKS_MAX) return { type: 'declined', code: error.code }
      }
      await pause(components.timers, ASK_AGAIN_MS, signal)
    }
  }

  private async dropSeller(key: string, code: string): Promise<void> {
    const order = this.orderOf(key)
    const { contract, terms } = this.contractOf(key)
    await this.party.journal.keepNote(CONTRACTS, contract, null)
    const { contract: _, terms: _terms, peer: _peer, ...rest } = order
    await this.party.keep(ORDERS, key, { ...rest, declined: [...order.declined, terms.worker], declinedCode: code })
  }

  private async workOn(key: string): Promise<void> {
    const { contract, terms } = this.contractOf(key)
    const { cosignature = '' } = this.orderOf(key)
    const { policy } = this.init
    const acceptsAlone = this.orderOf(key).request.acceptsAlone ?? this.init.acceptsAlone
    const work = new BuyerWork(this.party, {
      contract,
      terms,
      cosignature,
      policy,
      ...(acceptsAlone !== undefined && { acceptsAlone }),
    })
    this.works.set(contract, work)
    try {
      const code = await work.run()
      if (code !== undefined) await this.fail(key, 'BUY_NOT_HELD', code)
    } finally {
      this.works.delete(contract)
    }
  }

  private async signVoucher({ from, frame }: MarketQuestion<'voucher'>): Promise<MarketAnswer> {
    const work = this.works.get(frame.statement.contract)
    return work === undefined ? declined('MARKET_CONTRACT_UNKNOWN') : await work.signVoucher(from, frame)
  }

  private async takeResult({ from, frame, bytes }: MarketQuestion<'result'>): Promise<MarketAnswer> {
    const work = this.works.get(frame.contract)
    return work === undefined ? declined('MARKET_CONTRACT_UNKNOWN') : await work.takeResult(from, bytes)
  }
}

/** What anybody recomputes the auction from. */
function transcriptBytes(transcript: AuctionTranscript): Uint8Array {
  return ENCODER.encode(canonicalJson(formatAuctionValue(transcript)))
}

/** Terms as they were written down. */
export function readTerms(text: string): EscrowTerms {
  return termsOfBody(ESCROW_TERMS.parse(JSON.parse(text)))
}

function bodyOf(terms: EscrowTerms): ReturnType<typeof ESCROW_TERMS.parse> {
  return ESCROW_TERMS.parse(bodyOfTerms(terms))
}
