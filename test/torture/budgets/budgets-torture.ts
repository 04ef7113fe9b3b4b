import { buildPackage } from '../../build/build-package.ts'
import { isOverdue, type Torture, type TortureFailure, type TortureInit, type TortureReport } from '../torture.ts'
import { type BudgetsRound, playBudgets } from './budgets-round.ts'
import { usdOf } from './load-world.ts'
import { keysOf } from './watch-money.ts'

export const BUDGETS_PLANTS: Readonly<Record<string, string>> = {
  'settle-without-hold': 'a call is admitted on one nano-dollar and settled in full',
  'forgotten-holds': 'a start gives back what was held when the process before it died',
  'kept-holds': 'what a call did not need stays held',
  'reset-books': 'the budgets begin anew after the kill',
  'wedged-breaker': 'a breaker that has opened lets no trial through',
}

const REQUESTS = 1_000
const ATTEMPT_TIMEOUT_MS = 5_000

/**
 * One round per seed: a served node in a process of its own, with budgets of tenants, teams and keys, gets 1,000 requests at once, and 1,000 more in whose middle it is killed; the provider
 * fails as providers do. Held against each other are what the server says, what its journal says, and what the provider bills.
 */
export const BUDGETS_TORTURE: Torture = {
  name: 'budgets',
  runsDefault: 2,
  plants: BUDGETS_PLANTS,
  run: async (init) => {
    buildPackage()
    return await runBudgets(init)
  },
}

/** On the package as it was built. */
async function runBudgets(init: TortureInit): Promise<TortureReport> {
  const failures: TortureFailure[] = []
  const rounds: BudgetsRound[] = []
  const startedMs = performance.now()
  for (let run = 0; run < init.runs && !isOverdue(init); run += 1) {
    const seed = init.firstSeed + run
    const round = await playBudgets({
      seed,
      requests: REQUESTS,
      trials: ['served', 'silent', 'left', 'served'],
      attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
      plant: init.plant,
    })
    rounds.push(round)
    failures.push(...round.failures.map((what) => ({ seed, what })))
    init.log(`seed ${seed}: ${round.openings} openings, ${failures.length} failures`)
  }
  return {
    name: 'budgets',
    runs: rounds.length,
    counts: { ...describe(rounds), seconds: Math.round((performance.now() - startedMs) / 100) / 10 },
    failures,
  }
}

function describe(rounds: readonly BudgetsRound[]): Readonly<Record<string, number | string>> {
  const sum = (of: (round: BudgetsRound) => number): number => rounds.reduce((total, round) => total + of(round), 0)
  const last = rounds.at(-1)
  return {
    requests: sum(({ outcomes }) => [...outcomes.values()].reduce((total, count) => total + count, 0)),
    'outcomes of requests': formatCounts(rounds.map(({ outcomes }) => outcomes)),
    'calls at the provider': formatCounts(rounds.map(({ served }) => served)),
    'looks at the money': sum(({ looks }) => looks),
    'openings of breakers': sum(({ openings }) => openings),
    'unanswered at kills': sum(({ inFlightAtKill }) => inFlightAtKill),
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
function formatMoney({ limits, books, billedNanos }: BudgetsRound): readonly (readonly [string, string])[] {
  return Object.entries(limits).map(([scope, limit]) => {
    const account = books?.accounts.get(scope)
    const billed = keysOf(scope).reduce((total, key) => total + (billedNanos.get(key) ?? 0n), 0n)
    const known = [billed, account?.spent ?? 0n, account?.peak ?? 0n, limit].map(usdOf)
    return [scope, `billed ${known[0]}, spent ${known[1]}, at most ${known[2]} of ${known[3]}`] as const
  })
}
