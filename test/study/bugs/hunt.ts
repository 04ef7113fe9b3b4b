import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Shrunk } from '../../../src/simulation/run/shrink.ts'

/** What came of looking for one mistake. */
export type Hunted = {
  /** Seeds that were played, and those of them in which something was found. */
  readonly seeds: number
  readonly found: number
  readonly firstSeed?: number
  readonly checkers: Readonly<Record<string, number>>
}

export type HuntLine =
  | { readonly kind: 'seed'; readonly seed: number }
  | { readonly kind: 'hunted'; readonly hunted: Hunted }
  | { readonly kind: 'shrunk'; readonly shrunk: Shrunk }

export type HuntInit = {
  /** Where the broken copy is. */
  readonly root: string
  readonly scenario: string
  readonly from: number
  readonly to: number
  /** Seeds that are played at least, so that the share of those that find it is known. */
  readonly sample: number
  readonly shrinkRuns: number
}

export type Hunt = { readonly hunted: Hunted; readonly shrunk?: Shrunk }

/** A seed that takes longer never ends, which is a find as well. */
const SEED_MS_MAX = 240_000
/** The smallest run of a find takes at most so long to be looked for. */
const SHRINK_MS_MAX = 900_000

/** Plays seeds in a process of its own, whose sources are the broken ones. */
export async function hunt({ root, scenario, from, to, sample, shrinkRuns }: HuntInit): Promise<Hunt> {
  const path = fileURLToPath(new URL('hunt-child.ts', import.meta.url))
  const args = [path, root, scenario, from, to, sample, shrinkRuns].map(String)
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let seed = from
  let isStuck = false
  let hunted: Hunted | undefined
  let shrunk: Shrunk | undefined
  const limit = (ms: number): NodeJS.Timeout =>
    setTimeout(() => {
      isStuck = true
      child.kill('SIGKILL')
    }, ms)
  let timer = limit(SEED_MS_MAX)
  for await (const text of createInterface({ input: child.stdout })) {
    clearTimeout(timer)
    const line = JSON.parse(text) as HuntLine
    if (line.kind === 'seed') seed = line.seed
    else if (line.kind === 'hunted') hunted = line.hunted
    else shrunk = line.shrunk
    timer = limit(line.kind === 'hunted' ? SHRINK_MS_MAX : SEED_MS_MAX)
  }
  clearTimeout(timer)
  if (hunted === undefined && !isStuck) throw new Error(`${scenario} could not be played in ${root}`)
  hunted ??= { seeds: seed - from + 1, found: 1, firstSeed: seed, checkers: { 'never ends': 1 } }
  return { hunted, ...(shrunk !== undefined && { shrunk }) }
}
