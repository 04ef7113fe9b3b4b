import { CodedError } from '../../../base/errors.ts'
import type { Timestamp } from '../../../base/time.ts'
import { type ContractId, type Did, type Hash, parseContractId } from '../../../core/evidence/names.ts'
import type { Currency } from '../../../core/ledger/ledger-names.ts'
import {
  EMPTY_PRICE_HISTORY,
  type KnownPrice,
  PRICE_WEIGHT_MAX,
  type PriceHistory,
  prunePrices,
  recordPrice,
} from '../../../core/market/price-history.ts'
import { readAuctionFile } from '../../auctions/auction-file.ts'
import { certifyEnding } from '../../reputation/certify-ending.ts'
import { pause } from '../contracts/contract-follower.ts'
import { CONTRACTS, type ContractNote } from '../contracts/contract-notes.ts'
import { type AuctionNote, HEARD_AUCTIONS } from '../auctions/heard-auctions.ts'
import type { Party } from '../party.ts'

/** Whose prices are kept, and how much those that others paid it count: the more, the better the payer is known. */
export type PriceKeeperInit = {
  readonly party: Party
  /** What is known of somebody as a payer, parts per million; 500,000 says nothing. */
  readonly payerPpmOf: (payer: Did) => number
}

/** A price as it is kept, by contract or auction; without one it came to none, and is not kept. */
type PriceNote = {
  readonly skill?: string
  readonly currency?: Currency
  readonly nanos?: string
  readonly weight?: number
  /** Of an auction. */
  readonly isHeard?: boolean
  readonly at: number
}

/** Topic of notes on prices. Keys have a prefix, so that they outlive the contracts. */
const PRICES = 'price'
const PREFIX = 'of/'
/** Beyond, the oldest goes; those that were heard of apart. */
const PRICES_KEPT = 4_096
const HEARD_KEPT = 1_024
/** Between two looks at what has ended. */
const LOOK_MS = 1_000
/** What a price counts that was heard of and not paid here: the least. */
const HEARD_WEIGHT = 1

/**
 * Prices that a party has paid or was paid in contracts that are final, as the set certified them, and those at which auctions cleared in which it has bid. One that it
 * paid itself counts most, one of a payer as much as that payer's standing says, and what it only heard of a twentieth at
 * most, however much that is. All of it is in the party's journal.
 */
export class PriceKeeper {
  private readonly init: PriceKeeperInit

  constructor(init: PriceKeeperInit) {
    this.init = init
  }

  /** Looks at what has ended until the party stops. */
  start(): void {
    const { party } = this.init
    party.begin(async () => {
      while (!party.isStopped) {
        await this.look()
        await pause(party.components.timers, LOOK_MS, party.signal)
      }
    })
  }

  /** Of what is durable. */
  history(): PriceHistory {
    const { party } = this.init
    const paid = party.journal
      .notesOf(PRICES)
      // Written by `keep`.
      .flatMap(([, note]) => paidOf(note as PriceNote))
      .toSorted((one, other) => one.at - other.at)
    return prunePrices(paid.reduce(recordPrice, EMPTY_PRICE_HISTORY), party.components.clock.now())
  }

  private async look(): Promise<void> {
    const { journal } = this.init.party
    for (const [name, note] of journal.notesOf(CONTRACTS)) {
      const contract = parseContractId(name)
      // Written by buyer and seller.
      const known = note as ContractNote
      if (contract !== undefined && known.ended !== undefined && known.isPriced !== true)
        await this.takeContract(contract, known)
    }
    for (const [name, note] of journal.notesOf(HEARD_AUCTIONS)) {
      // Written when the transcript came.
      const known = note as unknown as AuctionNote
      if (known.isPriced !== true) await this.takeAuction(name, known)
    }
  }

  private async takeContract(contract: ContractId, note: ContractNote): Promise<void> {
    const price = await this.priceOf(contract, note)
    if (price !== undefined) await this.keep({ topic: CONTRACTS, name: contract }, price)
  }

