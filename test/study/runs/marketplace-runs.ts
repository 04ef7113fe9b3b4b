import type { RunReport } from '../../../src/simulation/run/report.ts'
import type { RunJob } from './run-job.ts'

/** The world of the studies: small, so that many seeds are quick, and with so many sellers that a twentieth of them is one. */
export const STUDY_WORLD = { agents: 30, sellers: 0.67, steps: 2, gapMs: 20_000, nodes: 1, arbiters: 3 } as const

/** Shares of each side that attack. */
export const ATTACKER_SHARES = [0.05, 0.2, 0.33] as const

/** Strategies with the side that they are played on; a strategy of both sides is two cases. */
export const ATTACKS = [
  { strategy: 'lazy', side: 'seller' },
  { strategy: 'sleeper', side: 'seller' },
  { strategy: 'sybil-ring', side: 'seller' },
  { strategy: 'whitewasher', side: 'seller' },
  { strategy: 'non-revealer', side: 'seller' },
  { strategy: 'griefing-holder', side: 'seller' },
  { strategy: 'griefing-holder', side: 'buyer' },
  { strategy: 'cartel', side: 'seller' },
  { strategy: 'shill', side: 'buyer' },
] as const
export type Attack = (typeof ATTACKS)[number]

/** Those whose gain must be below nothing; what the others gain stands beside what theory says. */
export const LOSING: ReadonlySet<string> = new Set([
  'lazy',
  'sleeper',
  'sybil-ring',
  'whitewasher',
  'non-revealer',
  'griefing-holder',
])

export function marketplaceJob(seed: number, options: object): RunJob {
  return { scenario: 'marketplace', seed, options: { ...STUDY_WORLD, ...options } }
}

export type AgentRow = {
  readonly name: string
  readonly side: string
  readonly strategy: string
  readonly isChosen: boolean
  /** In credits. */
  readonly profit: number
  readonly attempts: number
  readonly successes: number
}

/** Agents of a run, as its metrics have them. */
export function agentsOf({ metrics }: RunReport): readonly AgentRow[] {
  const rows = metrics['agents'] as readonly (Record<string, string | number> & Omit<AgentRow, 'isChosen' | 'profit'>)[]
  return rows.map(({ name, side, strategy, attempts, successes, isChosen, profitNanos }) => ({
    name,
    side,
    strategy,
    attempts,
    successes,
    isChosen: String(isChosen) === 'true',
    profit: Number(profitNanos) / 1e9,
  }))
}

/** A figure of a run; `undefined` where there was nothing to measure. */
export function figureOf({ metrics }: RunReport, name: string): number | undefined {
  const value = metrics[name]
  return typeof value === 'number' ? value : undefined
}
