import { sha256Hex } from '../../../src/base/sha256.ts'
import { buildPackage } from '../../build/build-package.ts'
import { isOverdue, type Torture, type TortureFailure, type TortureInit, type TortureReport } from '../torture.ts'
import { type CastPlan, FOUR, TRIO } from './cast.ts'
import { whyNoNamespaces } from './namespace.ts'
import { NETWORK_CASES, NOTARIES_CASES } from './network-cases.ts'
import { playAll } from './play-all.ts'
import { nameOf, type NetworkCase } from './play-case.ts'

type Grid = {
  readonly name: string
  readonly plan: CastPlan
  readonly cases: readonly NetworkCase[]
  /** Casts at the same time on two cores. */
  readonly lanes: number
}

/** A paid task between three processes in three network namespaces: each is killed and frozen at each step, each wire between them is cut at each step. */
export const NETWORK_TORTURE: Torture = tortureOf({ name: 'network', plan: TRIO, cases: NETWORK_CASES, lanes: 3 })

/** The same with four notaries: each is killed, stopped, parted from all and lies at each step, and each two of them are away. */
export const NOTARIES_TORTURE: Torture = tortureOf({ name: 'notaries', plan: FOUR, cases: NOTARIES_CASES, lanes: 2 })

function tortureOf(grid: Grid): Torture {
  return { name: grid.name, runsDefault: 1, plants: {}, run: async (init) => await play(grid, init) }
}

async function play(grid: Grid, init: TortureInit): Promise<TortureReport> {
  const why = whyNoNamespaces()
  if (why !== undefined) throw new Error(why)
  buildPackage()
  const { name, plan } = grid
  const failures: TortureFailure[] = []
  const counts: Record<string, number> = { cases: 0, troubled: 0 }
  const count = (key: string, by = 1): void => void (counts[key] = (counts[key] ?? 0) + by)
  const cases = chosenOf(grid.cases, init)
  for (let round = 0; round < init.runs && !isOverdue(init); round += 1) {
    const seed = init.firstSeed + round
    const fail = (what: string): void => void failures.push({ seed, what })
    for (const end of await playAll(cases, { ...init, plan, lanes: init.lanes ?? grid.lanes, seed, fail })) {
      count('cases')
      count('troubled', end.isTroubled ? 1 : 0)
      count(`ended_${end.state}`)
    }
  }
  const hash = sha256Hex(grid.cases.map(nameOf).join('\n'))
  return { name, runs: counts['cases'] ?? 0, counts: { ...counts, hash }, failures }
}

/** Those from one place of the grid to another, counted from 1, whose names say the text. */
function chosenOf(cases: readonly NetworkCase[], { cases: span, only = '' }: TortureInit): readonly NetworkCase[] {
  const { first, last } = span ?? { first: 1, last: cases.length }
  return cases.slice(first - 1, last).filter((each) => nameOf(each).includes(only))
}