  /** `undefined` while the set cannot be reached: it is asked again. */
  private async priceOf(contract: ContractId, { role, other, task }: ContractNote): Promise<PriceNote | undefined> {
    const { party, payerPpmOf } = this.init
    const { notary, verify, clock } = party.components
    try {
      const ended = party.endedReplay(contract)
      const reading = await certifyEnding({ notary, contract, verify, signal: party.signal, ended })
      // A set that keeps nothing of it any more says nothing more later.
      if (reading.kind !== 'ending') return { at: clock.now() }
      const { currency, workerNanos, endedAt } = reading.ending
      if (workerNanos === 0n) return { at: endedAt }
      const weight = role === 'payer' ? PRICE_WEIGHT_MAX : weightOf(payerPpmOf(other))
      return { skill: task.skill, currency, nanos: workerNanos.toString(), weight, at: endedAt }
    } catch (error: unknown) {
      if (!CodedError.is(error) || !error.isRetryable) throw error
      return undefined
    }
  }

  private async takeAuction(auction: string, { ok, transcriptFile }: AuctionNote): Promise<void> {
    const { party } = this.init
    const transcript = await transcriptIn(party, transcriptFile)
    const outcome = transcript?.outcome
    const now = party.components.clock.now()
    // Its auctioneer's word: what lies ahead would make everything before it old.
    const at = transcript === undefined || transcript.closedAt > now ? now : transcript.closedAt
    // What it has won itself counts when it is paid.
    const isHeard = ok && outcome?.kind === 'awarded' && outcome.winner !== party.did
    if (transcript === undefined || !isHeard)
      return await this.keep({ topic: HEARD_AUCTIONS, name: auction }, { isHeard: true, at })
    const { skill, currency } = transcript.call
    const nanos = outcome.clearingNanos.toString()
    const price = { skill, currency, nanos, weight: HEARD_WEIGHT, isHeard: true, at }
    await this.keep({ topic: HEARD_AUCTIONS, name: auction }, price)
  }

  /** The price first: whoever finds no mark after a crash comes to the same price. What is marked is never looked at again, also when its price had to go. */
  private async keep(
    { topic, name }: { readonly topic: string; readonly name: string },
    note: PriceNote,
  ): Promise<void> {
    const { party } = this.init
    if (!isEmpty(note)) await party.keep(PRICES, PREFIX + name, note)
    const { isHeard = false } = note
    const kept = party.journal.notesOf(PRICES).filter(([, one]) => ((one as PriceNote).isHeard ?? false) === isHeard)
    const [oldest] = kept.length > (isHeard ? HEARD_KEPT : PRICES_KEPT) ? kept : []
    if (oldest !== undefined) await party.journal.keepNote(PRICES, oldest[0], null)
    const marked = party.journal.note(topic, name)
    if (marked !== undefined) await party.keep(topic, name, { ...(marked as object), isPriced: true })
  }
}

/** It came to no price. */
function isEmpty({ nanos }: PriceNote): boolean {
  return nanos === undefined
}

async function transcriptIn(party: Party, file: Hash) {
  const bytes = await party.journal.file(file)
  return bytes === undefined ? undefined : readAuctionFile(bytes)?.transcript
}

function weightOf(ppm: number): number {
  return Math.max(1, Math.min(PRICE_WEIGHT_MAX, Math.floor(ppm / 1_000)))
}

function paidOf({ skill, currency, nanos, weight, isHeard = false, at }: PriceNote): readonly KnownPrice[] {
  if (skill === undefined || currency === undefined || nanos === undefined || weight === undefined) return []
  // As `keep` wrote them.
  return [
    { skill, currency, weight, isHeard, priceNanos: BigInt(nanos) as KnownPrice['priceNanos'], at: at as Timestamp },
  ]
}
