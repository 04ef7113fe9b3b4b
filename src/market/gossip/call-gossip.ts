import { commitDeadline } from '../../core/auction/auction-call.ts'
import type { EnvelopeRefusal } from '../../core/evidence/envelope-refusals.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { CallCode, CallReadRefusal } from '../../core/market/call-codes.ts'
import { CALL_DIRECTORY_MACHINE, type CallDirectoryState, isKnownCall } from '../../core/market/call-directory.ts'
import type { BucketRate } from '../../core/peers/token-bucket.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Gossip, GossipMessage, GossipVerdict } from '../../ports/gossip.ts'
import type { VerifySignature } from '../../ports/signer.ts'
import { CALL_TOPIC, TOPIC_BYTES_MAX } from '../../wire/v1/gossip-topics.ts'
import {
  type AnnouncementInit,
  decodeAnnouncement,
  type HeardCall,
  verifyAnnouncement,
} from '../../wire/v1/read-announcement.ts'
import { CLOCK_SKEW_MS } from '../parties/market-door.ts'
import { RateTable } from './rate-table.ts'

/** Calls that neighbours of one block of addresses pass on, old and new ones together. */
export const CALLS_OF_NEIGHBOUR: BucketRate = { perSecond: 5, burst: 100 }
/** Calls of one auctioneer, once its signature was right. */
export const CALLS_OF_CALLER: BucketRate = { perSecond: 1 / 10, burst: 6 }

export type CallGossipComponents = {
  readonly gossip: Gossip
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>
  readonly verify: VerifySignature
}

export type CallGossipInit = {
  /** Name of the network that messages are of. */
  readonly network: string
  /** Block of addresses over which a neighbour is connected now. */
  readonly blockOf: (neighbour: Did) => string
  /** Told of every call that is right, once, with the neighbour that it came from. */
  readonly onCall: (heard: HeardCall, teller: Did) => void
}

/** Why a call was not taken. */
export type CallRefusal = CallCode | CallReadRefusal | EnvelopeRefusal | 'CALL_TOO_LARGE' | 'CALL_TOO_OFTEN'
export type CallHearing =
  | { readonly verdict: 'accept'; readonly heard: HeardCall }
  | { readonly verdict: Exclude<GossipVerdict, 'accept'>; readonly code: CallRefusal }

/** Hears calls for proposals, judges them, and passes each on once. */
export class CallGossip {
  private readonly components: CallGossipComponents
  private readonly init: CallGossipInit
  private readonly neighbours: RateTable
  private readonly callers: RateTable
  private state: CallDirectoryState
  private end: (() => void) | undefined

  constructor(components: CallGossipComponents, init: CallGossipInit) {
    this.components = components
    this.init = init
    const ms = (): number => components.clock.monotonicMs()
    this.neighbours = new RateTable(CALLS_OF_NEIGHBOUR, ms)
    this.callers = new RateTable(CALLS_OF_CALLER, ms)
    this.state = CALL_DIRECTORY_MACHINE.initial({ at: components.clock.now() })
  }

  /** Listens from now on. */
  start(): void {
    this.end ??= this.components.gossip.subscribe(CALL_TOPIC, {
      judge: (message) => {
        const hearing = this.hear(message)
        if (hearing.verdict === 'accept') this.init.onCall(hearing.heard, message.from)
        return hearing.verdict
      },
      receive: () => {},
    })
  }

  stop(): void {
    this.end?.()
    this.end = undefined
  }

  /** How many calls are open, as far as is known here. */
  get size(): number {
    return this.state.calls.size
  }

  /** Says a call to everybody. Rejects as `Gossip.publish`. */
  async publish(bytes: Uint8Array): Promise<void> {
    await this.components.gossip.publish(CALL_TOPIC, bytes)
  }

  /** What is made of a message: every question that costs nothing comes before the signatures. */
  hear({ from, data }: Pick<GossipMessage, 'from' | 'data'>): CallHearing {
    if (data.byteLength > (TOPIC_BYTES_MAX[CALL_TOPIC] ?? 0)) return { verdict: 'reject', code: 'CALL_TOO_LARGE' }
    const teller = this.init.blockOf(from)
    if (!this.neighbours.take(teller)) return { verdict: 'ignore', code: 'CALL_TOO_OFTEN' }
    const { clock, verify } = this.components
    const now = clock.now()
    const reading: AnnouncementInit = { verify, now, clockSkewMs: CLOCK_SKEW_MS, network: this.init.network }
    const decoded = decodeAnnouncement(data, reading)
    if (decoded.kind === 'refused') return decoded
    const { heard } = decoded
    const { auctioneer } = heard.call
    if (isKnownCall(this.state, heard.auction, now)) return { verdict: 'ignore', code: 'CALL_KNOWN' }
    if (!this.callers.has(auctioneer)) return { verdict: 'ignore', code: 'CALL_TOO_OFTEN' }
    const wrong = verifyAnnouncement(decoded, reading)
    if (wrong !== undefined) return wrong
    // Whoever forges calls of somebody must not use up what it may say.
    this.callers.take(auctioneer)
    const place = { teller, until: commitDeadline(heard.call) }
    const event = { type: 'call-heard', auction: heard.auction, ...place, at: now } as const
    const { state, effects } = CALL_DIRECTORY_MACHINE.transition(this.state, event)
    this.state = state
    const [effect] = effects
    return effect?.type === 'event-refused' ? { verdict: 'ignore', code: effect.code } : { verdict: 'accept', heard }
  }
}
