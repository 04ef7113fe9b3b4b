import { assert } from '../../../base/assert.ts'
import { CodedError } from '../../../base/errors.ts'
import { DEFAULT_TENANT, parseTaskId } from '../../../base/identifiers.ts'
import { amountFromNanos } from '../../../base/money.ts'
import type { ContractId, Did } from '../../../core/evidence/names.ts'
import type { PolicyArtefact } from '../../../core/policy/policy-artefact.ts'
import { CONTRACTS, type ContractNote, readTerms } from '../../../market/parties/contracts/contract-notes.ts'
import type { Party } from '../../../market/parties/party.ts'
import { PartyPeerMarket } from '../../../market/peers/party-peer-market.ts'
import type { RouteResult } from '../../../ports/router.ts'
import type { Machine } from '../../machine/machine.ts'
import { PriceBook } from '../../models/price-book.ts'
import { SimulatedProvider } from '../../models/simulated-provider.ts'
import type { SimulatedTask } from '../../models/simulated-task.ts'
import type { SimulatedMarket } from '../../market/simulated-market.ts'
import { bootRouter, type RouterWork } from '../../router/boot-router.ts'
import type { RouterMachineInit } from '../../router/router-parts.ts'
import type { Stage } from '../../scenario/stage.ts'
import type { PeerTierOptions } from './options.ts'
import { PEER_SKILL } from './peer-shop.ts'
import type { PeerTasks } from './peer-tasks.ts'

export type PeerNodeInit = {
  readonly name: string
  readonly tasks: PeerTasks
  readonly options: PeerTierOptions
  readonly artefact: PolicyArtefact | undefined
  readonly best: string
}

/** One task and what came of it; `undefined` where it failed. */
export type Served = { readonly task: SimulatedTask; readonly result: RouteResult | undefined; readonly code?: string }

/** Why a task has no answer of a node that was killed. */
const DOWN = 'DOWN'
/** What the operator lets the node spend on answers. */
export const FUNDS_NANOS: bigint = 1_000_000_000_000n
const PRICE_NANOS_MAX = 100_000_000n
const USD_NANOS_PER_CREDIT = 1_000_000_000n
const REFRESH_MS = 5_000

/** A node with the product's router; with a market at hand it buys from peers, under the key of its party. */
export class PeerNode {
  readonly init: PeerNodeInit
  readonly provider: SimulatedProvider
  readonly served: (Served | undefined)[] = []
  work: RouterWork | undefined
  /** Of the trading one. */
  machine: Machine | undefined
  private party: Party | undefined
  private readonly underWay = new Map<number, SimulatedTask>()
  private readonly stage: Stage
  private readonly prices: PriceBook

  constructor(stage: Stage, init: PeerNodeInit) {
    const { name, tasks } = init
    this.stage = stage
    this.init = init
    this.prices = new PriceBook(tasks.entries)
    this.provider = new SimulatedProvider({
      world: stage.world,
      outcomes: tasks.outcomes,
      prices: this.prices,
      random: stage.random(`faults/${name}`),
    })
  }

  get isDone(): boolean {
    return this.served.filter(Boolean).length === this.init.tasks.asked.length
  }

  /** Its contracts have ended, but for those that arbiters would have to rule on. */
  get hasSettled(): boolean {
    const { party } = this
    if (party === undefined) return true
    const open = party.journal.notesOf(CONTRACTS).filter(([, note]) => (note as ContractNote).ended === undefined)
    return open.every(([name]) => party.states.get(name as ContractId)?.kind === 'DISPUTED')
  }

  /** Credits that its contracts may have taken, by what the party itself has written down. */
  get agreedNanos(): bigint {
    const notes = this.party?.journal.notesOf(CONTRACTS) ?? []
    return notes.reduce((total, [, note]) => total + readTerms((note as ContractNote).terms).maxNanos, 0n)
  }

