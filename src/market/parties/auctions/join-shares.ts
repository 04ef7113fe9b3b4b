import type { Did } from '../../../core/evidence/names.ts'
import {
  type ProvenCallers,
  type ProvenPlace,
  withoutProvenCaller,
  withProvenCaller,
} from '../../../core/market/proven-callers.ts'
import type { BucketRate } from '../../../core/peers/token-bucket.ts'
import { RateTable } from '../../gossip/rate-table.ts'

/** How many auctioneers are asked to be called: over time, and at once. */
export type JoinShare = { readonly rate: BucketRate; readonly atOnceMax: number }

/** Callers of whom nothing is known. An announcement names any address that its author likes, so that each of these may be a dial wherever somebody wants one. */
export const JOINS_OF_STRANGERS: JoinShare = { rate: { perSecond: 1, burst: 24 }, atOnceMax: 12 }
/** Of these, callers of whom one block of addresses has told, however many keys it calls under: a third of what all have, a quarter over time. */
export const JOINS_OF_TELLER: JoinShare = { rate: { perSecond: 1 / 4, burst: 8 }, atOnceMax: 4 }
/** Callers for whom a node has answered before: a flood of new keys takes nothing of theirs, whoever passes it on. */
export const JOINS_OF_PROVEN: JoinShare = { rate: { perSecond: 1, burst: 24 }, atOnceMax: 12 }
/** Of these, callers whose nodes are in one block of addresses. */
export const JOINS_OF_BLOCK: JoinShare = { rate: { perSecond: 1 / 4, burst: 8 }, atOnceMax: 4 }
/** Calls of one auctioneer, known or not: it has no more than a part of what its block has. */
export const JOINS_OF_CALLER: JoinShare = { rate: { perSecond: 1 / 10, burst: 4 }, atOnceMax: 3 }

/** A call, as far as it matters whose it is. */
export type JoinedCall = {
  readonly auctioneer: Did
  /** The node that it says takes bids. */
  readonly node: Did
  /** Block of addresses of the neighbour that told of it. */
  readonly tellerBlock: string
}

/** One share of each of several names. */
class Share {
  private readonly atOnceMax: number
  private readonly rates: RateTable
  /** Of whoever is being asked now. */
  private readonly counts = new Map<string, number>()

  constructor({ rate, atOnceMax }: JoinShare, monotonicMs: () => number) {
    this.atOnceMax = atOnceMax
    this.rates = new RateTable(rate, monotonicMs)
  }

  has(name: string): boolean {
    return (this.counts.get(name) ?? 0) < this.atOnceMax && this.rates.has(name)
  }

  take(name: string): void {
    this.rates.take(name)
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
  }

  end(name: string): void {
    const rest = (this.counts.get(name) ?? 1) - 1
    if (rest === 0) this.counts.delete(name)
    else this.counts.set(name, rest)
  }
}

/**
 * Which calls a seller follows, so that nobody who calls without end keeps it from the others. Strangers count by the block of addresses of whoever told of them, since all that
 * they say of themselves costs nothing; callers that were found where they said count by the block in which that was, and have as much room beside the strangers. A
 * call that finds none takes nothing from anybody.
 */
export class JoinShares {
  private readonly strangers: Share
  private readonly tellers: Share
  private readonly known: Share
  private readonly blocks: Share
  private readonly callers: Share
  private proven: ProvenCallers = new Map()

  constructor(monotonicMs: () => number) {
    const shareOf = (share: JoinShare): Share => new Share(share, monotonicMs)
    this.strangers = shareOf(JOINS_OF_STRANGERS)
    this.tellers = shareOf(JOINS_OF_TELLER)
    this.known = shareOf(JOINS_OF_PROVEN)
    this.blocks = shareOf(JOINS_OF_BLOCK)
    this.callers = shareOf(JOINS_OF_CALLER)
  }

  /** Takes the room that a call needs. @returns Gives the places back, not the rate; `undefined` where there is no room. */
  take(call: JoinedCall): (() => void) | undefined {
    const taken = this.sharesOf(call)
    if (taken.some(([share, name]) => !share.has(name))) return undefined
    for (const [share, name] of taken) share.take(name)
    return () => {
      for (const [share, name] of taken) share.end(name)
    }
  }

  /** The node has taken this one into an auction of the caller: it speaks for it. */
  prove(caller: Did, place: ProvenPlace): void {
    this.proven = withProvenCaller(this.proven, caller, place)
  }

  /** It did not, or was not there. */
  disprove(caller: Did): void {
    this.proven = withoutProvenCaller(this.proven, caller)
  }

  private sharesOf({ auctioneer, node, tellerBlock }: JoinedCall): readonly (readonly [Share, string])[] {
    const place = this.proven.get(auctioneer)
    const caller = [this.callers, auctioneer] as const
    if (place === undefined || place.node !== node) return [[this.strangers, ''], [this.tellers, tellerBlock], caller]
    return [[this.known, ''], [this.blocks, place.block], caller]
  }
}
