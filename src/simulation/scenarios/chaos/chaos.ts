import { z } from 'zod'
import { drawFaults, type PlannedFault } from '../../faults/fault-plan.ts'
import { defineScenario, type Play, type PlayEnd, type Scenario } from '../../scenario/scenario.ts'
import type { Stage } from '../../scenario/stage.ts'
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
  /** Faults that are drawn. */
  faults: z.int().min(0).max(500).default(40),
  /** Virtual seconds with faults. */
  seconds: z.int().min(1).max(600).default(20),
})

export type ChaosOptions = z.infer<typeof schema>

const CONVERGE_MS = 60_000

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

  constructor(stage: Stage, options: ChaosOptions) {
    this.stage = stage
    this.options = options
    this.observers = new Observers(stage.checks)
    const names = Array.from({ length: options.nodes }, (_, index) => `node-${index + 1}`)
    const { observers } = this
    this.nodes = names.map(
      (name) => new ChaosNode({ stage, observers, name, accounts: options.accounts, others: () => this.nodes }),
    )
    this.clients = names.map(
      (_, index) =>
        new Client({ stage, observers, name: `client-${index + 1}`, nodes: this.nodes, accounts: options.accounts }),
    )
    this.faults = new ChaosFaults(stage, this.nodes, this.clients)
  }

  async open(): Promise<Play> {
    for (const node of this.nodes) await node.machine.start()
    for (const client of this.clients) await client.start()
    const { stage, faults, options } = this
    stage.agents = this.nodes.reduce((sum, { crew }) => sum + options.accounts + (crew?.size ?? 0), this.clients.length)
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
    for (const node of this.nodes) node.rest()
    for (const client of this.clients) client.rest()
  }

  private isSettled(): boolean {
    return this.observers.open.size === 0 && this.nodes.every(({ accounts }) => accounts?.isQuiet === true)
  }
}
