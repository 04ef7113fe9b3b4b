import type { RandomStream } from '../../../base/random-stream.ts'
import type { ContractId, Did } from '../../../core/evidence/names.ts'
import type { BuyerPolicy } from '../../../market/parties/buying/buy-order.ts'
import type { Economy } from '../economy/economy.ts'
import type { SimulatedMarket } from '../simulated-market.ts'
import type { StrategyParameters } from '../strategies/strategy.ts'
import type { PurchaseRecord } from './agent-record.ts'
import type { TownAgent, TownArbiter } from './town-agent.ts'

/** What everybody in a marketplace plays by. */
export type TownRules = {
  readonly custody: 'C2' | 'C3'
  /** Spans, bonds, penalties and deposits of the contracts that buyers write. */
  readonly buying: Partial<BuyerPolicy>
  /** Arbiters that have to agree. */
  readonly rulers: number
  /** Arbiters that see the contrary of what is there, 0 to 1. */
  readonly arbiterError: number
  /** What it costs a buyer to look at a result, of its value, in millionths. */
  readonly inspectionPerMillion: number
  /** Of the value of a task: what its buyer pays at most, in millionths. */
  readonly reservePerMillion: number
  /** Below this standing nobody works for a buyer, parts per million. */
  readonly reputationPpmMin: number
  /** Between two looks of a seller at what it asks, virtual ms; 0: it says it once. */
  readonly offersEveryMs: number
}

export type TownInit = {
  readonly market: SimulatedMarket
  readonly economy: Economy
  readonly rules: TownRules
  readonly parameters: StrategyParameters
}

/** Who is in a marketplace, where they find each other, and what they have done. It is no part of the market: the world outside of it. */
export class Town {
  readonly market: SimulatedMarket
  readonly economy: Economy
  readonly rules: TownRules
  readonly parameters: StrategyParameters
  readonly agents: TownAgent[] = []
  readonly arbiters: TownArbiter[] = []
  readonly purchases: PurchaseRecord[] = []
  /** Contracts whose parties have called for arbiters. */
  readonly disputed = new Set<ContractId>()
  private readonly sellers = new Set<Did>()
  private readonly owners = new Map<Did, TownAgent>()

  constructor({ market, economy, rules, parameters }: TownInit) {
    this.market = market
    this.economy = economy
    this.rules = rules
    this.parameters = parameters
  }

  /** Keys of the arbiters, as contracts list them. */
  get arbiterKeys(): readonly Did[] {
    return this.arbiters.map(({ did }) => did).toSorted()
  }

  /** Nodes at which sellers are. */
  get sellerKeys(): readonly Did[] {
    return [...this.sellers]
  }

  random(name: string): RandomStream {
    return this.market.stage.random(`town/${name}`)
  }

  /** Agents of one side and strategy. */
  ringOf({ side, strategy }: TownAgent): readonly TownAgent[] {
    return this.agents.filter((other) => other.side === side && other.strategy === strategy)
  }

  ownerOf(key: Did): TownAgent | undefined {
    return this.owners.get(key)
  }

  announce(key: Did, owner: TownAgent, isSeller: boolean): void {
    this.owners.set(key, owner)
    if (isSeller) this.sellers.add(key)
  }

  /** Nobody is told of it any more. */
  forget(key: Did): void {
    this.sellers.delete(key)
  }

  /** A party of a contract calls for the arbiters that it names. */
  dispute(contract: ContractId): void {
    if (this.disputed.has(contract)) return
    this.disputed.add(contract)
    for (const arbiter of this.arbiters) arbiter.take(contract)
  }
}
