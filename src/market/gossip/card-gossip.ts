import type { DurationMs, Timestamp } from '../../base/time.ts'
import type { Did } from '../../core/evidence/names.ts'
import { hashTrieForEach, hashTrieGet } from '../../core/collections/hash-trie.ts'
import type { CardCode, CardReadRefusal } from '../../core/market/card-codes.ts'
import type { EnvelopeRefusal } from '../../core/evidence/envelope-refusals.ts'
import {
  CARD_DIRECTORY_MACHINE,
  type CardDirectoryEffect,
  type CardDirectoryEvent,
  type CardDirectoryState,
  type CardEntry,
  isNewerCard,
} from '../../core/market/card-directory.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import type { BucketRate } from '../../core/peers/token-bucket.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Gossip, GossipMessage, GossipVerdict } from '../../ports/gossip.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { VerifySignature } from '../../ports/signer.ts'
import { CARD_TOPIC, TOPIC_BYTES_MAX } from '../../wire/v1/gossip-topics.ts'
import { type CardInit, decodeCard, type DecodedCard, verifyCard } from '../../wire/v1/read-card.ts'
import { CLOCK_SKEW_MS } from '../parties/market-door.ts'
import { CardShelf, type KeptCard } from './card-shelf.ts'
import { RateTable } from './rate-table.ts'

/** Cards that one neighbour passes on, old and new ones together. */
export const CARDS_OF_NEIGHBOUR: BucketRate = { perSecond: 20, burst: 400 }
/** The same of nodes that are not known yet: whoever makes keys without end is heard as slowly as this. */
export const STRANGERS_OF_NEIGHBOUR: BucketRate = { perSecond: 2, burst: 64 }
/** Cards of one node: one when something has changed, a few at once after a start. */
export const CARDS_OF_NODE: BucketRate = { perSecond: 1 / 30, burst: 8 }

export type CardGossipComponents = {
  readonly gossip: Gossip
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>
  readonly verify: VerifySignature
  /** Where cards survive a restart; absent: they do not. */
  readonly store?: KeyValueStore | undefined
}

export type CardGossipInit = {
  /** Name of the network that messages are of. */
  readonly network: string
  /** Nodes that the owner of this one has named. */
  readonly isNamed: (node: Did) => boolean
  /** Told when the store refused a write; what is in memory goes on. */
  readonly onFailure: (cause: unknown) => void
}

/** Why a card was not taken. */
export type CardRefusal = CardCode | CardReadRefusal | EnvelopeRefusal | 'CARD_TOO_LARGE' | 'CARD_TOO_OFTEN'
export type CardHearing = { readonly verdict: GossipVerdict; readonly code?: CardRefusal }

/** Hears cards, judges them, and keeps those of which `core/market/card-directory.ts` says that they have a place. */
export class CardGossip {
  private readonly components: CardGossipComponents
  private readonly init: CardGossipInit
  private readonly shelf: CardShelf
  private readonly neighbours: RateTable
  private readonly strangers: RateTable
  private readonly nodes: RateTable
  private state: CardDirectoryState
  private readonly watchers = new Set<(node: Did) => void>()
  private end: (() => void) | undefined

  constructor(components: CardGossipComponents, init: CardGossipInit) {
    this.components = components
    this.init = init
    const { clock, store } = components
    const ms = (): number => clock.monotonicMs()
    this.shelf = new CardShelf(store, init.onFailure)
    this.neighbours = new RateTable(CARDS_OF_NEIGHBOUR, ms)
    this.strangers = new RateTable(STRANGERS_OF_NEIGHBOUR, ms)
    this.nodes = new RateTable(CARDS_OF_NODE, ms)
    this.state = CARD_DIRECTORY_MACHINE.initial(undefined)
  }

  /** Reads what was kept, and listens from now on. */
  async start(): Promise<void> {
    for (const kept of await this.shelf.load()) this.putBack(kept)
    this.end = this.components.gossip.subscribe(CARD_TOPIC, {
      judge: (message) => this.hear(message).verdict,
      receive: () => {},
    })
  }

  /** Idempotent. Resolves when everything is with the store. */
  async stop(): Promise<void> {
    this.end?.()
    this.end = undefined
    await this.shelf.flush()
  }

  /** Cards that are valid now. */
  get cards(): readonly CardEntry[] {
    this.prune()
    const found: CardEntry[] = []
    hashTrieForEach(this.state.cards, (entry) => found.push(entry))
    return found
  }

  cardOf(node: Did): CardEntry | undefined {
    const entry = hashTrieGet(this.state.cards, node)
    return entry !== undefined && this.now < entry.until ? entry : undefined
  }

