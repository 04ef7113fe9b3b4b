import { formatAuctionValue } from '../../../core/auction/auction-codec.ts'
import { canonicalJson, type JsonValue } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import { type Amount, amountFromNanos } from '../../../base/money.ts'
import { durationFromMs, timestampFromMs } from '../../../base/time.ts'
import { Turns } from '../../../market/parties/turns.ts'
import { type Did, parseContractId } from '../../../core/evidence/names.ts'
import { type Currency, parseCurrency } from '../../../core/ledger/ledger-names.ts'
import { type BuyRequest, ORDERS, type OrderNote } from '../../../market/parties/buying/buy-order.ts'
import { largestInput } from '../../../market/parties/buying/largest-input.ts'
import { endUpload } from '../../../market/parties/buying/uploads.ts'
import { discloseOf } from '../../../market/parties/buying/disclosure.ts'
import { readAuctionFile } from '../../../market/auctions/auction-file.ts'
import { CONTRACTS, type ContractNote } from '../../../market/parties/contracts/contract-notes.ts'
import { type AuctionNote, HEARD_AUCTIONS } from '../../../market/parties/auctions/heard-auctions.ts'
import { OFFER_VALIDITY_MS_MAX } from '../../../core/market/offer-directory.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { ContractView, NotaryClient } from '../../../ports/notary-client.ts'
import {
  type ControlRequest,
  invalidRequest,
  optionalNumber,
  optionalText,
  requiredText,
} from '../../control/control-request.ts'
import { progressDocument } from './artifact-desk.ts'
import { buyRequestOf, bytesOf, capabilitiesOf, skillOf } from './buy-request.ts'
import { type CreditDesk, findMeant, nanosOf } from './credit-desk.ts'
import { plain } from './plain-json.ts'
import type { MarketInit } from '../market-init.ts'
import { explainRefusal, marketRefusal } from './market-refusals.ts'
import { conditionsOf, creditLinesOf, custodyList } from './offer-request.ts'
import { usualPrice } from './price-desk.ts'
import { type PartyRole, workerNamed } from '../../../market/parties/role/start-party.ts'
import { CREDIT_LINES, keepCreditTotal, SKILLS, skillsOf } from '../../../market/parties/role/party-notes.ts'

export type TradeDeskInit = Pick<MarketInit, 'findWorker'> & {
  readonly role: PartyRole
  readonly notary: NotaryClient
  readonly credits: CreditDesk
  readonly clock: Pick<Clock, 'now'>
  /** Whether auctions are announced to everybody where the purchase does not say. */
  readonly isCallingOpenly: boolean
  /** Nodes that are asked: those that are named or connected, and for a skill those that say that they sell it. */
  readonly peers: (skill?: string) => readonly Did[]
}

const LATENCY_MS_DEFAULT = 1_000
/** Of an offer that names no other limit. */
const INPUT_BYTES_DEFAULT = 900_000

/** Offers and purchases of this node. */
export class TradeDesk {
  private readonly init: TradeDeskInit
  /** Purchases of one key. */
  private readonly turns = new Turns()

  constructor(init: TradeDeskInit) {
    this.init = init
  }

  /** Throws `REQUEST_INVALID`, `MARKET_ROLE_MISSING` for an agent that there is none of. */
  async offer(request: ControlRequest): Promise<JsonValue> {
    const { role, clock, findWorker } = this.init
    const skill = skillOf(request)
    const agent = optionalText(request, 'agent') ?? skill.split('.').at(-1) ?? skill
    if ((await workerNamed(agent, findWorker)) === undefined)
      throw new CodedError('MARKET_ROLE_MISSING', {
        message: `There is no agent ${agent} to do the work`,
        details: { agent, remedy: 'Name one of `kernell agent list`, or word-count or echo, with --agent.' },
      })
    const currency = await this.currencyOf(request)
    const custody = custodyList(request)
    const lines = creditLinesOf(request)
    const isLent = lines.length > 0 || role.party.journal.notesOf(CREDIT_LINES).length > 0
    if (custody.includes('C1') && !isLent)
      throw invalidRequest(
        'creditLine',
        'C1 lends to the payer: say how much with --credit-line P, or DID=P for one payer',
      )
    const now = clock.now()
    const validMs = Math.min(OFFER_VALIDITY_MS_MAX, optionalNumber(request, 'validMs') ?? OFFER_VALIDITY_MS_MAX)
    const terms = {
      skill,
      currency,
      priceNanos: nanosOf(request, 'nanos'),
      latencyMs: durationFromMs(optionalNumber(request, 'latencyMs') ?? LATENCY_MS_DEFAULT),
      inputBytesMax: this.inputLimit(request),
      capabilities: capabilitiesOf(request),
      validFrom: now,
      validUntil: timestampFromMs(now + validMs),
      capacity: optionalNumber(request, 'limit') ?? 1,
    }
    const same = role.seller.offers().find(({ terms: known }) => sameOffer(plain(known), plain(terms)))
    const isReplicating = request['isReplicating'] === true
    await role.party.keep(SKILLS, skill, {
      agent,
      custody,
      ...conditionsOf(request),
      ...(isReplicating && { isReplicating }),
    })
    if (optionalText(request, 'creditTotalNanos') !== undefined)
      await keepCreditTotal(role.party, nanosOf(request, 'creditTotalNanos'))
    for (const { payer, nanos } of lines) await role.party.keep(CREDIT_LINES, payer, { nanos: nanos.toString() })
    if (same !== undefined) return { offer: same.id, expiresAt: same.terms.validUntil, effect: 'exists' }
    for (const { id, terms: known } of role.seller.offers())
      if (known.skill === skill && known.currency === currency) await role.seller.withdraw(id)
    const act = `${skill}/${currency}/${terms.validFrom}`
    return { offer: await role.seller.offer(terms, act), expiresAt: terms.validUntil, effect: 'applied' }
  }

