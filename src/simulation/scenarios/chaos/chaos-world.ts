import { drawFaults, type PlannedFault } from '../../faults/fault-plan.ts'
import type { Stage } from '../../scenario/stage.ts'
import { drawAttrition } from './attrition.ts'
import { CHAOS_KINDS, ChaosFaults } from './chaos-faults.ts'
import { ChaosMarket } from './chaos-market.ts'
import { ChaosModels } from './chaos-models.ts'
import { ChaosNode } from './chaos-node.ts'
import { Client } from './client.ts'
import { Observers } from './observers.ts'
import type { ChaosOptions } from './options.ts'

/** Machines with accounts and crews, their clients, models and a market, and what befalls them. */
export class ChaosWorld {
  readonly stage: Stage
  readonly options: ChaosOptions
  readonly observers: Observers
  readonly nodes: readonly ChaosNode[]
  readonly clients: readonly Client[]
  readonly faults: ChaosFaults
  readonly models: ChaosModels
  market: ChaosMarket | undefined

  constructor(stage: Stage, options: ChaosOptions) {
    this.stage = stage
    this.options = options
    this.observers = new Observers(stage.checks)
    const names = Array.from({ length: options.nodes }, (_, index) => `node-${index + 1}`)
    this.models = new ChaosModels(stage)
    const { observers, models } = this
    this.nodes = names.map(
      (name) => new ChaosNode({ stage, observers, models, name, accounts: options.accounts, others: () => this.nodes }),
    )
    this.clients = names.map(
      (_, index) =>
        new Client({ stage, observers, name: `client-${index + 1}`, nodes: this.nodes, accounts: options.accounts }),
    )
    this.faults = new ChaosFaults(this, stage)
  }

  /** Begins everything that is there before the first fault. */
  async open(): Promise<void> {
    for (const node of this.nodes) await node.machine.start()
    for (const client of this.clients) await client.start()
    const { stage, faults, options } = this
    const drawn = stage.random('notaries').nextUnit() < 0.25 ? 4 : 1
    const { notaries = drawn, buyers, sellers, purchases: tasks, seconds } = options
    if (notaries > 0) {
      this.market = await ChaosMarket.open(stage, { notaries, buyers, sellers, tasks, playMs: seconds * 1_000 })
      faults.joined(this.market)
    }
    stage.agents =
      (this.market?.agents ?? 0) +
      this.nodes.reduce((sum, { crew }) => sum + options.accounts + (crew?.size ?? 0), this.clients.length)
  }

  /** Faults drawn for the seed. */
  plan(): PlannedFault[] {
    const { faults, market, nodes, options, stage } = this
    if (options.faults === 0) return []
    const untilMs = options.seconds * 1_000
    const drawn = drawFaults(stage.random('faults'), {
      kinds: CHAOS_KINDS,
      targetsOf: (kind) => faults.targetsOf(kind),
      count: options.faults,
      untilMs,
    })
    const deaths = drawAttrition(stage.random('attrition'), {
      nodes: nodes.map(({ name }) => name),
      traders: market?.machines.map(({ name }) => name) ?? [],
      keepers: market?.town.market.notaries.map(({ machine }) => machine.name) ?? [],
      untilMs,
      firstId: options.faults,
    })
    return [...drawn, ...deaths].toSorted((left, right) => left.atMs - right.atMs || left.id - right.id)
  }

  /** All faults end, and clients begin nothing more. */
  calm(): void {
    this.faults.calm()
    this.market?.calm()
    for (const node of this.nodes) node.rest()
    for (const client of this.clients) client.rest()
  }

  /** Whether all that anybody has begun has come to its end. */
  isSettled(): boolean {
    return this.unsettled() === undefined
  }

  /** What goes on, in words; `undefined`: nothing. */
  unsettled(): string | undefined {
    const down = this.stage.machines.find(({ isUp }) => !isUp)
    if (down !== undefined) return `${down.name} is down`
    const [open] = this.observers.open.values()
    if (open !== undefined) return `${open.node}/${open.account} has not taken ${open.command.key}`
    for (const { name, accounts, desk } of this.nodes) {
      if (accounts?.isQuiet !== true) return `an account of ${name} has something to do`
      if (!desk.isQuiet) return `a task of ${name} has no answer`
    }
    const busy = this.market?.town.agents.find(({ isSettled }) => !isSettled)
    return busy && `${busy.name} waits for the end of a contract`
  }
}
