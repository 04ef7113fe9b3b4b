import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import { findScenario } from '../../../src/simulation/scenarios/scenario-table.ts'

/** A run whose hash is pinned: small, and the same on every machine. */
export type PinnedRun = {
  readonly scenario: string
  readonly seed: number
  readonly options: Readonly<Record<string, number | string>>
}

/** Each scenario with two seeds; small enough for a page of a browser. */
export const PINNED_RUNS: readonly PinnedRun[] = [
  { scenario: 'agent-network', seed: 1, options: { agents: 40, steps: 10 } },
  { scenario: 'agent-network', seed: 2, options: { agents: 40, steps: 10 } },
  { scenario: 'chaos', seed: 1, options: { seconds: 4 } },
  { scenario: 'chaos', seed: 2, options: { seconds: 4 } },
  { scenario: 'fleet', seed: 1, options: { seconds: 2, faults: 12, purchases: 0, liars: 1 } },
  { scenario: 'routing-savings', seed: 1, options: { tasks: 40, trainTasks: 40 } },
  { scenario: 'flywheel', seed: 1, options: { tasks: 200, judgeTasks: 100, trainTasks: 50 } },
  { scenario: 'peer-tier', seed: 1, options: { tasks: 20, trainTasks: 40 } },
  { scenario: 'marketplace', seed: 1, options: { agents: 4, steps: 1, arbiters: 0 } },
  { scenario: 'marketplace', seed: 2, options: { agents: 4, steps: 1, auctions: 1 } },
]

export const PINNED_FILE: string = join(import.meta.dirname, '../pinned-hashes.json')

/** Hashes by the names of their runs. */
export type Hashes = Readonly<Record<string, string>>

export function nameOf({ scenario, seed, options }: PinnedRun): string {
  const given = Object.entries(options).map(([name, value]) => ` ${name}=${value}`)
  return `${scenario} seed=${seed}${given.join('')}`
}

/** Plays all pinned runs on this platform. */
export async function playPinnedRuns(): Promise<Hashes> {
  const hashes: Record<string, string> = {}
  for (const run of PINNED_RUNS) hashes[nameOf(run)] = await playPinnedRun(run)
  return hashes
}

export async function playPinnedRun({ scenario, seed, options }: PinnedRun): Promise<string> {
  return (await runScenario(findScenario(scenario), { seed, options })).hash
}

export function readPinnedHashes(): Hashes {
  return JSON.parse(readFileSync(PINNED_FILE, 'utf8')) as Hashes
}

/** One line for each run whose hash is not the pinned one; empty: all are equal. */
export function differencesOf(pinned: Hashes, found: Hashes): readonly string[] {
  const names = [...new Set([...Object.keys(pinned), ...Object.keys(found)])].toSorted()
  return names
    .filter((name) => pinned[name] !== found[name])
    .map((name) => `${name}: pinned ${pinned[name] ?? 'not at all'}, found ${found[name] ?? 'nothing'}`)
}
