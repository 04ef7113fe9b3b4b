import { meanOf } from '../../../src/simulation/metrics/dispersion.ts'
import type { RunReport } from '../../../src/simulation/run/report.ts'
import { Economy } from '../../../src/simulation/market/economy/economy.ts'
import { agentsOf, type Attack } from '../runs/marketplace-runs.ts'
import { type AuctionTruth, cartelGain, shillGain } from './theory.ts'

/** What theory says that an attack brings an attacker, in credits, and what bounds it. */
export type Expected = { readonly gain: number; readonly of: string }

/** As honest sellers of the world add it. */
const MARGIN = 0.25
/** What a shill bids, of the reserve price; as the strategy has it. */
const SHILL_BID = 0.7

type Runs = readonly { readonly attacking: RunReport; readonly honest: RunReport }[]
type Trade = {
  readonly buyer: string
  readonly key: string
  readonly skill: string
  readonly valueNanos: string
  readonly isAuction: string
}
type Options = { readonly skills: number; readonly openShare: number; readonly depositPerMillion: number }

/** Of attacks that theory has a formula for; computed for the very tasks and costs of these seeds. */
export function expectedOf({ strategy, side }: Attack, runs: Runs): Expected | undefined {
  if (strategy === 'cartel') {
    const gain = meanOf(runs.map((run) => cartelOf(run.honest, membersOf(run.attacking, { strategy, side })))) ?? 0
    return { gain, of: 'at most: cheapest outsider or reserve, less the competitive price' }
  }
  if (strategy !== 'shill') return undefined
  const gains = runs.map((run) => shillOf(run.attacking, membersOf(run.attacking, { strategy, side })))
  const bound = meanOf(gains.map((gain) => gain.bound)) ?? 0
  return {
    gain: meanOf(gains.map(({ gain }) => gain)) ?? 0,
    of: `at most ${bound.toFixed(3)}: second lowest cost less the lowest`,
  }
}

function membersOf(
  run: RunReport,
  { strategy, side }: { readonly strategy: string; readonly side: string },
): ReadonlySet<string> {
  return new Set(
    agentsOf(run).flatMap((agent) => (agent.strategy === strategy && agent.side === side ? [agent.name] : [])),
  )
}

/** Credits for each member. */
function cartelOf(honest: RunReport, members: ReadonlySet<string>): number {
  const sum = tradesOf(honest).reduce((total, trade) => {
    const isAuction = trade.isAuction === 'true'
    return total + cartelGain(truthOf(honest, trade), { members, isAuction, margin: MARGIN })
  }, 0)
  return members.size === 0 ? 0 : sum / 1e9 / members.size
}

function shillOf(run: RunReport, buyers: ReadonlySet<string>): { readonly gain: number; readonly bound: number } {
  const { depositPerMillion } = run.options as Options
  const own = tradesOf(run).filter(({ buyer }) => buyers.has(buyer))
  const gains = own.map((trade) => {
    const deposit = (Number(trade.valueNanos) * depositPerMillion) / 1e6
    return shillGain(truthOf(run, trade), { bidShare: SHILL_BID, deposit, margin: MARGIN })
  })
  const each = (of: (gain: (typeof gains)[number]) => number): number =>
    buyers.size === 0 ? 0 : gains.reduce((sum, gain) => sum + of(gain), 0) / 1e9 / buyers.size
  return { gain: each(({ gain }) => gain), bound: each(({ bound }) => bound) }
}

function truthOf(run: RunReport, { skill, valueNanos }: Trade): AuctionTruth {
  const { skills, openShare } = run.options as Options
  const economy = new Economy({ seed: run.seed, skills, openShare })
  const sellers = agentsOf(run).filter(({ side }) => side === 'seller')
  const costs = sellers.map(({ name }) => ({ name, cost: Number(economy.costNanos(name, skill)) }))
  return { costs, reserve: Number(valueNanos) }
}

function tradesOf({ metrics }: RunReport): readonly Trade[] {
  return metrics['trades'] as unknown as readonly Trade[]
}
