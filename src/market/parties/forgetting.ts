import { addDuration, DAY_MS, type DurationMs, HOUR_MS, type Timestamp } from '../../base/time.ts'
import { type ContractId, parseContractId, parseHash } from '../../core/evidence/names.ts'
import { ORDERS, type OrderNote } from './buying/buy-order.ts'
import { pause } from './contracts/contract-follower.ts'
import { keepHistory } from './contract-history.ts'
import { CONTRACTS, type ContractNote, LAPSED, readTerms } from './contracts/contract-notes.ts'
import { HEARD_AUCTIONS } from './auctions/heard-auctions.ts'
import { isOver } from './auctions/heard-calls.ts'
import { CLOCK_SKEW_MS } from './market-door.ts'
import type { Party } from './party.ts'
import { dropUnsigned } from './selling/unsigned-inputs.ts'
import { UPLOADS, type UploadNote } from './buying/uploads.ts'
import type { Fill } from './journal/party-knowledge.ts'

/** Whose journal is kept from filling up, and what of it may go early. */
export type ForgettingInit = {
  readonly party: Party
  /** Whether nobody needs the messages of an ended contract any more before T_retain is over; absent: nobody does. */
  readonly isDone?: (contract: ContractId) => boolean
}

/** Topic of notes on contracts that have ended, by contract: when that was seen, and until when they are kept. */
const ENDED = 'ended'
type EndedNote = { readonly at: number; readonly until: number }

/** Between two looks. */
const LOOK_MS = 10_000
/** From this share of a limit on room is made: what has ended longest goes first, before its time. */
const FULL_PER_MILLION = 750_000n
/** Contracts that ended since are kept in any case: somebody may still look for the result. */
const SOLD_KEPT_MS: number = HOUR_MS
/** So long an input that was handed in waits for its purchase. */
const UPLOADED_KEPT_MS: number = HOUR_MS
/** A key names one purchase for so long at least. */
const BOUGHT_KEPT_MS: number = DAY_MS
/** Of purchases that came to nothing, and of what belongs to no contract of this party: disputes that it rules on, auctions that it called. */
const STRANDED_KEPT_MS: DurationMs = (30 * DAY_MS) as DurationMs

/**
 * Keeps a party's journal from filling up. A contract is forgotten when its T_retain is over, an auction of somebody else when its deposits are free; and where room is
 * short, what ended longest ago before that, its files first. A record stays of every contract (`contract-history.ts`).
 */
export class Forgetting {
  private readonly init: ForgettingInit
  private readonly party: Party

  constructor(init: ForgettingInit) {
    this.init = init
    this.party = init.party
  }

  /** Looks now and then, until the party stops. */
  start(): void {
    const { party } = this
    party.begin(async () => {
      while (!party.isStopped) {
        await this.look()
        await pause(party.components.timers, LOOK_MS, party.signal)
      }
    })
  }

  async look(): Promise<void> {
    await this.noteEnds()
    const now = this.party.components.clock.now()
    for (const [name, { until }] of this.ended()) if (until <= now) await this.forgetContract(name)
    await dropUnsigned(this.party, now)
    await this.dropUploads(now - UPLOADED_KEPT_MS)
    await this.forgetGuests(now)
    await this.forgetStranded(now - STRANDED_KEPT_MS)
    await this.makeRoom(now)
  }

  /** The last to have ended last. */
  private ended(): readonly (readonly [string, EndedNote])[] {
    // Written by `noteEnds`.
    return this.party.journal.notesOf(ENDED).map(([name, note]) => [name, note as EndedNote])
  }

  private async noteEnds(): Promise<void> {
    const { journal, components } = this.party
    for (const [name, value] of journal.notesOf(CONTRACTS)) {
      // Written by buyer and seller.
      const { ended, terms: text } = value as ContractNote
      if (ended === undefined || journal.note(ENDED, name) !== undefined) continue
      const { timers, signBy } = readTerms(text)
      const at = components.clock.now()
      // As long as it could be signed it is known; one that never ran is needed no longer than that.
      const signable = addDuration(signBy, CLOCK_SKEW_MS)
      const retained = ended === LAPSED ? at : addDuration(at, timers.retainMs)
      const note: EndedNote = { at, until: Math.max(signable, retained) }
      await this.party.keep(ENDED, name, note)
    }
  }

