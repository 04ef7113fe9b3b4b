import type { MetricValue } from '../scenario/scenario.ts'
import { giniOf, herfindahlOf } from './concentration.ts'
import { dispersionOf, meanOf } from './dispersion.ts'
import { aucOf, medianOf } from './separation.ts'
import { type Demand, type Supply, welfareOf } from './welfare.ts'

/** What became of one agent. Amounts in nano-credits. */
export type AgentOutcome = {
  readonly name: string
  readonly side: 'seller' | 'buyer'
  readonly strategy: string
  /** Among those whose strategy the options say. */
  readonly isChosen: boolean
  readonly profitNanos: bigint
  readonly workNanos: bigint
  readonly inspectionNanos: bigint
  /** Bonds and deposits that it lost by its own fault. */
  readonly lostNanos: bigint
  readonly attempts: number
  readonly successes: number
}

/** One purchase of what somebody truly wanted. */
export type PurchaseOutcome = {
  readonly buyer: string
  readonly skill: string
  readonly valueNanos: bigint
  readonly seller?: string | undefined
  readonly priceNanos?: bigint | undefined
  readonly hasRightResult?: boolean | undefined
}

/** What honest buyers hold of a seller at the end, and how long its frauds went on before they were seen. */
export type SellerSight = {
  readonly name: string
  readonly isHonest: boolean
  /** Mean standing with the honest buyers who know it, parts per million; `undefined` where nobody does. */
  readonly standingPpm: number | undefined
  /** From its first fraud to the moment from which on an honest buyer holds it for dishonest; `undefined` where that never came. */
  readonly detectedMs: number | undefined
  /** Whether it has begun a fraud at all. */
  readonly hasCheated: boolean
  readonly strategy: string
}

export type MarketplaceOutcome = {
  readonly agents: readonly AgentOutcome[]
  readonly purchases: readonly PurchaseOutcome[]
  /** What a task truly costs a seller, in nano-credits. */
  readonly costNanos: (seller: string, skill: string) => bigint
  readonly sights: readonly SellerSight[]
}

/** Nanos in one credit: metrics are in credits, so that they are numbers that people read. */
const CREDIT = 1_000_000_000

/** The figures of a marketplace: what it brought, what it could have, how it was shared out, and what cheating brought whom. Amounts in credits. */
export function marketplaceMetrics(outcome: MarketplaceOutcome): Readonly<Record<string, MetricValue>> {
  return {
    ...shareMetrics(outcome),
    ...profitMetrics(outcome),
    ...sightMetrics(outcome),
  }
}

function creditsOf(nanos: bigint): number {
  return Number(nanos) / CREDIT
}

/** `null`: there was nothing to measure it by. */
function orNull(value: number | undefined): number | null {
  return value ?? null
}

function shareMetrics({ agents, purchases, costNanos }: MarketplaceOutcome): Readonly<Record<string, MetricValue>> {
  const done = purchases.filter(({ hasRightResult, seller }) => hasRightResult === true && seller !== undefined)
  const sellers = agents.filter(({ side }) => side === 'seller')
  const skills = [...new Set(purchases.map(({ skill }) => skill))].toSorted()
  const demands: Demand[] = purchases.map(({ skill, valueNanos }) => ({ skill, value: Number(valueNanos) }))
  // How many tasks a seller does at one time bounds nobody who has the whole play for them.
  const supplies: Supply[] = sellers.flatMap(({ name }) =>
    skills.map((skill) => ({ skill, cost: Number(costNanos(name, skill)), capacity: purchases.length })),
  )
  const tasks = done.map(({ valueNanos, seller = '', skill }) => ({
    value: Number(valueNanos),
    cost: Number(costNanos(seller, skill)),
  }))
  const welfare = welfareOf(tasks, { demands, supplies })
  // Work in vain, results that are made up, and looking at them cost as well.
  const spent = agents.reduce((sum, { workNanos, inspectionNanos }) => sum + workNanos + inspectionNanos, 0n)
  const reached = tasks.reduce((sum, { value }) => sum + value, 0) - Number(spent)
  const earned = sellers.map(({ name }) =>
    done.reduce((sum, { seller, priceNanos = 0n }) => (seller === name ? sum + Number(priceNanos) : sum), 0),
  )
  const pricesOf = (skill: string): readonly number[] =>
    done.flatMap((one) => (one.skill === skill && one.priceNanos !== undefined ? [Number(one.priceNanos)] : []))
  const dispersions = skills.flatMap((skill) => dispersionOf(pricesOf(skill)) ?? [])
  return {
    welfare_credits: reached / CREDIT,
    welfare_optimal_credits: welfare.optimal / CREDIT,
    welfare_share: welfare.optimal === 0 ? null : reached / welfare.optimal,
    trade_share: orNull(welfare.share),
    purchases: purchases.length,
    purchases_right: done.length,
    price_dispersion: orNull(meanOf(dispersions)),
    concentration_hhi: orNull(herfindahlOf(earned)),
    concentration_gini: orNull(giniOf(earned)),
  }
}

function profitMetrics({ agents }: MarketplaceOutcome): Readonly<Record<string, MetricValue>> {
  const strategies = [...new Set(agents.map(({ strategy }) => strategy))].toSorted()
  const byStrategy = strategies.map((strategy) => {
    const own = agents.filter((agent) => agent.strategy === strategy)
    const of = (amountOf: (agent: AgentOutcome) => bigint): number =>
      creditsOf(own.reduce((sum, agent) => sum + amountOf(agent), 0n))
    return [
      strategy,
      {
        agents: own.length,
        attempts: own.reduce((sum, { attempts }) => sum + attempts, 0),
        successes: own.reduce((sum, { successes }) => sum + successes, 0),
        profit_credits: of(({ profitNanos }) => profitNanos),
        stakes_lost_credits: of(({ lostNanos }) => lostNanos),
      },
    ] as const
  })
  const chosen = agents.filter(({ isChosen }) => isChosen)
  return {
    strategies: Object.fromEntries(byStrategy),
    chosen: chosen.length,
    chosen_profit_credits: creditsOf(chosen.reduce((sum, { profitNanos }) => sum + profitNanos, 0n)),
  }
}

function sightMetrics({ sights }: MarketplaceOutcome): Readonly<Record<string, MetricValue>> {
  const standings = (isHonest: boolean): readonly number[] =>
    sights.flatMap((sight) => (sight.isHonest === isHonest ? (sight.standingPpm ?? []) : []))
  const cheats = sights.filter(({ hasCheated }) => hasCheated)
  const strategies = [...new Set(cheats.map(({ strategy }) => strategy))].toSorted()
  const times = strategies.map((strategy) => {
    const own = cheats.filter((sight) => sight.strategy === strategy)
    const found = own.flatMap(({ detectedMs }) => detectedMs ?? [])
    return [strategy, { cheats: own.length, detected: found.length, median_ms: orNull(medianOf(found)) }] as const
  })
  return {
    reputation_auc: orNull(aucOf(standings(true), standings(false))),
    detection: Object.fromEntries(times),
  }
}