  private inputLimit(request: ControlRequest): number {
    const most = this.init.role.party.journal.limits.artifactBytesMax
    const limit = optionalNumber(request, 'inputBytesMax') ?? INPUT_BYTES_DEFAULT
    if (Number.isSafeInteger(limit) && limit >= 1 && limit <= most) return limit
    throw invalidRequest('inputBytesMax', `An input has 1 to ${most} bytes here (market.artifactBytesMax)`)
  }

  /** Throws `REQUEST_INVALID`, `MARKET_OBJECT_UNKNOWN` where nothing stands. */
  async withdraw(request: ControlRequest): Promise<JsonValue> {
    const { role } = this.init
    const name = optionalText(request, 'offer')
    const skill = name === undefined ? skillOf(request) : undefined
    const [found, ...rest] = role.seller.offers().filter(({ id, terms }) => id === name || terms.skill === skill)
    if (found === undefined)
      throw unknown(`No offer of ${name ?? skill ?? ''} stands`, '`kernell market list` shows the offers of this node.')
    for (const { id } of [found, ...rest]) await role.seller.withdraw(id)
    return { offer: found.id, expiresAt: this.init.clock.now(), effect: 'applied' }
  }

  /** Nodes that are asked, and told, besides the notary set. */
  peers(): readonly Did[] {
    return this.init.peers()
  }

  /** This node's own offers. */
  list(): JsonValue {
    const agents = new Map(skillsOf(this.init.role.party))
    const offers = this.init.role.seller.offers().map(({ id, terms }) => ({
      offer: id,
      ...terms,
      priceNanos: String(terms.priceNanos),
      agent: agents.get(terms.skill)?.agent ?? null,
      custody: agents.get(terms.skill)?.custody ?? [],
      arbiters: agents.get(terms.skill)?.arbiters ?? [],
      fallbackPerMillionMin: agents.get(terms.skill)?.fallbackPerMillionMin ?? 0,
    }))
    return { offers: plain(offers) }
  }

  /** The text of a standing offer as it was signed, for whoever is to see it elsewhere. Throws `MARKET_OBJECT_UNKNOWN`. */
  offerText(request: ControlRequest): JsonValue {
    const id = requiredText(request, 'offer')
    const found = this.init.role.seller.offers().find((offer) => offer.id === id)
    if (found === undefined)
      throw unknown(`No offer ${id} stands`, '`kernell market list` shows the offers of this node.')
    return { text: new TextDecoder().decode(found.kept.bytes) }
  }

  /** Begins a purchase, or finds it again by its key. Throws `REQUEST_INVALID`, `MARKET_KEY_REUSED`, and as `Buyer.buy`. */
  async buy(request: ControlRequest): Promise<JsonValue> {
    const { buyer } = this.init.role
    const key = requiredText(request, 'key')
    return await this.turns.take(key, async () => {
      const wanted = await this.requestOf(request)
      const isRepeated = buyer.order(key) !== undefined
      if (!isRepeated && request['inputList'] !== undefined)
        await endUpload(this.init.role.party, key, bytesOf(request, 'inputList'))
      const order = await buyer.buy(wanted).catch((error: unknown) => {
        if (!CodedError.is(error) || error.code !== 'MARKET_KEY_CONFLICT') throw error
        throw new CodedError('MARKET_KEY_REUSED', { message: error.message, cause: error })
      })
      return { key, effect: isRepeated ? 'exists' : 'applied', ...stageOf(order) }
    })
  }