  /**
   * @param onChange Told at once of the node whose card came, was replaced, or is gone.
   * @returns Ends it.
   */
  watch(onChange: (node: Did) => void): () => void {
    this.watchers.add(onChange)
    return () => this.watchers.delete(onChange)
  }

  /** Somebody here deals with the node: no stranger takes its place from now on. */
  know(node: Did): void {
    this.apply({ type: 'card-known', node, at: this.now })
  }

  /** Keeps a card that this node has signed itself. */
  keepOwn(bytes: Uint8Array): void {
    const decoded = decodeCard(bytes, this.reading)
    if (decoded.kind === 'refused') throw new TypeError(`A card of its own is refused: ${decoded.code}`)
    const read = verifyCard(decoded, this.reading)
    if (read.kind === 'refused') throw new TypeError(`A card of its own is refused: ${read.code}`)
    const { iss } = decoded.envelope.head
    this.keep(decoded, { card: read.card, teller: iss, isKnown: true })
  }

  /** What is made of a message: every question that costs nothing comes before the signatures. */
  hear({ from, data }: Pick<GossipMessage, 'from' | 'data'>): CardHearing {
    if (data.byteLength > (TOPIC_BYTES_MAX[CARD_TOPIC] ?? 0)) return { verdict: 'reject', code: 'CARD_TOO_LARGE' }
    if (!this.neighbours.take(from)) return tooOften()
    const decoded = decodeCard(data, this.reading)
    if (decoded.kind === 'refused') return decoded
    const { iss, seq } = decoded.envelope.head
    this.prune()
    if (!isNewerCard(this.state, iss, seq)) return { verdict: 'ignore', code: 'CARD_SEQUENCE_OLD' }
    if (!this.nodes.has(iss)) return tooOften()
    const isStranger = hashTrieGet(this.state.cards, iss) === undefined && !this.init.isNamed(iss)
    if (isStranger && !this.strangers.take(from)) return tooOften()
    const read = verifyCard(decoded, this.reading)
    if (read.kind === 'refused') return read
    // Whoever forges messages of a node must not use up what it may say.
    this.nodes.take(iss)
    return this.keep(decoded, { card: read.card, teller: from, isKnown: this.init.isNamed(iss) })
  }

  private keep(
    { envelope, text }: Pick<DecodedCard, 'envelope' | 'text'>,
    { card, teller, isKnown }: Pick<CardEntry, 'card' | 'teller' | 'isKnown'>,
  ): CardHearing {
    const { iss, seq, prev, exp } = envelope.head
    const message = { envelope: envelope.hash, iss, seq, prev, at: this.now }
    const effects = this.apply({ type: 'card-heard', ...message, card, until: exp, teller, isKnown }, text)
    const refused = effects.find((effect) => effect.type === 'event-refused')
    return refused === undefined ? { verdict: 'accept' } : { verdict: 'ignore', code: refused.code }
  }

  private putBack({ node, text, since, teller, isKnown }: KeptCard): void {
    const reading = this.reading
    const decoded = decodeCard(utf8Bytes(text), reading)
    // This node has looked at the signatures before it wrote the text.
    const read = decoded.kind === 'refused' ? decoded : verifyCard(decoded, { ...reading, verify: () => true })
    if (decoded.kind === 'refused' || read.kind === 'refused') return this.shelf.remove(node)
    const { head, hash } = decoded.envelope
    const message = { envelope: hash, iss: head.iss, seq: head.seq, prev: head.prev, at: since }
    this.apply({ type: 'card-heard', ...message, card: read.card, until: head.exp, teller, isKnown }, text)
  }

  private apply(event: CardDirectoryEvent, text?: string): readonly CardDirectoryEffect[] {
    const { state, effects } = CARD_DIRECTORY_MACHINE.transition(this.state, event)
    this.state = state
    for (const effect of effects) {
      if (effect.type === 'forget-card') this.shelf.remove(effect.node)
      const entry = effect.type === 'keep-card' ? hashTrieGet(state.cards, effect.node) : undefined
      if (entry !== undefined) this.shelf.put(entry, text)
    }
    for (const effect of effects)
      if (effect.type !== 'event-refused') for (const onChange of this.watchers) onChange(effect.node)
    return effects
  }

  private prune(): void {
    this.apply({ type: 'cards-pruned', at: this.now })
  }

  private get now(): Timestamp {
    return this.components.clock.now()
  }

  private get reading(): CardInit {
    const { clock, verify } = this.components
    const clockSkewMs: DurationMs = CLOCK_SKEW_MS
    return { verify, now: clock.now(), clockSkewMs, network: this.init.network }
  }
}

function tooOften(): CardHearing {
  return { verdict: 'ignore', code: 'CARD_TOO_OFTEN' }
}
