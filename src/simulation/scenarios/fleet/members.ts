import { amountFromNanos } from '../../../base/money.ts'
import { Agent } from '../../market/agents/agent.ts'
import { ArbiterSeat } from '../../market/agents/arbiter-seat.ts'
import { BuyerSeat } from '../../market/agents/buyer-seat.ts'
import { SellerSeat } from '../../market/agents/seller-seat.ts'
import type { Town } from '../../market/agents/town.ts'
import type { PlannedTask } from '../../market/agents/town-agent.ts'
import { CREDIT_NANOS } from '../../market/economy/economy.ts'
import type { Machine } from '../../machine/machine.ts'
import { TOO_MUCH } from '../../market/agents/agent-record.ts'
import type { Stage } from '../../scenario/stage.ts'
import { fickleStrategy, type Mood } from './fickle.ts'
import type { FleetOptions } from './options.ts'

const FUNDS_NANOS = amountFromNanos(1_000n * CREDIT_NANOS)
/** Of the purchase behind the faults. */
const LAST_TASK = 1_000
/** Of all purchases, those by auction. */
const AUCTION_SHARE = 0.2
/** Before somebody who wants to leave is looked at again. */
const LOOK_MS = 250

/** Who is on the market: who is there from the beginning, who joins while everything goes wrong, and who leaves. */
export class FleetMembers {
  /** Machines of those who have left; nobody waits for them. */
  readonly gone = new Set<Machine>()
  private readonly stage: Stage
  private readonly town: Town
  private readonly options: FleetOptions
  private readonly mood: Mood = { isGood: false }
  private readonly arbiters = new Map<string, ArbiterSeat>()
  private joining = 0
  private leaving = 0

  constructor(stage: Stage, town: Town, options: FleetOptions) {
    this.stage = stage
    this.town = town
    this.options = options
  }

  /** Whoever joins later: sellers and buyers in turn. */
  get joiners(): readonly string[] {
    return indexes(this.options.joiners).map((at) => `${at % 2 === 0 ? 'buyer' : 'seller'}-late-${at}`)
  }

  /** Whoever leaves: never the first seller and the first buyer, without whom nothing would be traded. */
  get leavers(): readonly string[] {
    const { sellers, buyers, arbiters, leavers } = this.options
    const all = [
      ...names('seller', sellers).slice(1),
      ...names('buyer', buyers).slice(1),
      ...names('arbiter', arbiters),
    ]
    const draws = this.stage.random('leavers')
    return all
      .map((name) => ({ name, draw: draws.nextUnit() }))
      .toSorted((left, right) => left.draw - right.draw)
      .slice(0, leavers)
      .map(({ name }) => name)
  }

  /** Nobody comes or goes, and everybody that has not left has what it wanted. */
  get isSettled(): boolean {
    return this.unsettled === undefined
  }

  /** What goes on, in words. */
  get unsettled(): string | undefined {
    if (this.joining > 0) return 'somebody has not joined yet'
    if (this.leaving > 0) return 'somebody has not left yet'
    const busy = this.town.agents.find((agent) => !agent.isSettled && !this.hasGone(agent.name))
    return busy && `${busy.name} waits for the end of a contract`
  }

  async open(): Promise<void> {
    const { arbiters, sellers, buyers } = this.options
    for (const name of names('arbiter', arbiters)) await this.openArbiter(name)
    for (const name of names('seller', sellers)) await this.openAgent(name)
    for (const name of names('buyer', buyers)) await this.openAgent(name)
  }

  /** Somebody of this name comes, however long it takes. */
  join(name: string): void {
    this.joining += 1
    this.openAgent(name).then(
      () => (this.joining -= 1),
      (error: unknown) => this.stage.world.fail(error),
    )
  }

  /** Somebody begins nothing more, and its machine is gone for good when all that it has signed has ended. */
  leave(name: string): void {
    const machine = this.town.market.parties.get(name)?.machine
    if (machine === undefined || this.gone.has(machine)) return
    this.leaving += 1
    this.leaveInOrder(name, machine).then(
      () => (this.leaving -= 1),
      (error: unknown) => this.stage.world.fail(error),
    )
  }

  /** From now on everybody does what was agreed. */
  calm(): void {
    this.mood.isGood = true
  }

  /** Purchases behind the faults, by which the market shows that it goes on. */
  async buyMore(): Promise<void> {
    const { economy } = this.town
    for (const agent of this.town.agents)
      for (const seat of agent.identities)
        if (seat instanceof BuyerSeat && !this.hasGone(agent.name)) {
          const task = economy.task(agent.name, LAST_TASK)
          // Worth more than anybody asks: whether it is bought is no question of its price.
          await (agent as Agent).buy(seat, { ...task, valueNanos: amountFromNanos(10n * task.valueNanos) })
        }
  }

  /** The first of those purchases that did not end as it should have. `isAnyEnd`: they may end in another way. */
  findUnmade(isAnyEnd: boolean): string | undefined {
    const { purchases, agents, economy } = this.town
    const last = new Set(agents.map(({ name }) => economy.task(name, LAST_TASK).key))
    const isBad = (outcome: string | undefined): boolean =>
      isAnyEnd ? outcome === undefined : outcome !== 'FINAL' && outcome !== TOO_MUCH
    const unmade = purchases.find(({ key, outcome }) => last.has(key) && isBad(outcome))
    return unmade && `a purchase of ${unmade.buyer} behind the faults came to ${unmade.outcome ?? 'no end'}`
  }

  private hasGone(name: string): boolean {
    const machine = this.town.market.parties.get(name)?.machine
    return machine !== undefined && this.gone.has(machine)
  }

  private async openArbiter(name: string): Promise<void> {
    this.arbiters.set(name, await ArbiterSeat.open(this.town, name))
  }

  private async openAgent(name: string): Promise<void> {
    const side = name.startsWith('seller') ? 'seller' : 'buyer'
    const usual = { strategy: fickleStrategy(this.mood), isChosen: false, fundsNanos: FUNDS_NANOS } as const
    await Agent.open(this.town, { ...usual, name, side, tasks: side === 'buyer' ? this.tasksOf(name) : [] })
  }

  private tasksOf(name: string): readonly PlannedTask[] {
    const { purchases, seconds } = this.options
    const draws = this.stage.random(`tasks ${name}`)
    return indexes(purchases).map((index) => ({
      task: this.town.economy.task(name, index),
      afterMs: Math.floor(((index + draws.nextUnit()) * seconds * 1_000) / purchases / 1.5),
      isAuction: draws.nextUnit() < AUCTION_SHARE,
    }))
  }

  private async leaveInOrder(name: string, machine: Machine): Promise<void> {
    const agent = this.town.agents.find((each) => each.name === name)
    for (const seat of agent?.identities ?? [])
      if (seat instanceof SellerSeat || seat instanceof BuyerSeat) {
        // Nobody waits for an answer of a process that may end: a seller that does not run, or cannot write, says later that it offers nothing.
        seat.leave().catch((error: unknown) => this.stage.world.fail(error))
        while (seat instanceof SellerSeat && !seat.offersNothing) await this.pause()
      }
    while (agent?.isSettled === false) await this.pause()
    this.gone.add(machine)
    await machine.stop()
  }

  private async pause(): Promise<void> {
    const { world } = this.stage
    await new Promise<void>((resolve) => void world.schedule(LOOK_MS, { kind: 'look', run: resolve }))
  }
}

function names(side: string, count: number): readonly string[] {
  return indexes(count).map((at) => `${side}-${at}`)
}

function indexes(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at)
}