  /**
   * Whether somebody takes an input of a size, before it is handed in: it asks the nodes that a purchase asks. Throws `MARKET_REFUSED` with `BUY_NO_OFFER` where every offer that
   * stands takes less, and as `buy`.
   */
  async checkSize(request: ControlRequest): Promise<JsonValue> {
    const { role, peers } = this.init
    const wanted = await this.requestOf(request)
    const { skill, currency, input } = wanted
    const sizeBytes = input instanceof Uint8Array ? input.byteLength : input.sizeBytes
    // What was bought already is asked for again, and of an open call nobody knows who will hear it.
    if (role.buyer.order(wanted.idempotencyKey) !== undefined || wanted.isOpenCall === true) return { largest: null }
    const largest = await largestInput(role.party, { skill, currency, peers: wanted.peers ?? peers(skill) })
    if (largest === undefined || sizeBytes <= largest) return { largest: largest ?? null }
    const { message, details } = marketRefusal('BUY_NO_OFFER')
    const more = `The input has ${sizeBytes} bytes, and ${largest} are the most that a seller of ${skill} takes.`
    const remedy = 'Send less, or ask nodes that take more: `kernell market show OFFER` says how much.'
    throw new CodedError('MARKET_REFUSED', { message: `${message} ${more}`, details: { ...details, remedy } })
  }

  /** Which data of a purchase would reach whom; nothing is asked of anybody else. Throws as `buy`. */
  async disclosure(request: ControlRequest): Promise<JsonValue> {
    const { role, notary } = this.init
    const wanted = await this.requestOf(request)
    const { policy } = role.buyer
    const lines = discloseOf({
      request: wanted,
      nodes: wanted.peers ?? this.init.peers(wanted.skill),
      notaries: notary.set.members.map(({ key }) => key),
      isInputFirst: wanted.custody === 'C3' && policy.penaltyPerMillion > 0,
    })
    return { discloses: plain(lines) }
  }

  /** A purchase as it stands; after `afterSeq` it waits for a step of its contract. Throws `MARKET_OBJECT_UNKNOWN`. */
  async purchase(request: ControlRequest): Promise<JsonValue> {
    const key = requiredText(request, 'key')
    const order = this.orderOf(key)
    const contract = parseContractId(order.contract ?? '')
    const view = contract === undefined ? undefined : await this.viewOf(contract, request)
    const note = contract && this.init.role.party.noteOf<ContractNote>(CONTRACTS, contract)
    const progress = progressDocument(contract && this.init.role.party.progress.of(contract))
    return {
      key,
      ...stageOf(order),
      ended: note?.ended ?? null,
      progress,
      view: view === undefined ? null : plain(view),
    }
  }

  /** The transcript of an auction of this node and what bidders have signed, by the name of the auction or the hash of the transcript. Throws `MARKET_OBJECT_UNKNOWN`. */
  async transcript(request: ControlRequest): Promise<JsonValue> {
    const { party } = this.init.role
    const id = requiredText(request, 'auction')
    // Written by the buyer.
    const orders = party.journal.notesOf(ORDERS).map(([, note]) => note as unknown as OrderNote)
    const heard = party.journal.notesOf(HEARD_AUCTIONS).map(([auction, note]) => ({ auction, ...heardNote(note) }))
    const found = [...orders, ...heard].find(({ auction, transcript }) => auction === id || transcript === id)
    const file = found?.transcriptFile
    const bytes = file === undefined ? undefined : await party.journal.file(file)
    const read = bytes && readAuctionFile(bytes)
    if (read === undefined)
      throw unknown(
        `No auction ${id} has ended here`,
        'Ask the node that bought, with the `auction` that it printed, or one that has bid.',
      )
    // A bidder's own proof: what the auctioneer has signed to it.
    const other = heard.find(({ auction }) => auction === found?.auction)
    const transcript = formatAuctionValue(read.transcript)
    return { transcript, bids: [...read.bids], signed: other === undefined ? [] : signedBy(party, other) }
  }

  private async viewOf(
    contract: NonNullable<ReturnType<typeof parseContractId>>,
    request: ControlRequest,
  ): Promise<ContractView | undefined> {
    const { notary } = this.init
    const afterSeq = optionalNumber(request, 'afterSeq')
    const waitMs = optionalNumber(request, 'waitMs')
    if (afterSeq !== undefined && waitMs !== undefined) await notary.contract(contract, { afterSeq, waitMs })
    return await notary.contract(contract)
  }

  private orderOf(key: string): OrderNote {
    const order = this.init.role.buyer.order(key)
    if (order !== undefined) return order
    throw unknown(`There is no purchase ${key}`, 'Give the --idempotency-key with which it was bought.')
  }

