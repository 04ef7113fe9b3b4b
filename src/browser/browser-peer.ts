import { CodedError } from '../base/errors.ts'
import type { EscrowState } from '../core/escrow/escrow-state.ts'
import { type ContractId, type Did, type Hash, parseContractId } from '../core/evidence/names.ts'
import { readArtifact } from '../market/parties/artifacts/artifact-files.ts'
import type { BuyCode } from '../market/parties/buying/buy-codes.ts'
import { type DisclosureLine, discloseOf } from '../market/parties/buying/disclosure.ts'
import { CONTRACTS, type ContractNote } from '../market/parties/contracts/contract-notes.ts'
import type { InboxRow } from '../market/parties/inbox.ts'
import type { MarketWorker } from '../market/parties/role/market-worker.ts'
import { SKILLS } from '../market/parties/role/party-notes.ts'
import type { PartyRole } from '../market/parties/role/start-party.ts'
import { Turns } from '../market/parties/turns.ts'
import type { KeptConnections } from '../network/kept-connections.ts'
import type { Libp2pTransport } from '../network/libp2p/libp2p-transport.ts'
import type { AccountsPage, ContractView, NotaryClient } from '../ports/notary-client.ts'
import {
  agentOf,
  buyRequestOf,
  findPageWorker,
  isSameOffer,
  offerTermsOf,
  type PageOffer,
  type PageOrder,
} from './page-trade.ts'

export type BrowserPeerParts = {
  readonly role: PartyRole
  readonly notary: NotaryClient
  readonly transport: Libp2pTransport
  readonly kept: KeptConnections
  readonly workers: Readonly<Record<string, MarketWorker>>
  readonly isPersistent: () => boolean
  readonly close: () => Promise<void>
}

/** How far a purchase has come. */
export type PagePurchase = {
  readonly key: string
  /** `null` before one was written. */
  readonly contract: ContractId | null
  /** How its contract ended, such as `FINAL`; `null` while it goes on. */
  readonly ended: string | null
  /** Why it came to nothing; `null` otherwise. */
  readonly failed: { readonly code: BuyCode; readonly reason: string | null; readonly detail: string | null } | null
}

/** A standing offer of this page. */
export type PageStandingOffer = {
  readonly offer: Hash
  readonly skill: string
  readonly priceNanos: bigint
  readonly validUntil: number
}

/** A party of the market in a page. A closed tab is a party that has crashed: opened again, it goes on with what its journal says. */
export class BrowserPeer {
  /** Who this page is to other nodes. */
  readonly did: Did
  /** Whose contracts and credits these are. */
  readonly account: Did
  private readonly parts: BrowserPeerParts
  private readonly turns = new Turns()
  private closing: Promise<void> | undefined

  constructor(parts: BrowserPeerParts) {
    this.parts = parts
    this.did = parts.transport.did
    this.account = parts.role.party.did
  }

  /** Whether the browser has promised to keep what is stored until the user clears it. Without it keys and journal may go when room is short, and contracts end by their timers. */
  get isPersistent(): boolean {
    return this.parts.isPersistent()
  }

  /** Nodes that are connected now. */
  get connected(): readonly Did[] {
    return this.parts.transport.connectedPeers
  }

  /** Contracts under way, and the state of each as the notary set has certified it. */
  get contracts(): ReadonlyMap<ContractId, EscrowState['kind']> {
    return new Map([...this.parts.role.party.states].map(([contract, { kind }]) => [contract, kind]))
  }

  /** What needs an act, the nearest deadline first. */
  get inbox(): readonly InboxRow[] {
    return this.parts.role.party.inbox()
  }

  /** Calls back when a node came or went, or a contract took a step. @returns Ends it. */
  watch(listener: () => void): () => void {
    const ends = [this.parts.kept.watch(listener), this.parts.role.party.watchInbox(listener)]
    return () => ends.forEach((end) => end())
  }

  /** Which data of a purchase would reach whom: to be shown before `buy`. Nobody is asked but the notary set, and that nothing of the purchase. Throws as `buy`. */
  async disclosure(order: PageOrder): Promise<readonly DisclosureLine[]> {
    const { role, notary } = this.parts
    await role.parameters.refresh()
    const request = buyRequestOf(order, role.parameters)
    const notaries = notary.set.members.map(({ key }) => key)
    const isInputFirst = request.custody === 'C3' && role.buyer.policy.penaltyPerMillion > 0
    return discloseOf({ request, nodes: this.sellers(), notaries, isInputFirst })
  }

