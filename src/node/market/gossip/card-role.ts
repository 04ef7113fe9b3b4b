import type { Did } from '../../../core/evidence/names.ts'
import type { CardEntry } from '../../../core/market/card-directory.ts'
import { rankCards } from '../../../core/market/rank-cards.ts'
import type { OpenKey } from '../../../keys/store/key-store.ts'
import { createNodeVerifier } from '../../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../../keys/verify-signature.ts'
import { CardGossip } from '../../../market/gossip/card-gossip.ts'
import { CardPublisher, type OwnCard } from '../../../market/gossip/card-publisher.ts'
import { ORDERS, type OrderNote } from '../../../market/parties/buying/buy-order.ts'
import { pause } from '../../../market/parties/contracts/contract-follower.ts'
import type { PartyRole } from '../../../market/parties/role/start-party.ts'
import { skillsOf } from '../../../market/parties/role/party-notes.ts'
import type { Libp2pTransport } from '../../../network/libp2p/libp2p-transport.ts'
import type { Gossip } from '../../../ports/gossip.ts'
import type { MarketComponents } from '../market-components.ts'

/** Named nodes that this one keeps a connection with, and how often it looks. */
const NEIGHBOURS_MAX = 16
const JOIN_MS = 30_000
/** Nodes that are asked because of their cards. */
const NODES_MAX = 16
const DECODER: { decode(bytes: Uint8Array): string } = new TextDecoder()

export type CardRoleInit = {
  readonly components: MarketComponents
  readonly gossip: Gossip
  /** Where other nodes are, and how to become the neighbour of one. */
  readonly neighbours: Pick<Libp2pTransport, 'tell' | 'join'>
  readonly network: string
  /** Of the node. */
  readonly key: OpenKey
  /** Nodes that the operator has named. */
  readonly named: readonly Did[]
  /** Where this node is reached. */
  readonly addresses: () => readonly string[]
}

/** Cards of a running node: what it says of itself, and whom it finds by what others say. */
export class CardRole {
  private readonly init: CardRoleInit
  private readonly cards: CardGossip
  private readonly dealt = new Set<Did>()
  private readonly stopping = new AbortController()
  private party: PartyRole['party'] | undefined
  private joining: Promise<void> | undefined

  constructor(init: CardRoleInit) {
    this.init = init
    const { components, gossip, network, named } = init
    const { clock, directory, onError } = components
    const verify = verifySignatureWith(createNodeVerifier())
    const store = directory.store.sublevel('cards')
    this.cards = new CardGossip(
      { gossip, clock, verify, store },
      { network, isNamed: (node) => named.includes(node) || this.dealt.has(node), onFailure: onError },
    )
  }

  async start(): Promise<void> {
    await this.cards.start()
    this.joining = this.joinNamed()
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    await this.joining
    await this.cards.stop()
  }

  /** Says what the party sells, until it stops. */
  sell({ party, seller, reputation }: PartyRole): void {
    this.party = party
    this.rememberDeals()
    const { components, gossip, key, network } = this.init
    const { clock, timers, random, onError, gossip: settings } = components
    const describe = (): OwnCard => ({
      accounts: [party.did],
      addresses: this.init.addresses().filter((address) => !address.startsWith('/unix/')),
      custody: [...new Set(skillsOf(party).flatMap(([, { custody }]) => custody))].toSorted(),
      models: [...settings.models],
      offers: seller.offers().map(({ kept }) => DECODER.decode(kept.bytes)),
      receipts: [...reputation.receiptsToShow()],
      sealing: key.description.sealingKey,
    })
    const publisher = new CardPublisher(
      { gossip, cards: this.cards, clock, timers, random, signer: key.signer },
      { network, describe, signal: party.signal, onFailure: onError },
    )
    party.begin(async () => await publisher.run())
  }

  /** Cards that are known now, this node's own left out. */
  known(): readonly CardEntry[] {
    const own = this.init.key.description.did
    return this.cards.cards.filter(({ card }) => card.node !== own)
  }

  cardOf(node: Did): CardEntry | undefined {
    return this.cards.cardOf(node)
  }

  /**
   * @param onChange Told at once of the node whose card came, was replaced, or is gone.
   * @returns Ends it.
   */
  watch(onChange: (node: Did) => void): () => void {
    return this.cards.watch(onChange)
  }

  /** Nodes that say that they sell a skill, where the operator wants them asked; from now on this node knows where they are. */
  discover(skill: string): readonly Did[] {
    const { components, neighbours } = this.init
    if (!components.gossip.isDiscovering) return []
    this.rememberDeals()
    const found = rankCards(this.known(), { skill, at: components.clock.now(), nodesMax: NODES_MAX })
    return found.map(({ card, teller }) => {
      for (const address of card.addresses) neighbours.tell(card.node, { address, teller })
      return card.node
    })
  }

  /** Without a neighbour nothing is heard: those whom the operator named are joined, and again when they were away. */
  private async joinNamed(): Promise<void> {
    const { components, neighbours, named } = this.init
    const { signal } = this.stopping
    while (!signal.aborted) {
      this.rememberDeals()
      // Who is not there, or on this machine alone, is tried again in its time.
      await Promise.allSettled(named.slice(0, NEIGHBOURS_MAX).map(async (node) => await neighbours.join(node)))
      await pause(components.timers, JOIN_MS, signal)
    }
  }

  /** Nodes with which there was a contract keep their places. */
  private rememberDeals(): void {
    for (const [, note] of this.party?.journal.notesOf(ORDERS) ?? []) {
      // Written by the buyer.
      const { contract, peer } = note as unknown as OrderNote
      if (contract === undefined || peer === undefined || this.dealt.has(peer)) continue
      this.dealt.add(peer)
      this.cards.know(peer)
    }
  }
}
