import type { RunReport } from '../../../src/simulation/run/report.ts'
import type { RunJob } from './run-job.ts'

/** The world of the studies: small, so that many seeds are quick, and with 20 sellers, so that a twentieth of them is one; and 4 buyers. */
export const STUDY_WORLD = {
  agents: 24,
  sellers: 0.84,
  steps: 2,
  skills: 2,
  gapMs: 10_000,
  nodes: 1,
  arbiters: 1,
  rulers: 1,
} as const

/** Agents of the side that attacks. */
export const OF_A_SIDE = 20

/** The same for attacks of buyers: 20 of them, and 4 sellers. */
const BUYER_WORLD = { sellers: 0.17, steps: 1 } as const

/** Shares of each side that attack: 1, 4 and 6 of 20. */
export const ATTACKER_SHARES = [0.05, 0.2, 0.33] as const

/** Strategies with the side that they are played on. One of both sides is played on one side at a time. */
export const ATTACKS = [
  { strategy: 'lazy', side: 'seller', parameters: {}, isAuctioned: false },
  { strategy: 'sleeper', side: 'seller', parameters: {}, isAuctioned: false },
  { strategy: 'sybil-ring', side: 'seller', parameters: {}, isAuctioned: false },
  { strategy: 'whitewasher', side: 'seller', parameters: {}, isAuctioned: false },
  { strategy: 'non-revealer', side: 'seller', parameters: {}, isAuctioned: true },
  {
    strategy: 'griefing-holder',
    side: 'seller',
    parameters: { silentPerMillion: 0, rejectPerMillion: 0 },
    isAuctioned: false,
  },
  { strategy: 'griefing-holder', side: 'buyer', parameters: { idlePerMillion: 0 }, isAuctioned: false },
  { strategy: 'cartel', side: 'seller', parameters: {}, isAuctioned: true },
  { strategy: 'shill', side: 'buyer', parameters: {}, isAuctioned: true },
] as const satisfies readonly {
  readonly strategy: string
  readonly side: 'seller' | 'buyer'
  readonly parameters: Readonly<Record<string, number>>
  /** In a world in which auctions choose all sellers, so that the attack, and not the auction, makes the difference. */
  readonly isAuctioned: boolean
}[]
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

/** The honest world that an attack is compared with. */
export function honestOptions({ isAuctioned, side }: Pick<Attack, 'isAuctioned' | 'side'>): object {
  return { ...(side === 'buyer' && BUYER_WORLD), ...(isAuctioned && { auctions: 1 }) }
}
