import type { Amount } from '../../../base/money.ts'
import type { RandomStream } from '../../../base/random-stream.ts'
import { honestBuyer, honestSeller } from '../strategies/honest.ts'
import type {
  AgentIdentity,
  AgentSelf,
  BuyerPlay,
  BuyerTask,
  SellerPlay,
  Strategy,
  StrategyParameters,
} from '../strategies/strategy.ts'
import { BuyerSeat } from './buyer-seat.ts'
import { SellerSeat } from './seller-seat.ts'
import type { Town } from './town.ts'
import type { PlannedTask, TownAgent } from './town-agent.ts'

export type AgentInit = {
  readonly name: string
  readonly side: 'seller' | 'buyer'
  readonly strategy: Strategy
  readonly isChosen: boolean
  readonly fundsNanos: Amount
  readonly tasks: readonly PlannedTask[]
}

type AddInit = Parameters<AgentSelf['addIdentity']>[0]

/** The owner of one or more parties of the market: decides as its strategy says, remembers across the deaths of processes, and counts what things truly cost. */
export class Agent implements TownAgent {
  readonly name: string
  readonly side: 'seller' | 'buyer'
  readonly strategy: Strategy
  readonly isChosen: boolean
  readonly random: RandomStream
  private readonly town: Town
  private readonly seats: (SellerSeat | BuyerSeat)[] = []
  paidInNanos = 0n
  workNanos = 0n
  inspectionNanos = 0n
  attempts = 0
  successes = 0
  private readonly init: AgentInit
  private readonly sellerPlay: SellerPlay
  private readonly buyerPlay: BuyerPlay
  private readonly isBuyerOwn: boolean

  private constructor(town: Town, init: AgentInit) {
    const { name, side, strategy, isChosen } = init
    this.town = town
    this.init = init
    this.name = name
    this.side = side
    this.strategy = strategy
    this.isChosen = isChosen
    this.random = town.random(`agent/${name}`)
    // Before anybody asks for its play, so that rings are whole when strategies look at them.
    town.agents.push(this)
    this.sellerPlay = { ...honestSeller(this), ...strategy.seller?.(this) }
    const own = strategy.buyer?.(this)
    this.buyerPlay = { ...honestBuyer(this), ...own }
    this.isBuyerOwn = own?.decide !== undefined
  }

  /** Joins the market. */
  static async open(town: Town, init: AgentInit): Promise<Agent> {
    const agent = new Agent(town, init)
    await agent.take(init.name, { side: init.side, fundsNanos: init.fundsNanos })
    return agent
  }

  get parameters(): StrategyParameters {
    return this.town.parameters
  }

  get ring(): readonly TownAgent[] {
    return this.town.ringOf(this)
  }

  get identities(): readonly AgentIdentity[] {
    return this.seats
  }

  /** Whether all that it wanted has come to its end. */
  get isSettled(): boolean {
    return this.seats.every((seat) => seat.isSettled)
  }

  nowMs(): number {
    return this.town.market.stage.world.nowMs()
  }

  count(what: 'attempt' | 'success'): void {
    if (what === 'attempt') this.attempts += 1
    else this.successes += 1
  }

  async changeIdentity(fundsNanos: Amount): Promise<AgentIdentity> {
    for (const seat of this.seats) if (seat.side === this.side) await seat.leave()
    return await this.take(`${this.name}.${this.seats.length}`, { side: this.side, fundsNanos })
  }

  async addIdentity(init: AddInit): Promise<AgentIdentity> {
    return await this.take(`${this.name}.${this.seats.length}`, init)
  }

  async buy(identity: AgentIdentity, task: BuyerTask): Promise<void> {
    const seat = this.seats.find((one) => one.name === identity.name)
    if (!(seat instanceof BuyerSeat)) throw new RangeError(`${identity.name} is no buyer`)
    await seat.purchase(task, false)
  }

  private async take(name: string, { side, fundsNanos, seller, buyer }: AddInit): Promise<SellerSeat | BuyerSeat> {
    const owner = { agent: this, town: this.town }
    const isFirst = name === this.init.name
    const seat =
      side === 'seller'
        ? new SellerSeat(owner, { name, play: { ...this.sellerPlay, ...seller } })
        : new BuyerSeat(owner, {
            name,
            play: { ...this.buyerPlay, ...buyer },
            isOwn: this.isBuyerOwn || buyer?.decide !== undefined,
            tasks: isFirst ? this.init.tasks : [],
          })
    this.seats.push(seat)
    this.paidInNanos += fundsNanos
    await seat.join(fundsNanos)
    return seat
  }
}