  private async requestOf(request: ControlRequest): Promise<BuyRequest> {
    const { peers, role } = this.init
    await role.parameters.refresh()
    // The same key is the same purchase, also when prices, or what a code means, have changed since.
    const known = role.buyer.order(requiredText(request, 'key'))?.request
    const currency = meantBefore(request, known) ?? (await this.currencyOf(request))
    const usual = (): Amount =>
      known === undefined ? usualPrice(role, skillOf(request), currency) : amountFromNanos(BigInt(known.maxNanos))
    const maxNanos = optionalText(request, 'nanos') === undefined ? usual() : nanosOf(request, 'nanos')
    const told = { parameters: role.parameters, currency, maxNanos, peers: peers(skillOf(request)) }
    return { ...buyRequestOf(request, told), ...(this.isOpenCall(request, known) && { isOpenCall: true }) }
  }

  /** Whether everybody hears of a purchase: once begun, it stays as it was. Throws `REQUEST_INVALID` where there is no way to everybody. */
  private isOpenCall(request: ControlRequest, known: OrderNote['request'] | undefined): boolean {
    const { isCallingOpenly, role } = this.init
    const hasAuction = optionalText(request, 'auction') !== undefined
    const isAsked = request['isOpenCall'] === true
    if (isAsked && !hasAuction) throw invalidRequest('isOpenCall', 'Everybody is called to an auction: name --auction')
    if (isAsked && !role.buyer.openCalls.canAnnounce)
      throw invalidRequest(
        'isOpenCall',
        'This node calls nobody: sellers elsewhere have to reach it (--listen with an address between machines), and `market.gossip` has to be on',
      )
    if (known !== undefined && !isAsked) return known.isOpenCall === true
    return isAsked || (isCallingOpenly && hasAuction && role.buyer.openCalls.canAnnounce)
  }

  /** Of a request, or the only one there is. Throws `REQUEST_INVALID`. */
  async currencyOf(request: ControlRequest): Promise<Currency> {
    const text = optionalText(request, 'currency')
    if (text !== undefined) return parseCurrency(text) ?? (await this.init.credits.currencyOf(text))
    const known = await findMeant(this.init.notary)
    const [only] = known
    if (only !== undefined && known.length === 1) return only
    const what = known.length === 0 ? 'No currency is registered yet' : 'There are several currencies'
    throw invalidRequest('currency', `${what}: name one with --currency CODE@DID`)
  }
}

/** The currency of a purchase, where the request names it by its code or not at all. */
function meantBefore(request: ControlRequest, known: OrderNote['request'] | undefined): Currency | undefined {
  const text = optionalText(request, 'currency')
  return text === undefined || known?.currency.startsWith(`${text}@`) === true ? known?.currency : undefined
}

function signedBy({ journal }: PartyRole['party'], { auction, auctioneer }: HeardAuction): readonly string[] {
  const own = journal.envelopesOf(auction).filter(({ envelope }) => envelope.head.iss === auctioneer)
  return own.map(({ bytes }) => new TextDecoder().decode(bytes))
}

type HeardAuction = AuctionNote & { readonly auction: string }

/** Written when the transcript came. */
function heardNote(note: JsonValue): AuctionNote {
  return note as unknown as AuctionNote
}

function unknown(message: string, remedy: string): CodedError {
  return new CodedError('MARKET_OBJECT_UNKNOWN', { message, details: { remedy } })
}

/** How far a purchase has come. */
function stageOf(order: OrderNote): { readonly [name: string]: JsonValue } {
  const { task, auction, contract, failed, peer, passedOver } = order
  return {
    task: { skill: task.skill, inputHash: task.inputHash },
    auction: auction ?? null,
    contract: contract ?? null,
    peer: peer ?? null,
    passedOver: (passedOver ?? []).map((one) => ({ ...one, cause: explainRefusal(one.code)?.cause ?? '' })),
    failed: failed === undefined ? null : explained(failed),
  }
}

/** The code behind a failure says more of its cause, and how it is mended. */
function explained({ code, reason, detail }: NonNullable<OrderNote['failed']>): JsonValue {
  const { message, details } = marketRefusal(code)
  const behind = reason === undefined ? undefined : explainRefusal(reason)
  const more = [behind && `${reason}: ${behind.cause}`, detail].filter((part) => part !== undefined)
  return {
    code,
    reason: reason ?? null,
    detail: detail ?? null,
    message: [message, ...more].join(' '),
    remedy: behind?.remedy ?? String(details.remedy),
  }
}

/** But for when they begin and end: an offer that is made again within its time is the same. */
function sameOffer(one: JsonValue, other: JsonValue): boolean {
  const content = (offer: JsonValue): string => canonicalJson({ ...(offer as object), validFrom: 0, validUntil: 0 })
  return content(one) === content(other)
}
