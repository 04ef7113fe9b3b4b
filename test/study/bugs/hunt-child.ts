/** Looks for one mistake in a copy of the sources: `node hunt-child.ts ROOT SCENARIO FROM TO SAMPLE SHRINK_RUNS`. A line of JSON per message, the last one is the result. */
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import type * as simulation from '../../../src/simulation/index.ts'
import type * as scenarios from '../../../src/simulation/scenarios/scenario-table.ts'
import type { Hunted, HuntLine } from './hunt.ts'

const [root = '', name = '', from = '1', to = '1', sample = '1', shrinkRuns = '0'] = process.argv.slice(2)

const { runScenario, shrinkRun } = (await import(
  pathToFileURL(join(root, 'src/simulation/index.ts')).href
)) as typeof simulation
const { findScenario } = (await import(
  pathToFileURL(join(root, 'src/simulation/scenarios/scenario-table.ts')).href
)) as typeof scenarios
const scenario = findScenario(name)

/** The checker that finds something in this seed, or the failure that ended it. */
async function look(seed: number): Promise<string | undefined> {
  try {
    const { violations } = await runScenario(scenario, { seed, untilFoundBy: 'any' })
    return violations[0]?.checker
  } catch (error: unknown) {
    const code = (error as { readonly code?: unknown }).code
    return `thrown: ${typeof code === 'string' ? code : String(error)}`
  }
}

function say(line: HuntLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

let firstSeed: number | undefined
const checkers: Record<string, number> = {}
let seeds = 0
let found = 0
for (let seed = Number(from); seed <= Number(to); seed += 1) {
  say({ kind: 'seed', seed })
  const checker = await look(seed)
  seeds += 1
  if (checker !== undefined) {
    firstSeed ??= seed
    found += 1
    checkers[checker] = (checkers[checker] ?? 0) + 1
  }
  if (firstSeed !== undefined && seeds >= Number(sample)) break
}
const hunted: Hunted = { seeds, found, checkers, ...(firstSeed !== undefined && { firstSeed }) }
say({ kind: 'hunted', hunted })
const isThrown = Object.keys(checkers).every((checker) => checker.startsWith('thrown: '))
if (firstSeed !== undefined && !isThrown && Number(shrinkRuns) > 0) {
  const shrunk = await shrinkRun(scenario, { seed: firstSeed, runsMax: Number(shrinkRuns) }).catch(() => undefined)
  if (shrunk !== undefined) say({ kind: 'shrunk', shrunk })
}