  /** On a machine that has no market. */
  async startAlone(): Promise<void> {
    const { world } = this.stage
    const machine = this.stage.createMachine({
      name: this.init.name,
      boot: async (owner, self) => (this.work = await bootRouter(owner, self, this.routerInit())),
      onBootFailure: (error) => world.fail(error),
    })
    await machine.start()
  }

  /** As a party of a market: router and buyer are one process, as on any node. */
  async startTrading(market: SimulatedMarket, sellers: () => readonly Did[]): Promise<void> {
    const { currency } = market
    const { latencyMs } = this.init.options
    const joined = await market.join({
      name: this.init.name,
      fundsNanos: amountFromNanos(FUNDS_NANOS),
      begin: async (running) => {
        this.party = running.party
        running.owner.onKill(() => this.loseAll())
        await running.parameters.refresh()
        const peers = new PartyPeerMarket(running, {
          skills: [PEER_SKILL],
          currency,
          custody: 'C2',
          peers: sellers,
          refreshMs: REFRESH_MS,
          onError: (error) => running.owner.fail(error),
        })
        peers.start()
        const init = {
          skills: [PEER_SKILL],
          currency,
          usdNanosPerCredit: amountFromNanos(USD_NANOS_PER_CREDIT),
          priceNanosMax: amountFromNanos(PRICE_NANOS_MAX),
          custody: 'C2',
          latencyMsMax: latencyMs,
          reputationPpmMin: 0,
          data: { tenants: ['*'], riskMax: 'medium', hasContext: false },
        } as const
        this.work = await bootRouter(running.owner, running.machine, this.routerInit({ market: peers, init }))
      },
    })
    this.machine = joined.machine
  }

  /** Asks one task after the other, each at its time. */
  play(): void {
    const { tasks, options } = this.init
    for (const [at, task] of tasks.asked.entries())
      this.stage.world.schedule((at + 1) * options.gapMs, {
        kind: 'task arrives',
        run: () => void this.ask(at, task),
      })
  }

  private routerInit(peers?: RouterMachineInit['peers']): RouterMachineInit {
    const { artefact, options, best } = this.init
    return {
      stage: this.stage,
      provider: this.provider,
      prices: this.prices,
      premium: best,
      policy: { quality: options.quality, ...(artefact !== undefined && { artefact }) },
      hasCache: false,
      judge: judgeOf(this.init),
      ...(options.models === 'strong' && { answering: [best] }),
      ...(peers !== undefined && { peers }),
    }
  }

  private async ask(at: number, task: SimulatedTask): Promise<void> {
    const taskId = parseTaskId(`${this.init.name}-${at}`)
    assert(taskId !== undefined, 'tasks have names that can be theirs')
    const { work } = this
    if (work === undefined) {
      this.served[at] = { task, result: undefined, code: DOWN }
      return
    }
    this.underWay.set(at, task)
    try {
      const result = await work.router.route({
        taskId,
        caller: { tenant: DEFAULT_TENANT },
        target: { kind: 'auto' },
        request: { messages: [{ role: 'user', content: task.prompt }] },
        controls: {},
      })
      this.served[at] ??= { task, result }
    } catch (error: unknown) {
      if (!CodedError.is(error) && this.work === work) this.stage.world.fail(error)
      this.served[at] ??= { task, result: undefined, code: CodedError.is(error) ? error.code : DOWN }
    } finally {
      this.underWay.delete(at)
    }
  }

  /** Whoever asked hears nothing any more of a process that died. */
  private loseAll(): void {
    this.work = undefined
    for (const [at, task] of this.underWay) this.served[at] ??= { task, result: undefined, code: DOWN }
    this.underWay.clear()
  }
}

/** The cheapest model judges: in this world all judge alike. */
function judgeOf({ tasks: { entries } }: PeerNodeInit): string {
  const costOf = ({ prices: [price] }: (typeof entries)[number]): bigint => price?.inputNanosPerMillion ?? 0n
  return entries.toSorted((left, right) => Number(costOf(left) - costOf(right)))[0]?.id ?? ''
}
