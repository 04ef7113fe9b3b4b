import { z } from 'zod'
import { drawFaults, type PlannedFault } from '../../faults/fault-plan.ts'
import { defineScenario, type Play, type PlayEnd, type Scenario } from '../../scenario/scenario.ts'
import type { Stage } from '../../scenario/stage.ts'
import { ChaosMarket } from './chaos-market.ts'
import { ChaosModels } from './chaos-models.ts'
import { ChaosNode } from './chaos-node.ts'
import { CHAOS_KINDS, ChaosFaults } from './chaos-faults.ts'
import { Client } from './client.ts'
import { finishChaos } from './finish.ts'
import { Observers } from './observers.ts'

const schema = z.strictObject({
  /** Machines with accounts and crews. */
  nodes: z.int().min(2).max(8).default(3),
  /** Durable accounts of each machine. */
  accounts: z.int().min(1).max(50).default(6),
  /** Notaries: 1, or 3f + 1; 0: there is no market. Absent: drawn, four in one of four seeds, else one. */
  notaries: z.union([z.literal(0), z.literal(1), z.literal(4), z.literal(7)]).optional(),
  buyers: z.int().min(1).max(20).default(2),
  sellers: z.int().min(1).max(20).default(2),
  /** Purchases of each buyer while there are faults. */
  purchases: z.int().min(0).max(50).default(2),
  /** Faults that are drawn. */
  faults: z.int().min(0).max(500).default(36),
  /** Virtual seconds with faults. */
  seconds: z.int().min(1).max(600).default(12),
})

export type ChaosOptions = z.infer<typeof schema>

const CONVERGE_MS = 240_000

/** Every fault at once, and everything that the product promises looked at. */
export const chaos: Scenario<ChaosOptions> = defineScenario({
  name: 'chaos',
  summary: 'Machines, actors and money under every fault there is',
  schema,
  open: async (stage, options) => await new Chaos(stage, options).open(),
})

export class Chaos {
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

  async open(): Promise<Play> {
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
    const plan = this.plan()
    return {
      playMs: options.seconds * 1_000,
      convergeMs: CONVERGE_MS,
      plan,
      inject: (fault) => faults.inject(fault),
      relieve: (fault) => faults.relieve(fault),
      calm: () => this.calm(),
      watch: () => this.nodes.forEach((node) => node.look()),
      isSettled: () => this.isSettled(),
      finish: async (): Promise<PlayEnd> => await finishChaos(this),
    }
  }

  private plan(): PlannedFault[] {
    const { faults, options, stage } = this
    return drawFaults(stage.random('faults'), {
      kinds: CHAOS_KINDS,
      targetsOf: (kind) => faults.targetsOf(kind),
      count: options.faults,
      untilMs: options.seconds * 1_000,
    })
  }

  private calm(): void {
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
