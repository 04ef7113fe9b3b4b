import { buildPackage } from '../../build/build-package.ts'
import type { Torture, TortureInit, TortureReport } from '../torture.ts'
import { playPlain } from './plain-load.ts'
import { SOAK_PLANTS } from './soak-plants.ts'
import { playSoak, type SoakRound } from './soak-round.ts'

const MINUTES_DEFAULT = 60
const CALLERS = 12

/**
 * One node, `kernell serve`, under mixed load for as long as `--minutes` says, an hour by default: all that clients do, before a provider that fails in all ways. For the
 * first part of the time it is killed or stopped in the middle of its work and started again; then it is left to run, and its memory and handles are looked at whenever nobody asks.
 * All that it acknowledged is asked for after each end. `--requests N` sends plain requests instead, as fast as they go, and shows the memory.
 */
export const SOAK_TORTURE: Torture = {
  name: 'soak',
  runsDefault: 1,
  plants: SOAK_PLANTS,
  run: async (init) => {
    buildPackage()
    return init.requests === undefined ? await runSoak(init) : await playPlain(init, init.requests)
  },
}

async function runSoak(init: TortureInit): Promise<TortureReport> {
  const seed = init.firstSeed
  const minutes = init.deadlineMs === undefined ? MINUTES_DEFAULT : (init.deadlineMs - performance.now()) / 60_000
  const round = await playSoak({ seed, minutes, callers: CALLERS, plant: init.plant, log: init.log })
  return {
    name: 'soak',
    runs: 1,
    counts: describe(round),
    failures: round.failures.map((what) => ({ seed, what })),
  }
}

function describe(round: SoakRound): Readonly<Record<string, number | string>> {
  const [first, last] = [round.points[0], round.points.at(-1)]
  const mebibytes = (bytes: number | undefined): string => ((bytes ?? 0) / 1_048_576).toFixed(1)
  return {
    requests: round.requests,
    'kills, stops in order, looks at all that was acknowledged': `${round.kills}, ${round.stops}, ${round.checks}`,
    'calls at the provider': formatCounts(round.served),
    ...Object.fromEntries([...round.outcomes].map(([name, words]) => [name, formatCounts(words)])),
    'rss, MiB': `${mebibytes(first?.rssBytes)} to ${mebibytes(last?.rssBytes)}`,
    'rss without files, MiB': `${mebibytes(first?.anonymousBytes)} to ${mebibytes(last?.anonymousBytes)}, ${mebibytes(round.residentSlope * 1e6)} each million requests over the last half`,
    'held after a collection, MiB': `${mebibytes(round.heldSlope * 1e6)} each million requests over the last half, of ${round.collections} collections`,
    'descriptors, files, resources': `${last?.descriptors ?? 0}, ${last?.files ?? 0}, ${last?.resources ?? 0}`,
    money: round.money,
  }
}

function formatCounts(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .toSorted(([, left], [, right]) => right - left)
    .map(([word, count]) => `${word} ${count}`)
    .join(', ')
}
