import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { WeightTable } from '../../core/governance/weight-table.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import type { SetLineage } from '../../core/notary/set-lineage.ts'
import type { PeerBans } from '../../network/peer-bans.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { Transport } from '../../ports/transport.ts'
import { type ControlAnswer, type ControlRequest, invalidRequest, optionalText } from '../control/control-request.ts'
import { isAmong, otherSet } from './choose-set.ts'
import { CreditDesk } from './desks/credit-desk.ts'
import { EscrowDesk } from './desks/escrow-desk.ts'
import { GovernanceDesk } from './desks/governance-desk.ts'
import { plain } from './desks/plain-json.ts'
import { followProgress } from './desks/followed-progress.ts'
import { followSteps } from './desks/followed-steps.ts'
import { answerMarket, type MarketDesks } from './desks/market-answers.ts'
import type { CardRole } from './gossip/card-role.ts'
import { PeerDesk, type PeerWays } from './desks/peer-desk.ts'
import { findSilent } from './find-silent.ts'
import type { MarketInit, MarketProgress, MarketTransition, NodeMarket, SilentNode } from './market-init.ts'
import type { MarketKeys } from './market-keys.ts'
import type { MarketComponents, OpenedSet } from './market-components.ts'
import type { PeerAddress } from '../../wire/v1/peer-address.ts'
import { parseNotarySet } from './read-notary-set.ts'
import { refuseUnreachable } from './reachable-address.ts'
import { RecoveryDesk } from './desks/recovery-desk.ts'
import { StepFeed } from './desks/step-feed.ts'
import { TradeDesk } from './desks/trade-desk.ts'

export type NodeMarketInit = {
  readonly components: MarketComponents
  readonly init: MarketInit
  readonly keys: MarketKeys
  readonly transport: Transport
  readonly addresses: readonly string[]
  /** Nodes that are asked for offers besides those that are connected. */
  readonly bootstrap: readonly PeerAddress[]
  /** What other nodes say of themselves; absent where it is not heard. */
  readonly cards: CardRole | undefined
  /** Whom this node keeps away. */
  readonly bans: PeerBans
  /** Its transports, those of its notary as well. */
  readonly ways: readonly PeerWays[]
  readonly open: (lineage: SetLineage) => Promise<OpenedSet>
  readonly stop: () => Promise<void>
}

/** A node's part in the market, and what is asked of it. Its notary set is known from the start, or with the first purchase that names one. */
export class NodeMarketDesks implements NodeMarket {
  readonly did: Did
  readonly account: Did | undefined
  readonly addresses: readonly string[]
  private readonly parts: NodeMarketInit
  private readonly feed = new StepFeed<MarketTransition>()
  private readonly progressFeed = new StepFeed<MarketProgress>()
  private readonly stopping = new AbortController()
  private readonly peers: PeerDesk
  private chosen: SetLineage | undefined
  private desks: Promise<MarketDesks> | undefined

  constructor(parts: NodeMarketInit) {
    this.parts = parts
    this.did = parts.keys.node.description.did
    this.account = parts.keys.escrow?.description.did
    this.addresses = parts.addresses
    const isNotary = (peer: Did): boolean => this.chosen !== undefined && !isNoMember(this.chosen.set)(peer)
    this.peers = new PeerDesk({ clock: parts.components.clock, bans: parts.bans, ways: parts.ways, isNotary })
  }

  get transport(): Transport {
    return this.parts.transport
  }

  get set(): NotarySet | undefined {
    return this.chosen?.set
  }

  /** Throws `NOTARY_SET_OTHER` for another set than the one that is used. */
  async useSet(lineage: SetLineage): Promise<MarketDesks> {
    const { set } = lineage
    const { chosen } = this
    if (chosen !== undefined && chosen.set.id !== set.id && !isAmong(chosen, set))
      throw isAmong(lineage, chosen.set)
        ? otherSet(`The set ${set.id} follows the one of this node: start the node again with --notary-set`)
        : otherSet(`This node works with the notary set ${chosen.set.id}, not ${set.id}`)
    if (chosen === undefined) {
      for (const { address } of set.members) refuseUnreachable(address)
      this.chosen = lineage
    }
    this.desks ??= this.open(this.chosen ?? lineage)
    return await this.desks
  }

  async ask(request: ControlRequest, { signal }: AbortOptions = {}): Promise<ControlAnswer> {
    if (this.stopping.signal.aborted) throw new CodedError('MARKET_NOT_OPEN', { message: 'The node is closing' })
    if (request['op'] === 'status') return { kind: 'json', body: this.status() }
    if (request['op'] === 'sellers') return { kind: 'json', body: this.sellers(optionalText(request, 'skill')) }
    if (request['op'] === 'transitions') return { kind: 'lines', lines: this.lines(signal) }
    const aboutPeers = await this.peers.answer(request)
    if (aboutPeers !== undefined) return { kind: 'json', body: aboutPeers }
    const text = optionalText(request, 'set')
    const desks = text === undefined ? await this.known() : await this.useSet(setOf(text))
    return await answerMarket(desks, request, { signal: this.until(signal) })
  }

