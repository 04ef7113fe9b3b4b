import { type Pair, pairedGain, type PairedGain } from '../../../src/simulation/metrics/paired.ts'
import type { RunReport } from '../../../src/simulation/run/report.ts'
import { agentsOf } from './marketplace-runs.ts'

export type AttackGain = PairedGain & {
  readonly attempts: number
  readonly successes: number
  /** Attackers of a world. */
  readonly attackers: number
}

/**
 * What attacking brought, from worlds of the same seeds in which the same agents attack, and do not. Attackers of one world depend on each other, so that their mean is one pair.
 * In credits for each attacker.
 */
export function gainOf(
  runs: readonly { readonly attacking: RunReport; readonly honest: RunReport }[],
  { strategy, side }: { readonly strategy: string; readonly side: string },
): AttackGain {
  let [attempts, successes, attackers] = [0, 0, 0]
  const pairs = runs.flatMap(({ attacking, honest }): readonly Pair[] => {
    const own = agentsOf(attacking).filter((agent) => agent.strategy === strategy && agent.side === side)
    const before = new Map(agentsOf(honest).map(({ name, profit }) => [name, profit]))
    if (own.length === 0) return []
    attackers += own.length
    for (const agent of own) {
      attempts += agent.attempts
      successes += agent.successes
    }
    const sums = own.reduce(
      (sum, { name, profit }) => ({ attacking: sum.attacking + profit, honest: sum.honest + profitOf(before, name) }),
      { attacking: 0, honest: 0 },
    )
    return [{ attacking: sums.attacking / own.length, honest: sums.honest / own.length }]
  })
  return { ...pairedGain(pairs), attempts, successes, attackers: runs.length === 0 ? 0 : attackers / runs.length }
}

function profitOf(profits: ReadonlyMap<string, number>, name: string): number {
  const profit = profits.get(name)
  if (profit === undefined) throw new RangeError(`${name} is not in the honest world of the same seed`)
  return profit
}

/** Signs in front, three places. */
export function signed(value: number | undefined): string {
  if (value === undefined) return '-'
  return `${value < 0 ? '' : '+'}${value.toFixed(3)}`
}