  /**
   * Begins a purchase, or finds the one that its key names. Throws `REQUEST_INVALID`, `MARKET_KEY_CONFLICT` where the key names another order, `EVIDENCE_FILE_LARGE` and
   * `EVIDENCE_FULL` beyond the limits of the page, and what the store says.
   */
  async buy(order: PageOrder): Promise<PagePurchase> {
    const { role } = this.parts
    await role.parameters.refresh()
    const request = { ...buyRequestOf(order, role.parameters), peers: this.sellers() }
    await this.turns.take(order.key, async () => void (await role.buyer.buy(request)))
    return this.purchase(order.key)
  }

  /** A purchase as it stands. Throws `MARKET_OBJECT_UNKNOWN`. */
  purchase(key: string): PagePurchase {
    const { role } = this.parts
    const order = role.buyer.order(key)
    if (order === undefined)
      throw new CodedError('MARKET_OBJECT_UNKNOWN', {
        message: `There is no purchase ${key}`,
        details: { remedy: 'Give the key with which it was bought.' },
      })
    const contract = parseContractId(order.contract ?? '')
    const note = contract && role.party.noteOf<ContractNote>(CONTRACTS, contract)
    const { failed } = order
    return {
      key,
      contract: contract ?? null,
      ended: note?.ended ?? null,
      failed: failed ? { code: failed.code, reason: failed.reason ?? null, detail: failed.detail ?? null } : null,
    }
  }

  /** The purchase, once nothing goes on with it any more: its contract has ended, or it came to none. Throws `MARKET_OBJECT_UNKNOWN`. */
  async ended(key: string): Promise<PagePurchase> {
    if (this.purchase(key).ended === null) await this.parts.role.buyer.ended(key)
    return this.purchase(key)
  }

  /** What was delivered; `undefined` where nothing was, or it is not kept any more. Throws `MARKET_OBJECT_UNKNOWN`. */
  async result(key: string): Promise<Uint8Array | undefined> {
    const { contract } = this.purchase(key)
    const view = contract === null ? undefined : await this.contract(contract)
    const hash = view?.resultHash ?? undefined
    if (contract === null || hash === undefined) return undefined
    const { party } = this.parts.role
    const note = party.noteOf<ContractNote>(CONTRACTS, contract)
    // One that is in pieces has its size in the note.
    const sizeBytes = note?.result === hash ? (note.resultBytes ?? 0) : 0
    return await readArtifact(party.journal, { hash, sizeBytes })
  }

  /** A contract as the notary set keeps it; `undefined` where the set does not know it. */
  async contract(contract: ContractId): Promise<ContractView | undefined> {
    return await this.parts.notary.contract(contract)
  }

  /** What this page has, in all currencies. */
  async accounts(): Promise<AccountsPage> {
    return await this.parts.notary.accounts({ owner: this.account })
  }

  /** Offers a skill to the nodes that this page is connected with, and to whoever asks over them. Throws `REQUEST_INVALID`, `MARKET_ROLE_MISSING` for a skill without a worker. */
  async offer(offer: PageOffer): Promise<Hash> {
    const { role, workers } = this.parts
    const terms = offerTermsOf(offer, role.party.components.clock.now())
    const { skill, currency } = terms
    const agent = agentOf(skill)
    if (findPageWorker(workers, agent) === undefined)
      throw new CodedError('MARKET_ROLE_MISSING', {
        message: `This page has no worker for ${skill}`,
        details: { remedy: 'Give one with `workers` when the peer is opened.' },
      })
    return await this.turns.take(agent, async () => {
      await role.party.keep(SKILLS, skill, { agent, custody: ['C2', 'C3'] })
      const standing = role.seller.offers().filter(({ terms: one }) => one.skill === skill && one.currency === currency)
      const same = standing.find((one) => isSameOffer(one.terms, terms))
      if (same !== undefined) return same.id
      for (const { id } of standing) await role.seller.withdraw(id)
      return await role.seller.offer(terms, `${skill}/${currency}/${terms.validFrom}`)
    })
  }

  /** Takes an offer back; contracts that were signed go on. */
  async withdraw(offer: Hash): Promise<void> {
    await this.parts.role.seller.withdraw(offer)
  }

  /** Offers of this page that stand. */
  offers(): readonly PageStandingOffer[] {
    return this.parts.role.seller.offers().map(({ id, terms }) => ({
      offer: id,
      skill: terms.skill,
      priceNanos: terms.priceNanos,
      validUntil: terms.validUntil,
    }))
  }

  /** Stops, and lets another tab have the store. What is under way goes on when it is opened again. Idempotent. */
  async close(): Promise<void> {
    this.closing ??= this.parts.close()
    await this.closing
  }

  /** Nodes that are asked for offers: those that it stays connected with, and those that are connected, without the notaries. */
  private sellers(): readonly Did[] {
    const { notary, kept } = this.parts
    const notaries = new Set(notary.set.members.map(({ key }) => key))
    return [...new Set([...kept.peers, ...this.connected])].filter((peer) => !notaries.has(peer))
  }
}