  transitions({ signal }: { readonly signal: AbortSignal }): AsyncIterable<MarketTransition> {
    return this.feed.follow(this.until(signal))
  }

  progress({ signal }: { readonly signal: AbortSignal }): AsyncIterable<MarketProgress> {
    return this.progressFeed.follow(this.until(signal))
  }

  async findSilent({ signal }: AbortOptions = {}): Promise<readonly SilentNode[]> {
    const { bootstrap, transport } = this.parts
    return await findSilent(transport, bootstrap, this.until(signal))
  }

  async stop(): Promise<void> {
    await this.parts.stop()
  }

  /** Followers end before what they follow. */
  close(): void {
    this.stopping.abort(new CodedError('MARKET_NOT_OPEN', { message: 'The node is closing' }))
  }

  private async open(lineage: SetLineage): Promise<MarketDesks> {
    const { components, init, keys, transport, cards } = this.parts
    const bootstrap = this.parts.bootstrap.map(({ did }) => did)
    const { notary, party: role, books } = await this.parts.open(lineage)
    const { clock, timers } = components
    const recovery = keys.escrow?.description.recovery
    const credits = role && new CreditDesk({ party: role.party, notary, recovery, accounts: role.accounts })
    const recoveries = new RecoveryDesk({ role, notary })
    const peers = (skill?: string): readonly Did[] => {
      const found = skill === undefined ? [] : (cards?.discover(skill) ?? [])
      // Whoever comes in under many keys takes no place of those whom this node has chosen.
      return [...new Set([...bootstrap, ...found, ...transport.connectedPeers])].filter(isNoMember(lineage.set))
    }
    if (role !== undefined) components.onBuyer?.({ role, set: lineage.set, nodes: peers, cards })
    const { findWorker } = init
    const trade =
      role &&
      credits &&
      new TradeDesk({
        role,
        notary,
        credits,
        clock,
        peers,
        isCallingOpenly: components.gossip.isCallingOpenly,
        ...(findWorker !== undefined && { findWorker }),
      })
    followSteps({ notary, role, timers, feed: this.feed, signal: this.stopping.signal })
    if (role !== undefined)
      followProgress({
        board: role.party.progress,
        feed: this.progressFeed,
        timers,
        signal: this.stopping.signal,
      })
    const escrow = new EscrowDesk({ role, notary, peers })
    const publishWeights = books && ((table: WeightTable): void => books.publishWeights(table))
    const governance = new GovernanceDesk({ notary, party: role?.party, publishWeights, timers })
    return { notary, books, role, credits, recoveries, trade, escrow, governance, clock, timers }
  }

  private async known(): Promise<MarketDesks> {
    if (this.desks !== undefined) return await this.desks
    throw new CodedError('MARKET_ROLE_MISSING', {
      message: 'This node knows no notary set yet',
      details: { remedy: 'Start it with --notary-set SET.json, or name the set with the first purchase.' },
    })
  }

  private status(): JsonValue {
    const { keys, cards, components } = this.parts
    return {
      did: this.did,
      account: this.account ?? null,
      notary: keys.notary?.description.did ?? null,
      listen: [...this.addresses],
      notarySet: this.chosen?.set.id ?? null,
      peers: [...this.parts.transport.connectedPeers],
      cards: cards?.known().length ?? 0,
      convicted: components.convicted.list.map(({ member, kind }) => ({ member, kind })),
    }
  }

  /** What other nodes say that they sell. */
  private sellers(skill: string | undefined): JsonValue {
    const sellers = this.parts.cards?.known().map(({ card, until, isKnown }) => {
      const offers = card.offers.filter(({ terms }) => skill === undefined || terms.skill === skill)
      const { node, addresses, custody, models, receipts } = card
      const shown = offers.map(({ id, seller, terms }) => ({ offer: id, seller, ...terms }))
      return { node, until, isKnown, addresses, custody, models, offers: shown, receipts }
    })
    return { sellers: plain((sellers ?? []).filter(({ offers }) => offers.length > 0)) }
  }

  private async *lines(signal: AbortSignal | undefined): AsyncGenerator<string, void, undefined> {
    for await (const step of this.transitions({ signal: signal ?? this.stopping.signal }))
      yield `${JSON.stringify(step)}\n`
  }

  private until(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.stopping.signal : AbortSignal.any([signal, this.stopping.signal])
  }
}

function setOf(text: string): SetLineage {
  try {
    return parseNotarySet(text, 'The notary set')
  } catch (error: unknown) {
    throw CodedError.is(error) ? invalidRequest('set', error.message) : error
  }
}

function isNoMember({ members }: NotarySet): (did: Did) => boolean {
  return (did) => members.every(({ key }) => key !== did)
}
