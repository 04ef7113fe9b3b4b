import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SandboxRuntimeName } from '../../src/core/sandbox/isolation.ts'
import { buildPackage } from '../build/build-package.ts'
import { killParent } from './sandbox/kill-parent.ts'
import { type Contained, mixAttacks } from './sandbox/mix-attacks.ts'
import { type Guests, makeGuests, openRuntime, programsOf, runtimesHere } from './sandbox/sandbox-subjects.ts'
import { isOverdue, type Torture, type TortureFailure, type TortureInit, type TortureReport } from './torture.ts'

export const SANDBOX_PLANTS: Readonly<Record<string, string>> = {
  survivor: 'a process of the killed parent is in no sandbox, and runs on',
  directory: 'the killed parent leaves a file among temporary ones that no start takes away',
  strict: 'runs may not be late by a millisecond',
}

const CONCURRENCY_MAX = 3
/** Parents are killed in this many of the rounds; in the others hostile programs of all kinds run at once, and the parent has to stay well. */
const KILLS_IN_THREE = 2
const STALL_MS_MAX = 1_000
const HOSTED: readonly SandboxRuntimeName[] = ['wasm', 'quickjs']

/** `npm run torture -- sandbox [--only RUNTIME] [--runs N]`: N rounds for each runtime that works here. */
export const SANDBOX_TORTURE: Torture = {
  name: 'sandbox',
  runsDefault: 6,
  plants: SANDBOX_PLANTS,
  run: async (init) => {
    buildPackage()
    return await runSandboxes(init)
  },
}

class Tally {
  readonly failures: TortureFailure[] = []
  readonly contained: Contained[] = []
  kills = 0
  processes = 0
  goneMsMax = 0
  reaped = 0
  stallMsMax = 0
  rounds = 0
}

/** On the package as it was built. */
export async function runSandboxes(init: TortureInit): Promise<TortureReport> {
  const names = runtimesHere(init.only, init.log)
  const guests = await makeGuests(names)
  const tallies = new Map(names.map((name) => [name, new Tally()]))
  try {
    for (const [name, tally] of tallies) await torment(name, { init, guests, tally })
  } finally {
    await guests.remove()
  }
  const all = [...tallies.values()]
  return {
    name: 'sandbox',
    runs: all.reduce((sum, { rounds }) => sum + rounds, 0),
    counts: Object.fromEntries([...tallies].flatMap(([name, tally]) => describe(name, tally))),
    failures: [
      ...all.flatMap(({ failures }) => failures),
      ...(names.length === 0 ? [{ seed: init.firstSeed, what: `no runtime is here: ${init.only ?? ''}` }] : []),
    ],
  }
}

type Torment = { readonly init: TortureInit; readonly guests: Guests; readonly tally: Tally }

async function torment(name: SandboxRuntimeName, { init, guests, tally }: Torment): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'kernell-torture-home-'))
  const runtime = openRuntime(name, { place: guests.place, home, concurrencyMax: CONCURRENCY_MAX })
  try {
    const programs = await programsOf(name)
    // The first of all is tried out, which takes seconds where a machine is emulated.
    await runtime.probe()
    for (let round = 0; round < init.runs && !isOverdue(init); round += 1) {
      const seed = init.firstSeed + round
      tally.rounds += 1
      const isKill = init.plant === 'strict' ? false : init.plant !== '' || seed % 3 < KILLS_IN_THREE
      const failures = isKill
        ? await kill({ name, seed, place: guests.place, plant: init.plant }, tally)
        : await mix({ name, runtime, programs, seed, plant: init.plant, concurrencyMax: CONCURRENCY_MAX }, tally)
      tally.failures.push(...failures.map((what) => ({ seed, what })))
      init.log(`${name}: seed ${seed} ${isKill ? 'killed' : 'mixed'}, ${tally.failures.length} failures`)
    }
  } finally {
    await runtime.close()
    if (!HOSTED.includes(name) && readdirSync(home).length > 0)
      tally.failures.push({ seed: init.firstSeed, what: `${name}: its directory is not empty after its end` })
    rmSync(home, { recursive: true, force: true })
  }
}

async function kill(init: Parameters<typeof killParent>[0], tally: Tally): Promise<readonly string[]> {
  const { failures, processes, goneMs, reaped } = await killParent(init)
  tally.kills += 1
  tally.processes += processes
  tally.reaped += reaped
  tally.goneMsMax = Math.max(tally.goneMsMax, goneMs)
  return failures
}

async function mix(init: Parameters<typeof mixAttacks>[0], tally: Tally): Promise<readonly string[]> {
  const { failures, contained, stallMs } = await mixAttacks(init)
  tally.contained.push(...contained)
  tally.stallMsMax = Math.max(tally.stallMsMax, stallMs)
  const stalled = stallMs > STALL_MS_MAX ? [`${init.name}: the parent was held up for ${Math.round(stallMs)} ms`] : []
  return [...failures, ...stalled]
}

/** A row for what became of parents, and one for each attack. */
function describe(name: SandboxRuntimeName, tally: Tally): readonly (readonly [label: string, value: string])[] {
  const { kills, processes, goneMsMax, reaped, contained, stallMsMax } = tally
  const attacks = [...new Set(contained.map(({ attack }) => attack))].toSorted()
  return [
    [
      `${name}, killed parents`,
      `${kills}; ${processes} processes below them, gone after ${Math.round(goneMsMax)} ms at most; ${reaped} things reaped by the next start`,
    ],
    [
      `${name}, hostile runs at once`,
      `${contained.length}; the parent was held up ${Math.round(stallMsMax)} ms at most`,
    ],
    ...attacks.map((attack): readonly [string, string] => [
      `${name}, ${attack}`,
      describeAttack(contained.filter((each) => each.attack === attack)),
    ]),
  ]
}

function describeAttack(runs: readonly Contained[]): string {
  const reasons = [...new Set(runs.map(({ reason }) => reason))].toSorted().join(' or ')
  const most = (values: readonly (number | undefined)[]): number | undefined => {
    const known = values.filter((value) => value !== undefined)
    return known.length === 0 ? undefined : Math.round(Math.max(...known))
  }
  const beyond = most(runs.map(({ beyondMs }) => beyondMs))
  const clean = most(runs.map(({ cleanMs }) => cleanMs))
  return [
    `${runs.length} by ${reasons}`,
    beyond === undefined ? `within ${most(runs.map(({ wallMs }) => wallMs)) ?? 0} ms` : `${beyond} ms beyond its limit`,
    ...(clean === undefined ? [] : [`clean ${clean} ms later`]),
  ].join(', ')
}
