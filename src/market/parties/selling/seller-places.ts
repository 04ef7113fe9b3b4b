import type { EscrowStateKind } from '../../../core/escrow/escrow-state.ts'
import type { EscrowTerms } from '../../../core/escrow/escrow-terms.ts'
import { type ContractId, type Did, type Hash, parseContractId } from '../../../core/evidence/names.ts'
import type { OfferTerms } from '../../../core/market/offer-directory.ts'
import { type BidNote, BIDS, type BidPlace } from '../auctions/bid-notes.ts'
import { CONTRACTS, type ContractNote, readTerms } from '../contracts/contract-notes.ts'
import { type AuctionNote, HEARD_AUCTIONS } from '../auctions/heard-auctions.ts'
import type { Party } from '../party.ts'
import type { PartyCode } from '../party-codes.ts'
import { Turns } from '../turns.ts'
import { hasLapsed } from './lapsers.ts'

/** Contracts beyond the tasks of an offer that were signed for payers for whom nothing was done before, and whose work has not begun. */
const STRANGERS_MAX = 16
/** Tasks of an offer that count for that bound at most. */
const TASKS_MAX = 64
/** Deliveries that wait for their acceptance or its time, and take no place: their price is held, and nothing is left to be done. */
const LYING_MAX = 4_096
/** Between two looks at who still has the price of what waits. */
const LOOK_MS = 1_000

type OpenContract = {
  readonly contract: ContractId
  readonly note: ContractNote
  readonly isHeld: boolean
  /** `waiting`: signed, and not begun; `work`: begun, and not delivered. */
  readonly stage: 'waiting' | 'work' | 'delivered'
}

/** What is asked for: a contract, or the place of a bid, whose contract must come before T_sign. */
export type PlaceWanted = {
  readonly payer: Did
  readonly isLent: boolean
  /** From the start to the delivery. */
  readonly deliverMs: number
  readonly isBid: boolean
}

/** A bid with a deposit whose contract may still come. */
export type PlacedBid = { readonly auction: string; readonly place: BidPlace }

const UNHELD_STATES: ReadonlySet<EscrowStateKind> = new Set(['DRAFT', 'OFFERED', 'AGREED', 'ABORTED'])

/**
 * What a seller has promised. A place is taken by work whose price is held. What is signed and has not begun may come to nothing, so that it takes none from other payers: it
 * counts for whom it was signed for, and for strangers together, and no more is signed than can be delivered in time if all of it is held, in whatever order; tasks that come
 * at once wait for each other (`TaskQueue`). A bid with a deposit takes a place in time until T_sign: its contract must be signed, or the deposit is lost.
 */
export class SellerPlaces {
  private readonly party: Party
  private readonly isRunning: (contract: ContractId) => boolean
  private readonly unpaid = new Set<ContractId>()
  private lookedAt = 0
  private readonly turns = new Turns()

  constructor(party: Party, isRunning: (contract: ContractId) => boolean = () => false) {
    this.party = party
    this.isRunning = isRunning
  }

