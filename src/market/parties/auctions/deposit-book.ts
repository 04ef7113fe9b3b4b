import { CodedError } from '../../../base/errors.ts'
import { DAY_MS, type Timestamp } from '../../../base/time.ts'
import { type AuctionCall, depositExpiry } from '../../../core/auction/auction-call.ts'
import { depositId, LOST_DEPOSITS } from '../../../core/auction/deposits.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import { type Currency, formatAccountId, type TransferId } from '../../../core/ledger/ledger-names.ts'
import type { TransferLine } from '../../../core/ledger/describe-transfer.ts'
import { validityMaxOf } from '../../../wire/v1/envelope-head.ts'
import type { Party } from '../party.ts'
import type { PartyCode } from '../party-codes.ts'
import type { SellerPolicy } from '../selling/seller-policy.ts'
import { Turns } from '../turns.ts'

/** A deposit that this seller has promised to a call. */
type DepositNote = {
  readonly caller: Did
  readonly currency: Currency
  readonly nanos: string
  /** What it asks for the work. */
  readonly priceNanos: string
  /** From then on the ledger has freed it. */
  readonly expiresAt: number
  /** The set takes its order until then: a hold that is not there comes no more, unless it is signed again. */
  readonly until?: number
  /** Its hold, once it is signed. */
  readonly holdId?: TransferId
}

/** Topic of notes: deposits by auction. Keys have a prefix, so that what was lost is remembered when the auction is forgotten. */
const DEPOSITS = 'deposit'
const PREFIX = 'of/'
/** Topic of notes: what was lost, by currency and day. */
const LOST = 'deposit-lost'
/** Deposits at one time, and of those for one caller. */
const OPEN_MAX = 256
const OPEN_OF_CALLER_MAX = 32
/** Less than this share of the price, in millionths, is no deposit, and takes no place of one. */
const PER_MILLION_MIN = 1_000n
/** What was lost counts for so long. */
const LOST_DAYS = 30
/** Between two looks at what became of deposits, and of those for one caller. */
const LOOK_MS = 5_000
const LOOK_CALLER_MS = 1_000
/** A message on its way to the set may come so much later than its hold would have ended. */
const LATE_MS = 60_000
/** The set is asked for so many at once. */
const ASKED_MAX = 32
/** An order to hold is good for so long. */
const VALID_MS = validityMaxOf('ledger-transfer')

export type DepositQuestion = { readonly call: AuctionCall; readonly auction: Hash; readonly priceNanos: bigint }

/**
 * Deposits that a seller puts up for calls of others. Whoever calls can lock each until its expiry, and can have it lost; so all of them together, with what was lost of
 * late, stay below what the seller is ready to lose, each is a small share of its own price, and they are for callers alone that hold the money to buy.
 */
export class DepositBook {
  private readonly party: Party
  private readonly policy: SellerPolicy
  private readonly turns = new Turns()
  private lookedAt = 0
  /** When it was looked for callers, at most `OPEN_MAX` of them. */
  private readonly lookedFor = new Map<Did, number>()

  constructor(party: Party, policy: SellerPolicy) {
    this.party = party
    this.policy = policy
  }

  /** Why there is no deposit for a call; `undefined` where none is asked, or it is written down. Rejects as the notary does. */
  async refuse(question: DepositQuestion): Promise<PartyCode | undefined> {
    if (question.call.depositNanos === 0n) return undefined
    return await this.turns.take('', async () => await this.refuseInTurn(question))
  }

  /** The commitment is signed, by which the hold is named. */
  async sign(auction: Hash, commitment: Hash): Promise<void> {
    const note = this.noteOf(auction)
    const now = this.party.components.clock.now()
    if (note === undefined || (note.holdId !== undefined && !isUnbrought(note, now))) return
    const holdId = depositId('hold', auction, { bidder: this.party.did, envelope: commitment })
    await this.party.keep(DEPOSITS, PREFIX + auction, { ...note, holdId, until: now + VALID_MS })
  }

