import { shuffle } from '../../../base/random-stream.ts'
import { durationFromMs } from '../../../base/time.ts'
import { DEFAULT_TIMERS } from '../../../core/escrow/escrow-rules.ts'
import type { EscrowTimers } from '../../../core/escrow/escrow-terms.ts'
import { Agent, type AgentInit } from '../../market/agents/agent.ts'
import { ArbiterSeat } from '../../market/agents/arbiter-seat.ts'
import { Town, type TownRules } from '../../market/agents/town.ts'
import { amountOf, Economy } from '../../market/economy/economy.ts'
import { SimulatedMarket } from '../../market/simulated-market.ts'
import { HONEST } from '../../market/strategies/honest.ts'
import { STRATEGIES } from '../../market/strategies/strategies.ts'
import type { Stage } from '../../scenario/stage.ts'
import type { MarketplaceOptions } from './options.ts'

/** Spans of contracts that end within minutes, so that worlds do. */
const TIMERS: EscrowTimers = {
  ...DEFAULT_TIMERS,
  offerMs: durationFromMs(10_000),
  holdMs: durationFromMs(10_000),
  startMs: durationFromMs(10_000),
  beatMs: durationFromMs(10_000),
  deliverMs: durationFromMs(60_000),
  graceMs: durationFromMs(0),
  acceptMs: durationFromMs(20_000),
  evidenceMs: durationFromMs(5_000),
  ruleMs: durationFromMs(60_000),
  refundMs: durationFromMs(0),
}

/** Opens the market, and lets everybody join, in the order of their names. */
export async function openTown(stage: Stage, options: MarketplaceOptions): Promise<Town> {
  const onFailure = (name: string, cause: unknown): void =>
    stage.checks.check('market-no-failure', `${name}: ${cause instanceof Error ? cause.message : String(cause)}`)
  const market = await SimulatedMarket.open(stage, { notaries: options.nodes, onFailure })
  const { skills, openShare, parameters } = options
  const economy = new Economy({ seed: stage.world.seed, skills, openShare })
  const town = new Town({ market, economy, rules: rulesOf(options), parameters })
  for (let at = 0; at < options.arbiters; at += 1) await ArbiterSeat.open(town, `arbiter-${at}`)
  for (const init of agentsOf(stage, economy, options)) await Agent.open(town, init)
  stage.agents = options.agents + options.arbiters + options.nodes
  return town
}

/** Everything that anybody wanted has come to its end, and what it says of others is counted. */
export function isTownSettled({ agents }: Town): boolean {
  return agents.every((agent) => agent.isSettled)
}

function rulesOf(options: MarketplaceOptions): TownRules {
  const { bondPerMillion, disputeBondPerMillion, penaltyPerMillion, feePerMillion } = options
  const { arbiterSharePerMillion, depositPerMillion } = options
  return {
    custody: options.custody,
    buying: {
      timers: TIMERS,
      bondPerMillion,
      disputeBondPerMillion,
      penaltyPerMillion,
      feePerMillion,
      arbiterSharePerMillion,
      depositPerMillion,
      newcomerNanosMax: amountOf(options.newcomerCredits),
    },
    rulers: options.rulers,
    arbiterError: options.arbiterError,
    inspectionPerMillion: options.inspectionPerMillion,
    reservePerMillion: options.reservePerMillion,
    reputationPpmMin: options.reputationPpmMin,
    offersEveryMs: options.offersEveryMs,
  }
}

/** Sellers first, so that buyers find them. Who is chosen follows from the seed alone, whatever the chosen play. */
function agentsOf(stage: Stage, economy: Economy, options: MarketplaceOptions): readonly AgentInit[] {
  const { agents, steps, gapMs, auctions } = options
  const sellers = Math.min(agents - 1, Math.max(1, Math.floor(agents * options.sellers)))
  const strategy = STRATEGIES.get(options.strategy) ?? HONEST
  const fundsNanos = amountOf(options.fundsCredits)
  const draws = stage.random('marketplace')
  const sideOf = (side: 'seller' | 'buyer', count: number): AgentInit[] => {
    const chosen = new Set(chosenOf(count, options.attackers, () => shuffle(indexes(count), draws)))
    return indexes(count).map((at) => {
      const name = `${side}-${at}`
      const isChosen = chosen.has(at)
      const plays = isChosen && strategy[side] !== undefined ? strategy : HONEST
      const tasks = indexes(side === 'buyer' ? steps : 0).map((index) => ({
        task: economy.task(name, index),
        afterMs: Math.floor((index + draws.nextUnit()) * gapMs),
        isAuction: draws.nextUnit() < auctions,
      }))
      return { name, side, strategy: plays, isChosen, fundsNanos, tasks }
    })
  }
  return [...sideOf('seller', sellers), ...sideOf('buyer', agents - sellers)]
}

/** At least one, where any are to be. */
/** So that a fifth of 20 is 4, however the product was rounded. */
const ROUNDING = 1e-9

/** At least that share of them. */
function chosenOf(count: number, share: number, shuffled: () => readonly number[]): readonly number[] {
  const order = shuffled()
  return share <= 0 ? [] : order.slice(0, Math.ceil(count * share - ROUNDING))
}

function indexes(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at)
}