  /** One promise after the other, so that two do not both count on the same room. */
  async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    return await this.turns.take('', work)
  }

  /**
   * Contracts whose work is not delivered, bids that may become some, but for one, and deliveries beyond those that take no place; and the sum of what this party may have worked
   * for in vain: of work that has begun, of what it lends until that is paid, and of bids, which it must sign. What is signed and not held may come to nothing, and counts in no sum.
   */
  open(but?: string): { readonly contracts: number; readonly nanos: bigint } {
    const open = this.openContracts()
    const bids = this.bids().filter(({ auction }) => auction !== but)
    const taking = open.filter((each) => !this.unpaid.has(each.contract) && !isLying(each))
    const lying = open.filter(isLying)
    const risked = taking.filter(({ stage, note }) => stage === 'work' || isLent(note))
    return {
      contracts: taking.length + bids.length + Math.max(0, lying.length - LYING_MAX),
      nanos: risked.reduce(
        (sum, { note }) => sum + priceOf(note),
        bids.reduce((sum, { place }) => sum + BigInt(place.nanos), 0n),
      ),
    }
  }

  /** Contracts that are not delivered: those of a payer, and those of a skill. */
  openOf(payer: Did, skill: string): { readonly openOfPayer: number; readonly openOfSkill: number } {
    const open = this.openContracts().filter(({ stage }) => stage !== 'delivered')
    return {
      openOfPayer: open.filter(({ note }) => note.other === payer).length,
      openOfSkill: open.filter(({ note }) => note.task.skill === skill).length,
    }
  }

  /** The bid with a place of which a contract comes. */
  bidFor({ payer, taskHash }: EscrowTerms): PlacedBid | undefined {
    return this.bids().find(({ place, task }) => place.buyer === payer && task === taskHash)
  }

  /**
   * Why a contract, or a bid, finds no place; `undefined` where it does. Before there is none, what waits and has not got its price any more loses the place that it
   * takes from others; its time is kept, since it may be held all the same. Rejects as `NotaryClient.accounts`.
   */
  async refuse(wanted: PlaceWanted, offer: OfferTerms): Promise<PartyCode | undefined> {
    const code = this.judge(wanted, offer)
    if (code !== 'MARKET_BUSY' || !(await this.dropUnpaid())) return code
    return this.judge(wanted, offer)
  }

  private judge(
    { payer, isLent: isOnCredit, deliverMs, isBid }: PlaceWanted,
    offer: OfferTerms,
  ): PartyCode | undefined {
    const { skill, capacity, latencyMs } = offer
    const open = this.openContracts().filter(({ note }) => note.task.skill === skill)
    const atWork = open.filter(({ stage }) => stage === 'work').length
    const waiting = open.filter(({ stage, contract }) => stage === 'waiting' && !this.unpaid.has(contract))
    const bids = this.bids().filter(({ place }) => place.skill === skill)
    // Bids take the places of other bids alone: a call may have windows of hours.
    const others = [
      ...waiting.map(({ note }) => ({ payer: note.other, isOnCredit: isLent(note) })),
      ...(isBid ? bids.map(({ place }) => ({ payer: place.buyer, isOnCredit: place.isLent })) : []),
    ]
    const own = others.filter((other) => other.payer === payer)
    if (atWork + own.length >= capacity) return 'MARKET_BUSY'
    if (2 * latencyMs > deliverMs) return 'MARKET_LIMIT_PASSED'
    const spans = [...open.flatMap((contract) => this.spanOf(contract)), ...bids.map(({ place }) => place.deliverMs)]
    if (!areInTime(spans, deliverMs, offer)) return 'MARKET_BUSY'
    const customers = this.customers()
    if (customers.has(payer)) return undefined
    // In C1 nothing has to be shown, so that keys without a credit must not stand in the way of those that have some.
    const strangers = others.filter((other) => !customers.has(other.payer) && other.isOnCredit === isOnCredit)
    const max = STRANGERS_MAX + Math.min(capacity, TASKS_MAX)
    if (strangers.length >= max) return 'MARKET_BUSY'
    // Whoever has let a contract lapse leaves half of the room to those who have not.
    return 2 * strangers.length >= max && hasLapsed(this.party, payer) ? 'MARKET_BUSY' : undefined
  }

  /** How long a contract can wait for its delivery from now on, if it begins now; none where it runs already, or has nothing to do. */
  private spanOf({ contract, note, stage }: OpenContract): readonly number[] {
    if (stage === 'delivered' || (stage === 'work' && this.isRunning(contract))) return []
    if (stage === 'waiting') return [deliverMsOf(note)]
    const state = this.party.states.get(contract)
    const isKnown = state?.kind === 'WORKING' && state.deliverBy !== undefined
    return [isKnown ? state.deliverBy - this.party.components.clock.now() : 0]
  }

  /** Bids with a deposit whose contract has not come, and may. */
  private bids(): readonly (PlacedBid & { readonly task: Hash })[] {
    const signed = new Set(this.notes().map(([, { bid }]) => bid))
    // Who is not the winner may still be asked, and loses nothing when it has no place then.
    const heard = new Map(this.party.journal.notesOf(HEARD_AUCTIONS).map(([name, note]) => [name, note as AuctionNote]))
    return this.party.journal.notesOf(BIDS).flatMap(([auction, note]) => {
      // Written by `SealedBids`.
      const { place, task } = note as BidNote
      const isOpen = place !== undefined && !signed.has(auction) && this.party.components.clock.now() < place.until
      return isOpen && heard.get(auction)?.isPassed !== true ? [{ auction, place, task }] : []
    })
  }

  /** Whether a contract was found that waits while its payer has not got its price any more: what was signed first has it first. */
  private async dropUnpaid(): Promise<boolean> {
    const now = this.party.components.clock.now()
    if (now - this.lookedAt < LOOK_MS) return false
    this.lookedAt = now
    const open = this.openContracts()
    const still = new Set(open.map(({ contract }) => contract))
    for (const contract of this.unpaid) if (!still.has(contract)) this.unpaid.delete(contract)
    const before = this.unpaid.size
    const waiting = open.filter(({ isHeld, note }) => !isHeld && !isLent(note))
    const payers = new Set(waiting.map(({ note }) => note.other))
    await Promise.all([...payers].map(async (payer) => await this.dropUnpaidOf(payer)))
    return this.unpaid.size > before
  }

  private async dropUnpaidOf(payer: Did): Promise<void> {
    const left = new Map<string, bigint>()
    // After the balance: what was held in between is in neither.
    const { ledgers } = await this.party.components.notary.accounts({ owner: payer }, { signal: this.party.signal })
    for (const { currency, accounts } of ledgers) {
      const line = accounts.find(({ owner, kind }) => owner === payer && kind === 'available')
      if (line !== undefined) left.set(currency, BigInt(line.balanceNanos))
    }
    for (const { contract, terms } of await this.waitingOf(payer)) {
      const rest = (left.get(terms.currency) ?? 0n) - terms.maxNanos - terms.bonds.payerNanos
      if (rest < 0n) this.unpaid.add(contract)
      else left.set(terms.currency, rest)
    }
  }

  /** Whether the payer has, by the notary set, what is to be held of it here, together with what was signed for it before. Rejects as `NotaryClient.accounts`. */
  async refuseShort({ payer, currency, custody, maxNanos, bonds }: EscrowTerms): Promise<PartyCode | undefined> {
    if (custody === 'C1') return undefined
    const { notary } = this.party.components
    const { ledgers } = await notary.accounts({ owner: payer, currency }, { signal: this.party.signal })
    const lines = ledgers.filter((ledger) => ledger.currency === currency).flatMap(({ accounts }) => accounts)
    const available = lines.find(({ owner, kind }) => owner === payer && kind === 'available')
    let needed: bigint = maxNanos + bonds.payerNanos
    // After the balance: what was held in between is in neither.
    for (const { terms } of await this.waitingOf(payer)) {
      if (terms.currency === currency) needed += terms.maxNanos + terms.bonds.payerNanos
    }
    return BigInt(available?.balanceNanos ?? '0') < needed ? 'MARKET_PAYER_SHORT' : undefined
  }

  /** Terms that were signed for a payer, in C2 and C3, and whose price is not held. This party may hear of a hold a little later than it happens. */
  private async waitingOf(
    payer: Did,
  ): Promise<readonly { readonly contract: ContractId; readonly terms: EscrowTerms }[]> {
    const { notary } = this.party.components
    const waiting: { readonly contract: ContractId; readonly terms: EscrowTerms }[] = []
    for (const { contract, note, isHeld } of this.openContracts()) {
      if (note.other !== payer || isHeld || isLent(note)) continue
      const view = await notary.contract(contract, { signal: this.party.signal })
      if (view === undefined || UNHELD_STATES.has(view.state)) waiting.push({ contract, terms: readTerms(note.terms) })
    }
    return waiting
  }

  private openContracts(): readonly OpenContract[] {
    return this.notes().flatMap(([name, note]) => {
      const contract = parseContractId(name)
      if (contract === undefined || note.ended !== undefined) return []
      const kind = this.party.states.get(contract)?.kind
      const isHeld = note.isHeld === true
      return [{ contract, note, isHeld, stage: stageOf(kind, isHeld) }]
    })
  }

  /** Payers for whom work was done here. */
  private customers(): ReadonlySet<Did> {
    return new Set(this.notes().flatMap(([, note]) => (note.result === undefined ? [] : [note.other])))
  }

  private notes(): readonly (readonly [string, ContractNote])[] {
    // Written by buyer and seller.
    const notes = this.party.journal.notesOf(CONTRACTS).map(([name, note]) => [name, note as ContractNote] as const)
    return notes.filter(([, { role }]) => role === 'worker')
  }
}

