import type { Amount } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Did } from '../../core/evidence/names.ts'
import {
  chanceOfRight,
  countLatency,
  countVerdict,
  type PeerStanding,
  type PeerVerdict,
  UNKNOWN_PEER,
} from '../../core/peer-tier/peer-standing.ts'
import { NEWCOMER_ANSWERS } from '../../core/peer-tier/spot-check.ts'
import { decodeUtf8 } from '../../core/text/decode-utf8.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'

export type PeerBookComponents = {
  /** This book's alone. */
  readonly store: KeyValueStore
  readonly clock: Pick<Clock, 'now'>
  /** Told of what could not be written; the book goes on. */
  readonly onError: (error: unknown) => void
}

/** Peers that are remembered; the one that was counted the longest ago goes first. */
const PEERS_MAX = 4_096
/** As many judgements make up the typical cost of one. */
const JUDGEMENTS = 10n
/** What is known of newcomers as a whole. */
const NEWCOMERS = 'newcomers'
const ENCODER: { encode(text: string): Uint8Array } = new TextEncoder()

/** What this node has learned of peers by buying from them. Kept on disk within moments; what a power cut takes is learned again. */
export class PeerBook {
  private readonly components: PeerBookComponents
  private readonly standings = new Map<string, PeerStanding>()
  /** What judgements of bought answers typically cost, nano-dollars; `undefined` before the first one of this process. */
  judgeNanos: bigint | undefined
  private writing: Promise<void> = Promise.resolve()

  private constructor(components: PeerBookComponents) {
    this.components = components
  }

  /** What cannot be read is as if it had never been learned. Rejects as the store does. */
  static async open(components: PeerBookComponents): Promise<PeerBook> {
    const book = new PeerBook(components)
    for await (const { key, value } of components.store.iterate()) {
      const standing = readStanding(value)
      if (standing !== undefined) book.standings.set(key, standing)
    }
    return book
  }

  standingOf(seller: Did): PeerStanding {
    return this.standings.get(seller) ?? UNKNOWN_PEER
  }

  /** Chance, 0 to 1, that the next answer is right. */
  chanceOf(seller: Did, reputationPpm: number): number {
    const newcomers = this.standings.get(NEWCOMERS) ?? UNKNOWN_PEER
    return chanceOfRight({ standing: this.standingOf(seller), newcomers, reputationPpm, at: this.now() })
  }

  count(seller: Did, verdict: PeerVerdict): void {
    const before = this.standingOf(seller)
    const at = this.now()
    const newcomers = this.standings.get(NEWCOMERS) ?? UNKNOWN_PEER
    // Each name counts for all newcomers as much as one answer: no single liar speaks for them.
    if (before.counted < NEWCOMER_ANSWERS)
      this.put(NEWCOMERS, countVerdict(newcomers, { verdict, at, weight: 1 / NEWCOMER_ANSWERS }))
    this.put(seller, countVerdict(before, { verdict, at }))
  }

  countLatency(seller: Did, latencyMs: number): void {
    this.put(seller, countLatency(this.standingOf(seller), latencyMs))
  }

  countJudgement(costNanos: Amount): void {
    const { judgeNanos: before = costNanos } = this
    this.judgeNanos = before + (costNanos - before) / JUDGEMENTS
  }

  /** Of whom anything is known, newcomers as a whole left out. */
  *peers(): Iterable<readonly [seller: string, standing: PeerStanding]> {
    for (const entry of this.standings) if (entry[0] !== NEWCOMERS) yield entry
  }

  /** Resolves when all is written. */
  async flush(): Promise<void> {
    await this.writing
  }

  private put(name: string, standing: PeerStanding): void {
    this.standings.delete(name)
    this.standings.set(name, standing)
    const oldest = [...this.standings.keys()].find((key) => key !== NEWCOMERS)
    const dropped = this.standings.size > PEERS_MAX ? oldest : undefined
    if (dropped !== undefined) this.standings.delete(dropped)
    const { store, onError } = this.components
    this.writing = this.writing
      .then(async () => {
        if (dropped !== undefined) await store.delete(dropped)
        await store.put(name, ENCODER.encode(JSON.stringify(standing)))
      })
      .catch(onError)
  }

  private now(): Timestamp {
    return this.components.clock.now()
  }
}

function readStanding(bytes: Uint8Array): PeerStanding | undefined {
  try {
    const value = JSON.parse(decodeUtf8(bytes) ?? '') as Partial<PeerStanding> | null
    // Books of before did not ask whether a peer has turned.
    const { good, bad, turned = 0, streak, counted, hour, latencyMs } = value ?? {}
    const isCount = (number: unknown): number is number =>
      typeof number === 'number' && Number.isFinite(number) && number >= 0
    if (!isCount(good) || !isCount(bad) || !isCount(streak) || !isCount(counted) || !isCount(hour)) return undefined
    if (!isCount(turned) || turned > 1) return undefined
    return { good, bad, turned, streak, counted, hour, ...(isCount(latencyMs) && { latencyMs }) }
  } catch {
    return undefined
  }
}
