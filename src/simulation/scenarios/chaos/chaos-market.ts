import { exp } from '../../../base/deterministic-math.ts'
import { amountFromNanos } from '../../../base/money.ts'
import type { RandomStream } from '../../../base/random-stream.ts'
import { durationFromMs } from '../../../base/time.ts'
import { DEFAULT_TIMERS } from '../../../core/escrow/escrow-rules.ts'
import type { EscrowTimers } from '../../../core/escrow/escrow-terms.ts'
import { Agent } from '../../market/agents/agent.ts'
import { ArbiterSeat } from '../../market/agents/arbiter-seat.ts'
import { BuyerSeat } from '../../market/agents/buyer-seat.ts'
import { Town } from '../../market/agents/town.ts'
import { CREDIT_NANOS, Economy } from '../../market/economy/economy.ts'
import { restartBroken } from '../../market/restart-broken.ts'
import { type MarketInit, SimulatedMarket } from '../../market/simulated-market.ts'
import { HONEST } from '../../market/strategies/honest.ts'
import type { Machine } from '../../machine/machine.ts'
import type { Stage } from '../../scenario/stage.ts'
import { Punctual } from './punctual.ts'

/** Spans of contracts that end while the world waits for it. */
const TIMERS: EscrowTimers = {
  ...DEFAULT_TIMERS,
  offerMs: durationFromMs(20_000),
  holdMs: durationFromMs(20_000),
  startMs: durationFromMs(20_000),
  beatMs: durationFromMs(20_000),
  deliverMs: durationFromMs(26_000),
  graceMs: durationFromMs(0),
  acceptMs: durationFromMs(20_000),
  evidenceMs: durationFromMs(5_000),
  ruleMs: durationFromMs(30_000),
  refundMs: durationFromMs(0),
}

export type ChaosMarketInit = {
  readonly notaries: number
  readonly buyers: number
  readonly sellers: number
  /** Purchases of each buyer while there are faults. */
  readonly tasks: number
  readonly playMs: number
}

/** Of the purchase behind the faults. */
const LAST_TASK = 1_000
const FUNDS_NANOS = amountFromNanos(1_000n * CREDIT_NANOS)

/** The market of the world: honest buyers and sellers under faults, with notaries whose word is all they have. */
export class ChaosMarket {
  readonly town: Town
  readonly punctual: Punctual
  private readonly stage: Stage

  private constructor(stage: Stage, { town, punctual }: Pick<ChaosMarket, 'town' | 'punctual'>) {
    this.stage = stage
    this.town = town
    this.punctual = punctual
  }

  static async open(stage: Stage, init: ChaosMarketInit): Promise<ChaosMarket> {
    const { notaries, buyers, sellers, tasks, playMs } = init
    const punctual = new Punctual(stage)
    const market = await SimulatedMarket.open(stage, {
      notaries,
      wrapNotary: (name, owner, client) => punctual.wrap(name, owner, client),
      ...drawnSizes(stage.random('market journals')),
      onFailure: (name, cause) => restartBroken(stage, name, cause),
    })
    punctual.join(market)
    const economy = new Economy({ seed: stage.world.seed, skills: 2, openShare: 0.25 })
    const rules = {
      custody: 'C3',
      buying: {
        timers: TIMERS,
        bondPerMillion: 200_000,
        disputeBondPerMillion: 100_000,
        penaltyPerMillion: 100_000,
        feePerMillion: 0,
        newcomerNanosMax: FUNDS_NANOS,
      },
      rulers: 1,
      arbiterError: 0,
      inspectionPerMillion: 0,
      reservePerMillion: 1_000_000,
      reputationPpmMin: 0,
      offersEveryMs: 0,
    } as const
    const town = new Town({ market, economy, rules, parameters: {} })
    await ArbiterSeat.open(town, 'arbiter-0')
    const draws = stage.random('market')
    const usual = { strategy: HONEST, isChosen: false, fundsNanos: FUNDS_NANOS } as const
    for (let at = 0; at < sellers; at += 1)
      await Agent.open(town, { ...usual, name: `seller-${at}`, side: 'seller', tasks: [] })
    for (let at = 0; at < buyers; at += 1) {
      const name = `buyer-${at}`
      const wanted = Array.from({ length: tasks }, (_, index) => ({
        task: economy.task(name, index),
        afterMs: Math.floor(((index + draws.nextUnit()) * playMs) / tasks / 1.5),
        isAuction: draws.nextUnit() < 0.2,
      }))
      await Agent.open(town, { ...usual, name, side: 'buyer', tasks: wanted })
    }
    return new ChaosMarket(stage, { town, punctual })
  }

  /** Everybody of the market, the notaries included. */
  get agents(): number {
    return this.town.market.notaries.length + this.town.agents.length + this.town.arbiters.length + 1
  }

  /** Machines of the market, the bank's not: it is the world's. */
  get machines(): readonly Machine[] {
    const { market } = this.town
    return [
      ...market.notaries.map(({ machine }) => machine),
      ...[...market.parties.values()].map(({ machine }) => machine),
    ]
  }

  get isSettled(): boolean {
    return this.town.agents.every(({ isSettled }) => isSettled)
  }

  /** Purchases behind the faults, by which the market shows that it goes on. */
  async buyMore(): Promise<void> {
    const { economy } = this.town
    this.punctual.stop()
    for (const agent of this.town.agents)
      for (const seat of agent.identities)
        if (seat instanceof BuyerSeat) {
          const task = economy.task(agent.name, LAST_TASK)
          // Worth more than anybody asks: whether it is bought is no question of its price.
          await agent.buy(seat, { ...task, valueNanos: amountFromNanos(10n * task.valueNanos) })
        }
  }

  isLast(key: string): boolean {
    return this.town.agents.some(({ name }) => this.town.economy.task(name, LAST_TASK).key === key)
  }

  /** Nobody is down for longer than it takes to start; whose disk has refused anything is started anew, as operators do. */
  calm(): void {
    for (const machine of [...this.machines, this.town.market.bankMachine.machine]) {
      if (machine.disk.counts.refused > 0) machine.kill()
      if (machine.running === undefined) machine.restartIn(1)
    }
  }
}

/** What months of trade bring about in books and files happens here within seconds: segments are closed, and journals replaced by what they come to. */
function drawnSizes(random: RandomStream): Pick<MarketInit, 'segments' | 'compactAtBytes'> {
  const [entries, bytes] = [random.nextUnit(), random.nextUnit()]
  return {
    segments: { entries: Math.floor(64 * exp(-3 * entries)), atStop: 1, rowsPerEntry: 1_000 },
    compactAtBytes: Math.floor(32_768 * exp(-4 * bytes)),
  }
}