  private async refuseInTurn({ call, auction, priceNanos }: DepositQuestion): Promise<PartyCode | undefined> {
    const { party, policy } = this
    const now = party.components.clock.now()
    const known = this.noteOf(auction)
    // One that was never brought is promised again, if at all.
    if (known !== undefined && !(isUnbrought(known, now) && (await this.lineOf(known)) === undefined)) return undefined
    const { depositNanos, currency, buyer } = call
    // A call says nothing of disputes, and a winner that then declines the terms loses its deposit.
    if (policy.fallbackPerMillionMinOf(call.skill, buyer) > 0) return 'MARKET_FALLBACK_LOW'
    if (call.forfeitTo !== LOST_DEPOSITS) return 'MARKET_FORFEIT_WRONG'
    if (!policy.notarySets.some(({ id }) => id === call.notarySet)) return 'MARKET_SET_UNKNOWN'
    const isSmall = depositNanos * 1_000_000n <= priceNanos * BigInt(policy.depositPerMillionMax)
    const isLarge = depositNanos >= (priceNanos * PER_MILLION_MIN) / 1_000_000n
    if (!isSmall || !isLarge || depositExpiry(call) - now > policy.depositMsMax) return 'MARKET_DEPOSIT_LIMIT'
    if (this.hasExpired(now) || !this.hasRoom(call, auction)) await this.look()
    if (!this.hasRoom(call, auction)) return 'MARKET_DEPOSIT_LIMIT'
    if (await this.isCallerShort({ call, auction, priceNanos })) {
      // What it has bought by now it has paid, and owes nobody any more.
      await this.lookFor(buyer)
      if (await this.isCallerShort({ call, auction, priceNanos })) return 'MARKET_CALLER_SHORT'
    }
    if ((await this.availableOf(party.did, currency)) < depositNanos) return 'MARKET_DEPOSIT_SHORT'
    const note: DepositNote = {
      caller: buyer,
      currency,
      nanos: depositNanos.toString(),
      priceNanos: priceNanos.toString(),
      expiresAt: depositExpiry(call),
      until: now + VALID_MS,
    }
    await party.keep(DEPOSITS, PREFIX + auction, note)
    return undefined
  }

  /** Whether it could not buy of this seller at once all that it asked bids for, each at its price. */
  private async isCallerShort({ call, auction, priceNanos }: DepositQuestion): Promise<boolean> {
    const { buyer, currency } = call
    const asked = this.open(auction).filter((note) => note.caller === buyer && note.currency === currency)
    const wantedNanos = asked.reduce((sum, note) => sum + BigInt(note.priceNanos), priceNanos)
    return (await this.availableOf(buyer, currency)) < wantedNanos
  }

  private hasRoom({ buyer, currency, depositNanos }: AuctionCall, auction: Hash): boolean {
    const open = this.open(auction)
    if (open.length >= OPEN_MAX || open.filter(({ caller }) => caller === buyer).length >= OPEN_OF_CALLER_MAX)
      return false
    const same = open.filter((note) => note.currency === currency)
    const nanos = same.reduce((sum, note) => sum + BigInt(note.nanos), this.lostNanos(currency) + depositNanos)
    return nanos <= this.policy.depositsNanosMax
  }

  private hasExpired(now: Timestamp): boolean {
    return this.open().some(({ expiresAt }) => expiresAt <= now)
  }

  /** All, or those of other auctions. */
  private open(but?: Hash): readonly DepositNote[] {
    const notes = this.party.journal.notesOf(DEPOSITS)
    // Written by `refuseInTurn`.
    return notes.flatMap(([name, note]) => (but !== undefined && name === PREFIX + but ? [] : [note as DepositNote]))
  }

  private noteOf(auction: Hash): DepositNote | undefined {
    return this.party.noteOf<DepositNote>(DEPOSITS, PREFIX + auction)
  }

  private async availableOf(owner: Did, currency: Currency): Promise<bigint> {
    const { notary } = this.party.components
    const { ledgers } = await notary.accounts({ owner, currency }, { signal: this.party.signal })
    const id = formatAccountId({ owner, kind: 'available', currency })
    const line = ledgers.flatMap(({ accounts }) => accounts).find((account) => account.id === id)
    return BigInt(line?.balanceNanos ?? '0')
  }