  private async forgetContract(name: string): Promise<void> {
    const { party } = this
    const contract = parseContractId(name)
    const note = party.noteOf<ContractNote>(CONTRACTS, name)
    const endedAt = party.noteOf<EndedNote>(ENDED, name)?.at ?? party.components.clock.now()
    if (contract !== undefined && note !== undefined && note.ended !== LAPSED)
      await keepHistory(party, { contract, note, endedAt })
    for (const key of this.ordersOf(name)) await this.forgetOrder(key)
    await party.journal.forget(name)
  }

  private async dropFiles(name: string): Promise<void> {
    await this.party.journal.dropFiles(name)
    for (const key of this.ordersOf(name)) await this.party.journal.dropFiles(`order/${key}`)
  }

  private async forgetOrder(key: string): Promise<void> {
    const { journal } = this.party
    const { auction } = this.party.noteOf<OrderNote>(ORDERS, key) ?? {}
    await journal.keepNote(ORDERS, key, null)
    await journal.dropFiles(`order/${key}`)
    if (auction !== undefined) await journal.forget(auction)
  }

  /** Inputs that were handed in for a purchase that nobody made. */
  private async dropUploads(before: number): Promise<void> {
    const { journal } = this.party
    for (const [key, note] of journal.notesOf(UPLOADS)) {
      const isBought = this.party.noteOf(ORDERS, key) !== undefined
      // Written when the first piece came.
      if (!isBought && (note as UploadNote).at >= before) continue
      if (!isBought) await journal.dropFiles(`order/${key}`)
      await journal.keepNote(UPLOADS, key, null)
    }
  }

  private ordersOf(contract: string): readonly string[] {
    return this.orders().flatMap(([key, order]) => (order.contract === contract ? [key] : []))
  }

  private orders(): readonly (readonly [string, OrderNote])[] {
    // Written by the buyer.
    return this.party.journal.notesOf(ORDERS).map(([key, note]) => [key, note as unknown as OrderNote])
  }

  /** Auctions of others that were never closed, and are over. Those that were are kept by `judgeAuction`. */
  private async forgetGuests(now: Timestamp): Promise<void> {
    const { party } = this
    for (const name of party.journal.names({ isGuest: true }))
      if (party.journal.note(HEARD_AUCTIONS, name) === undefined && isOver(party.journal, name, now))
        await party.journal.forget(name)
  }

  /** What belongs to no contract of this party, and was last spoken of before `before`. */
  private async forgetStranded(before: number): Promise<void> {
    const { journal, components } = this.party
    for (const [key, { failed, at }] of this.orders())
      if (failed !== undefined && at < before) await this.forgetOrder(key)
    const current = new Set(this.orders().flatMap(([, { auction }]) => auction ?? []))
    for (const name of journal.names({ isGuest: false })) {
      const hash = parseHash(name)
      if (journal.note(CONTRACTS, name) !== undefined || (hash !== undefined && current.has(hash))) continue
      if (!isOver(journal, name, components.clock.now())) continue
      const last = journal.envelopesOf(name).at(-1)?.envelope.head.iat ?? 0
      if (last < before) await journal.forget(name)
    }
  }

  private async makeRoom(now: Timestamp): Promise<void> {
    const { journal } = this.party
    if (isShort(journal.fill.own)) await this.forgetStranded(now - BOUGHT_KEPT_MS)
    for (const [name, { at }] of this.ended()) {
      if (!isShort(journal.fill.own) && !isShort(journal.fill.files)) return
      const note = this.party.noteOf<ContractNote>(CONTRACTS, name)
      const contract = parseContractId(name)
      if (note === undefined || contract === undefined) continue
      if (at + (note.role === 'payer' ? BOUGHT_KEPT_MS : SOLD_KEPT_MS) > now) continue
      if (isShort(journal.fill.files)) await this.dropFiles(name)
      const isDone = this.init.isDone?.(contract) ?? true
      if (isShort(journal.fill.own) && isDone) await this.forgetContract(name)
    }
  }
}

function isShort(fill: readonly Fill[]): boolean {
  return fill.some(([count, max]) => BigInt(count) * 1_000_000n >= BigInt(max) * FULL_PER_MILLION)
}
