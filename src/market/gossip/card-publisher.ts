import { canonicalJson } from '../../base/canonical-json.ts'
import {
  addDuration,
  type DurationMs,
  elapsedBetween,
  HOUR_MS,
  MINUTE_MS,
  type Timestamp,
  timestampFromMs,
} from '../../base/time.ts'
import type { Did } from '../../core/evidence/names.ts'
import {
  CARD_ADDRESS_LENGTH_MAX,
  CARD_ADDRESSES_MAX,
  CARD_MODELS_MAX,
  CARD_OFFERS_MAX,
  CARD_RECEIPTS_MAX,
  CARD_VALIDITY_MS_MAX,
} from '../../core/market/agent-card.ts'
import type { BucketRate } from '../../core/peers/token-bucket.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Gossip } from '../../ports/gossip.ts'
import type { Random } from '../../ports/random.ts'
import type { Signer } from '../../ports/signer.ts'
import type { Timers } from '../../ports/timers.ts'
import { signerOfKey } from '../../wire/v1/checkpoint.ts'
import { encodeEnvelope } from '../../wire/v1/envelope.ts'
import { CARD_TOPIC } from '../../wire/v1/gossip-topics.ts'
import type { MessageBody } from '../../wire/v1/message-types.ts'
import { nonceOf } from '../parties/accounts/wallet.ts'
import { pause } from '../parties/contracts/contract-follower.ts'
import type { CardGossip } from './card-gossip.ts'
import { RateTable } from './rate-table.ts'

/** How long a card is valid: whoever is gone is forgotten within it. */
export const CARD_LIFE_MS: DurationMs = HOUR_MS
/** After so long the same is said again, so that six of them would have to be lost. */
export const CARD_REPEAT_MS: DurationMs = (10 * MINUTE_MS) as DurationMs
/** A new neighbour hears the card so long after the last one at the earliest; and so long after the first one it is said again. */
export const CARD_GREETING_MS = MINUTE_MS
/** Between two looks at what this node sells. */
const LOOK_MS = 2_000
/** What is around the body of a card has less than a kibibyte. */
const BODY_CHARS_MAX = 15_360
/** Fewer than others take of one node. */
const OWN_CARDS: BucketRate = { perSecond: 1 / 40, burst: 6 }

export type CardPublisherComponents = {
  readonly gossip: Gossip
  readonly cards: CardGossip
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>
  readonly timers: Timers
  readonly random: Pick<Random, 'bytes'>
  /** With the key of the node. */
  readonly signer: Signer
}

/** What a node may say of itself now; what is too much for a card is left out of it. */
export type OwnCard = Omit<MessageBody<'agent-card'>, 'receipts'> & Partial<MessageBody<'agent-card'>>

export type CardPublisherInit = {
  readonly network: string
  readonly describe: () => OwnCard
  readonly signal: AbortSignal
  /** Told of announcements that failed; the next one comes in its time. */
  readonly onFailure: (cause: unknown) => void
}

type Said = {
  readonly content: string
  readonly at: Timestamp
  readonly hadOffers: boolean
  /** Neighbours had just met, and may not have passed it on to theirs. */
  readonly isFirst: boolean
  readonly neighbours: ReadonlySet<Did>
}

/** Tells everybody what this node sells: when it has changed, when somebody new listens, and again before it expires. A node that sells nothing says nothing. */
export class CardPublisher {
  private readonly components: CardPublisherComponents
  private readonly init: CardPublisherInit
  private readonly did: Did
  private readonly rate: RateTable
  private said: Said | undefined

  constructor(components: CardPublisherComponents, init: CardPublisherInit) {
    this.components = components
    this.init = init
    this.did = signerOfKey(components.signer.publicKeyHex)
    this.rate = new RateTable(OWN_CARDS, () => components.clock.monotonicMs())
  }

  /** Looks from now on, until the signal ends it. */
  async run(): Promise<void> {
    const { signal, onFailure } = this.init
    while (!signal.aborted) {
      await this.publishIfDue().catch(onFailure)
      await pause(this.components.timers, LOOK_MS, signal)
    }
  }

  /** @returns Whether something was said. */
  async publishIfDue(): Promise<boolean> {
    const { gossip, clock } = this.components
    const body = fitting(this.init.describe())
    const neighbours = new Set(gossip.peersOf(CARD_TOPIC))
    const content = canonicalJson(body)
    if (neighbours.size === 0 || !this.isDue({ body, content, neighbours }) || !this.rate.take(this.did)) return false
    const at = clock.now()
    const bytes = this.sign(body, at)
    this.components.cards.keepOwn(bytes)
    await gossip.publish(CARD_TOPIC, bytes)
    this.said = { content, at, hadOffers: body.offers.length > 0, isFirst: this.said === undefined, neighbours }
    return true
  }

  private isDue({
    body,
    content,
    neighbours,
  }: { readonly body: OwnCard } & Pick<Said, 'content' | 'neighbours'>): boolean {
    const { said } = this
    const hasOffers = body.offers.length > 0
    if (said === undefined) return hasOffers
    // Who has taken its last offer back says so once.
    if (content !== said.content) return hasOffers || said.hadOffers
    if (!hasOffers) return false
    const sinceMs = elapsedBetween(said.at, this.components.clock.now())
    const hasNewcomer = [...neighbours].some((neighbour) => !said.neighbours.has(neighbour))
    return sinceMs >= (said.isFirst || hasNewcomer ? CARD_GREETING_MS : CARD_REPEAT_MS)
  }

  /** Behind the last card of this node that is known, its own or one that it has only heard: it may have lost its store. */
  private sign(body: MessageBody<'agent-card'>, at: Timestamp): Uint8Array {
    const { signer, random, cards } = this.components
    const last = cards.cardOf(this.did)
    // An earlier card is worth nothing when this one has expired.
    const end = Math.max(last?.until ?? 0, addDuration(at, CARD_LIFE_MS))
    return encodeEnvelope(
      {
        type: 'agent-card',
        net: this.init.network,
        iss: this.did,
        aud: '*',
        seq: last === undefined ? 0 : last.seq + 1,
        prev: last?.envelope,
        iat: at,
        exp: timestampFromMs(Math.min(end, addDuration(at, CARD_VALIDITY_MS_MAX))),
        nonce: nonceOf(random.bytes(16)),
        body,
      },
      (bytes) => signer.sign(bytes),
    )
  }
}

/** As much of it as a card holds, the first ones first. */
function fitting({ addresses, models, offers, receipts = [], ...rest }: OwnCard): MessageBody<'agent-card'> {
  const kept = {
    ...rest,
    addresses: addresses.filter(({ length }) => length <= CARD_ADDRESS_LENGTH_MAX).slice(0, CARD_ADDRESSES_MAX),
    models: models.slice(0, CARD_MODELS_MAX),
    receipts: [],
  }
  let room = BODY_CHARS_MAX - canonicalJson(kept).length
  const takes = (text: string): boolean => {
    // A text in JSON is longer than it is.
    room -= canonicalJson(text).length + 1
    return room >= 0
  }
  const fit = offers.slice(0, CARD_OFFERS_MAX).filter(takes)
  // In what room the offers leave.
  return { ...kept, offers: fit, receipts: receipts.slice(0, CARD_RECEIPTS_MAX).filter(takes) }
}