  /** Finds out what became of deposits: what has come back is forgotten, what was lost counts on. A set that cannot be asked now is asked at the next call. */
  private async look(): Promise<void> {
    const now = this.party.components.clock.now()
    if (now - this.lookedAt < LOOK_MS) return
    this.lookedAt = now
    await this.lookAt(this.party.journal.notesOf(DEPOSITS), now)
  }

  /** The same for those of one caller, so that others do not keep it waiting. */
  private async lookFor(caller: Did): Promise<void> {
    const now = this.party.components.clock.now()
    if (now - (this.lookedFor.get(caller) ?? 0) < LOOK_CALLER_MS) return
    this.lookedFor.delete(caller)
    const [oldest] = this.lookedFor.keys()
    if (this.lookedFor.size >= OPEN_MAX && oldest !== undefined) this.lookedFor.delete(oldest)
    this.lookedFor.set(caller, now)
    const notes = this.party.journal.notesOf(DEPOSITS)
    const own = notes.filter(([, note]) => (note as DepositNote).caller === caller)
    await this.lookAt(own, now)
  }

  private async lookAt(notes: readonly (readonly [string, unknown])[], now: Timestamp): Promise<void> {
    try {
      for (let from = 0; from < notes.length; from += ASKED_MAX) {
        const some = notes.slice(from, from + ASKED_MAX).map(([name, note]) => ({ name, note: note as DepositNote }))
        const lines = await Promise.all(some.map(async ({ note }) => await this.lineOf(note)))
        for (const [place, { name, note }] of some.entries()) await this.judge(name, note, { line: lines[place], now })
      }
    } catch (error: unknown) {
      if (!CodedError.is(error) || this.party.isStopped) throw error
    }
  }

  private async judge(
    name: string,
    note: DepositNote,
    { line, now }: { readonly line: TransferLine | undefined; readonly now: Timestamp },
  ): Promise<void> {
    // The set's clock may be behind, and a message on its way.
    const isOver = line === undefined ? isUnbrought(note, now - LATE_MS) : line.status !== 'held'
    if (!isOver) return
    if (line?.status === 'posted') await this.lose(note, now)
    await this.party.journal.keepNote(DEPOSITS, name, null)
  }

  /** What the set has of a deposit, by its id: anybody makes the list of a seller's transfers as long as it likes. */
  private async lineOf({ holdId }: DepositNote): Promise<TransferLine | undefined> {
    if (holdId === undefined) return undefined
    const { signal, components } = this.party
    return (await components.notary.transfers({ hold: holdId }, { signal })).transfers[0]
  }

  private async lose({ currency, nanos }: DepositNote, now: Timestamp): Promise<void> {
    const { party } = this
    const today = Math.floor(now / DAY_MS)
    for (const [key] of party.journal.notesOf(LOST))
      if (dayOf(key) <= today - LOST_DAYS) await party.journal.keepNote(LOST, key, null)
    const key = `${today}/${currency}`
    const before = party.noteOf<{ readonly nanos: string }>(LOST, key)?.nanos ?? '0'
    await party.keep(LOST, key, { nanos: (BigInt(before) + BigInt(nanos)).toString() })
  }

  private lostNanos(currency: Currency): bigint {
    const first = Math.floor(this.party.components.clock.now() / DAY_MS) - LOST_DAYS
    return this.party.journal
      .notesOf(LOST)
      .filter(([key]) => dayOf(key) > first && key.endsWith(`/${currency}`))
      .reduce((sum, [, note]) => sum + BigInt((note as { readonly nanos: string }).nanos), 0n)
  }
}

/** Whether a deposit that the set does not have will not come any more. */
function isUnbrought({ until, expiresAt }: DepositNote, now: number): boolean {
  return now >= Math.min(until ?? expiresAt, expiresAt)
}

function dayOf(key: string): number {
  return Number(key.slice(0, key.indexOf('/')))
}
