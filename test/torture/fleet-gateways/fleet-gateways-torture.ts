import { buildPackage } from '../../build/build-package.ts'
import { whyNoPostgres } from '../../storage/postgres/postgres-cluster.ts'
import { usdOf } from '../budgets/load-world.ts'
import { keysOf } from '../budgets/watch-money.ts'
import { isOverdue, type Torture, type TortureFailure, type TortureInit, type TortureReport } from '../torture.ts'
import { FLEET_PLANTS } from './fleet-plants.ts'
import { type FleetRound, playFleet } from './fleet-round.ts'

const REQUESTS = 1_000
const CONNECTIONS = 64
const LEASE_MS = 3_000
const ATTEMPT_TIMEOUT_MS = 5_000

/**
 * One round per seed, of two gateways and of four in turn: served gateways in processes of their own on one PostgreSQL, called from four processes over 64 connections by
 * keys that share budgets. One gateway is killed in the middle. Held against each other are what every gateway says, what the tables say, and what the provider bills; then an
 * answer of one gateway has to serve the other.
 */
export const FLEET_GATEWAYS_TORTURE: Torture = {
  name: 'fleet-gateways',
  runsDefault: 2,
  plants: FLEET_PLANTS,
  run: async (init) => {
    const reason = whyNoPostgres()
    if (reason !== undefined) throw new Error(`This torture needs PostgreSQL: ${reason}`)
    buildPackage()
    return await runFleets(init)
  },
}

async function runFleets(init: TortureInit): Promise<TortureReport> {
  const failures: TortureFailure[] = []
  const rounds: FleetRound[] = []
  const startedMs = performance.now()
  for (let run = 0; run < init.runs && !isOverdue(init); run += 1) {
    const seed = init.firstSeed + run
    const gateways = run % 2 === 0 ? 2 : 4
    const round = await playFleet({
      seed,
      gateways,
      processes: 4,
      connections: CONNECTIONS,
      requests: REQUESTS,
      leaseMs: LEASE_MS,
      attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
      plant: init.plant,
    })
    rounds.push(round)
    failures.push(...round.failures.map((what) => ({ seed, what })))
    init.log(`seed ${seed}: ${gateways} gateways, ${round.holdsAtKill} holds at the kill, ${failures.length} failures`)
  }
  return {
    name: 'fleet-gateways',
    runs: rounds.length,
    counts: { ...describe(rounds), seconds: Math.round((performance.now() - startedMs) / 100) / 10 },
    failures,
  }
}

function describe(rounds: readonly FleetRound[]): Readonly<Record<string, number | string>> {
  const sum = (of: (round: FleetRound) => number): number => rounds.reduce((total, round) => total + of(round), 0)
  const last = rounds.at(-1)
  return {
    requests: sum(({ outcomes }) => [...outcomes.values()].reduce((total, count) => total + count, 0)),
    'outcomes of requests': formatCounts(rounds.map(({ outcomes }) => outcomes)),
    'calls at the provider': formatCounts(rounds.map(({ served }) => served)),
    'answers by gateway': rounds.map(({ answeredBy }) => answeredBy.join(' + ')).join('; '),
    'looks at the money': sum(({ looks }) => looks),
    'holds at kills': sum(({ holdsAtKill }) => holdsAtKill),
    'entries of journals handed over': sum(({ entries }) => entries),
    'ms until an answer serves all, at most': Math.ceil(Math.max(0, ...rounds.map(({ cacheMs }) => cacheMs))),
    ...Object.fromEntries(last === undefined ? [] : formatMoney(last)),
  }
}

function formatCounts(maps: readonly ReadonlyMap<string, number>[]): string {
  const total = new Map<string, number>()
  for (const map of maps) for (const [word, count] of map) total.set(word, (total.get(word) ?? 0) + count)
  return [...total]
    .toSorted(([, left], [, right]) => right - left)
    .map(([word, count]) => `${word} ${count}`)
    .join(', ')
}

/** Of the last round: what was billed, charged, at most charged and held, and allowed. */
function formatMoney({ limits, books, billedNanos }: FleetRound): readonly (readonly [string, string])[] {
  return Object.entries(limits).map(([scope, limit]) => {
    const account = books?.accounts.get(scope)
    const billed = keysOf(scope).reduce((total, key) => total + (billedNanos.get(key) ?? 0n), 0n)
    const known = [billed, account?.spent ?? 0n, account?.peak ?? 0n, limit].map(usdOf)
    return [scope, `billed ${known[0]}, spent ${known[1]}, at most ${known[2]} of ${known[3]}`] as const
  })
}