/** Delivered, and its price is held until it is accepted or T_accept has passed. */
function isLying({ stage, note }: OpenContract): boolean {
  return stage === 'delivered' && !isLent(note)
}

/** A price that is held takes no place before the work begins: the payer may keep the input back. After a start, until its state is seen, what was held is at work. */
function stageOf(kind: EscrowStateKind | undefined, isHeld: boolean): OpenContract['stage'] {
  if (kind === undefined) return isHeld ? 'work' : 'waiting'
  if (kind === 'HELD' || UNHELD_STATES.has(kind)) return 'waiting'
  return kind === 'WORKING' ? 'work' : 'delivered'
}

/**
 * Whether one more task, and all that are due no earlier, are still done in time, whenever each of them begins: before a task those that are due no later run, by turns of
 * as many as run at one time, and before these what was running. Earliest deadline first; Jeffay, Stanat and Martel 1991, for tasks of one length.
 */
function areInTime(spans: readonly number[], added: number, { capacity, latencyMs }: OfferTerms): boolean {
  const sorted = [...spans, added].toSorted((one, other) => one - other)
  return sorted.every((span, index) => span < added || (Math.ceil((index + 1) / capacity) + 1) * latencyMs <= span)
}

function deliverMsOf({ terms }: ContractNote): number {
  return (JSON.parse(terms) as { readonly timers: { readonly deliverMs: number } }).timers.deliverMs
}

function priceOf({ terms }: ContractNote): bigint {
  return BigInt((JSON.parse(terms) as { readonly maxNanos: string }).maxNanos)
}

function isLent({ terms }: ContractNote): boolean {
  return (JSON.parse(terms) as { readonly custody: string }).custody === 'C1'
}
