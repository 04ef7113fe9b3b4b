import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { Transport } from '../../ports/transport.ts'
import { type ControlAnswer, type ControlRequest, invalidRequest, optionalText } from '../control/control-request.ts'
import { CreditDesk } from './credit-desk.ts'
import { EscrowDesk } from './escrow-desk.ts'
import { GovernanceDesk } from './governance-desk.ts'
import { followSteps } from './followed-steps.ts'
import { answerMarket, type MarketDesks } from './market-answers.ts'
import type { MarketInit, MarketTransition, NodeMarket } from './market-init.ts'
import type { MarketKeys } from './market-keys.ts'
import type { MarketComponents, OpenedSet } from './market-components.ts'
import { parseNotarySet } from './read-notary-set.ts'
import { RecoveryDesk } from './recovery-desk.ts'
import { StepFeed } from './step-feed.ts'
import { TradeDesk } from './trade-desk.ts'

export type NodeMarketInit = {
  readonly components: MarketComponents
  readonly init: MarketInit
  readonly keys: MarketKeys
  readonly transport: Transport
  readonly addresses: readonly string[]
  /** Nodes that are asked for offers besides those that are connected. */
  readonly bootstrap: readonly Did[]
  readonly open: (set: NotarySet) => Promise<OpenedSet>
  readonly stop: () => Promise<void>
}

/** A node's part in the market, and what is asked of it. Its notary set is known from the start, or with the first purchase that names one. */
export class NodeMarketDesks implements NodeMarket {
  readonly did: Did
  readonly account: Did | undefined
  readonly addresses: readonly string[]
  private readonly parts: NodeMarketInit
  private readonly feed = new StepFeed<MarketTransition>()
  private readonly stopping = new AbortController()
  private chosen: NotarySet | undefined
  private desks: Promise<MarketDesks> | undefined

  constructor(parts: NodeMarketInit) {
    this.parts = parts
    this.did = parts.keys.node.description.did
    this.account = parts.keys.escrow?.description.did
    this.addresses = parts.addresses
  }

  get set(): NotarySet | undefined {
    return this.chosen
  }

  /** Throws `MARKET_ROLE_MISSING` for another set than the one that is used. */
  async useSet(set: NotarySet): Promise<MarketDesks> {
    if (this.chosen !== undefined && this.chosen.id !== set.id)
      throw new CodedError('MARKET_ROLE_MISSING', {
        message: `This node works with the notary set ${this.chosen.id}, not ${set.id}`,
        details: { remedy: 'Use a node with another data directory for another notary set.' },
      })
    this.chosen = set
    this.desks ??= this.open(set)
    return await this.desks
  }

  async ask(request: ControlRequest, { signal }: AbortOptions = {}): Promise<ControlAnswer> {
    if (this.stopping.signal.aborted) throw new CodedError('MARKET_NOT_OPEN', { message: 'The node is closing' })
    if (request['op'] === 'status') return { kind: 'json', body: this.status() }
    if (request['op'] === 'transitions') return { kind: 'lines', lines: this.lines(signal) }
    const text = optionalText(request, 'set')
    const desks = text === undefined ? await this.known() : await this.useSet(setOf(text))
    return await answerMarket(desks, request, { signal: this.until(signal) })
  }

  transitions({ signal }: { readonly signal: AbortSignal }): AsyncIterable<MarketTransition> {
    return this.feed.follow(this.until(signal))
  }

  async stop(): Promise<void> {
    await this.parts.stop()
  }

  /** Followers end before what they follow. */
  close(): void {
    this.stopping.abort(new CodedError('MARKET_NOT_OPEN', { message: 'The node is closing' }))
  }

  private async open(set: NotarySet): Promise<MarketDesks> {
    const { components, init, keys, bootstrap, transport } = this.parts
    const { notary, party: role, publishWeights } = await this.parts.open(set)
    const { clock, timers } = components
    const recovery = keys.escrow?.description.recovery
    const credits = role && new CreditDesk({ party: role.party, notary, recovery, accounts: role.accounts })
    const recoveries = new RecoveryDesk({ role, notary })
    const peers = (): readonly Did[] =>
      [...new Set([...bootstrap, ...transport.connectedPeers])].filter(isNoMember(set))
    const { findWorker } = init
    const trade =
      role &&
      credits &&
      new TradeDesk({ role, notary, credits, clock, peers, ...(findWorker !== undefined && { findWorker }) })
    followSteps({ notary, role, timers, feed: this.feed, signal: this.stopping.signal })
    const escrow = new EscrowDesk({ role, notary, peers })
    const governance = new GovernanceDesk({ notary, party: role?.party, publishWeights, timers })
    return { notary, role, credits, recoveries, trade, escrow, governance, clock, timers }
  }

  private async known(): Promise<MarketDesks> {
    if (this.desks !== undefined) return await this.desks
    throw new CodedError('MARKET_ROLE_MISSING', {
      message: 'This node knows no notary set yet',
      details: { remedy: 'Start it with --notary-set SET.json, or name the set with the first purchase.' },
    })
  }

  private status(): JsonValue {
    const { keys } = this.parts
    return {
      did: this.did,
      account: this.account ?? null,
      notary: keys.notary?.description.did ?? null,
      listen: [...this.addresses],
      notarySet: this.chosen?.id ?? null,
      peers: [...this.parts.transport.connectedPeers],
    }
  }

  private async *lines(signal: AbortSignal | undefined): AsyncGenerator<string, void, undefined> {
    for await (const step of this.transitions({ signal: signal ?? this.stopping.signal }))
      yield `${JSON.stringify(step)}\n`
  }

  private until(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.stopping.signal : AbortSignal.any([signal, this.stopping.signal])
  }
}

function setOf(text: string): NotarySet {
  try {
    return parseNotarySet(text, 'The notary set')
  } catch (error: unknown) {
    throw CodedError.is(error) ? invalidRequest('set', error.message) : error
  }
}

function isNoMember({ members }: NotarySet): (did: Did) => boolean {
  return (did) => members.every(({ key }) => key !== did)
}
