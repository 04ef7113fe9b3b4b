/**
 * `npm run torture -- NAME|all [--runs N | --minutes N] [--seed N] [--plant NAME] [--list-plants] [--json]`: breaks what
 * the project promises to survive, and looks at what is left. `network` and `notaries` are lists of cases, of which `--cases A..B` and `--only TEXT` play some, `--lanes N` at a time; `sandbox` takes `--only RUNTIME`, `soak` `--requests N`.
 * Exit 1 on any failure, 2 on wrong usage.
 */
import { parseArgs } from 'node:util'
import { ACTORS_TORTURE } from './actors-torture.ts'
import { AUCTION_TORTURE } from './auction-torture.ts'
import { BUDGET_TORTURE } from './budget-torture.ts'
import { BUDGETS_TORTURE } from './budgets/budgets-torture.ts'
import { DECODERS_TORTURE } from './decoders-torture.ts'
import { ESCROW_TORTURE } from './escrow-torture.ts'
import { FLEET_GATEWAYS_TORTURE } from './fleet-gateways/fleet-gateways-torture.ts'
import { Heartbeat } from './heartbeat.ts'
import { MONEY_TORTURE } from './money-torture.ts'
import { NETWORK_TORTURE, NOTARIES_TORTURE } from './network/network-torture.ts'
import { NOTARY_TORTURE } from './notary-torture.ts'
import { RING_TORTURE } from './ring-torture.ts'
import { SANDBOX_TORTURE } from './sandbox-torture.ts'
import { SETTLEMENT_TORTURE } from './settlement-torture.ts'
import { SIGNATURE_TORTURE } from './signature-torture.ts'
import { SOAK_TORTURE } from './soak/soak-torture.ts'
import { STANDING_TORTURE } from './standing-torture.ts'
import { STORAGE_TORTURE } from './storage-torture.ts'
import { THREADS_TORTURE } from './threads-torture.ts'
import type { Torture, TortureInit, TortureReport } from './torture.ts'

const TORTURES: readonly Torture[] = [
  STORAGE_TORTURE,
  BUDGET_TORTURE,
  RING_TORTURE,
  ACTORS_TORTURE,
  THREADS_TORTURE,
  MONEY_TORTURE,
  ESCROW_TORTURE,
  NOTARY_TORTURE,
  SETTLEMENT_TORTURE,
  AUCTION_TORTURE,
  STANDING_TORTURE,
  SIGNATURE_TORTURE,
  DECODERS_TORTURE,
  NETWORK_TORTURE,
  NOTARIES_TORTURE,
  SANDBOX_TORTURE,
  BUDGETS_TORTURE,
  FLEET_GATEWAYS_TORTURE,
  SOAK_TORTURE,
]
const FAILURES_SHOWN = 20
const LABEL_WIDTH_MIN = 20

async function main(): Promise<number> {
  const parsed = readArguments()
  if (parsed === undefined) return usage()
  const { values, positionals } = parsed
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const name = positionals[0] ?? (values['list-plants'] ? 'all' : '')
  const chosen = TORTURES.filter((torture) => name === 'all' || torture.name === name)
  const isNumber = (text: string | undefined): boolean => text === undefined || /^[0-9]+(\.[0-9]+)?$/.test(text)
  const numbers = [values.runs, values.minutes, values.seed, values.lanes, values.requests]
  const span = readSpan(values.cases)
  if (chosen.length === 0 || !numbers.every(isNumber) || span === 'wrong') return usage()
  if (values['list-plants']) return listPlants(chosen, values.json)
  if (values.plant !== '' && !chosen.some(({ plants }) => values.plant in plants)) return usage()
  const reports: TortureReport[] = []
  for (const torture of chosen) {
    if (values.plant !== '' && !(values.plant in torture.plants)) continue
    const minutes = values.minutes === undefined ? undefined : Number(values.minutes)
    reports.push(
      await play(torture, {
        runs: roundsOf(torture, values),
        deadlineMs: minutes === undefined ? undefined : performance.now() + minutes * 60_000,
        firstSeed: Number(values.seed ?? 1),
        plant: values.plant,
        cases: span,
        only: values.only,
        lanes: values.lanes === undefined ? undefined : Math.max(1, Math.floor(Number(values.lanes))),
        requests: values.requests === undefined ? undefined : Math.max(1, Math.floor(Number(values.requests))),
      }),
    )
  }
  if (values.json) process.stdout.write(`${JSON.stringify(reports.length === 1 ? reports[0] : reports)}\n`)
  else for (const report of reports) print(report)
  return reports.some(({ failures }) => failures.length > 0) ? 1 : 0
}

/** Runs a torture; it says something every few seconds. */
async function play(torture: Torture, init: Omit<TortureInit, 'log'>): Promise<TortureReport> {
  const heartbeat = new Heartbeat(torture.name)
  const log = (line: string): void => {
    heartbeat.noteSaid()
    process.stderr.write(`${torture.name}: ${line}\n`)
  }
  try {
    return await torture.run({ ...init, log })
  } finally {
    await heartbeat.stop()
  }
}

type Length = {
  readonly runs?: string | undefined
  readonly minutes?: string | undefined
  readonly seed?: string | undefined
}

/** A number that was asked for, as many as the time allows, one for a seed to be replayed, or the torture's own. */
function roundsOf(torture: Torture, { runs, minutes, seed }: Length): number {
  if (runs !== undefined) return Number(runs)
  if (minutes !== undefined) return Number.MAX_SAFE_INTEGER
  return seed === undefined ? torture.runsDefault : 1
}

const USAGE = `Usage: npm run torture -- ${TORTURES.map(({ name }) => name).join('|')}|all [--runs N | --minutes N] [--seed N] [--plant NAME] [--list-plants] [--cases A..B] [--only TEXT] [--lanes N] [--requests N] [--json]\n`

function usage(): number {
  process.stderr.write(USAGE)
  return 2
}

/** Places of cases, `A..B`. */
function readSpan(text: string | undefined): TortureInit['cases'] | 'wrong' {
  if (text === undefined) return undefined
  const [, first, last] = /^([1-9][0-9]*)\.\.([1-9][0-9]*)$/.exec(text) ?? []
  return first === undefined || last === undefined ? 'wrong' : { first: Number(first), last: Number(last) }
}

/** `undefined` where an option is unknown. */
function readArguments() {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const options = {
    runs: text,
    minutes: text,
    seed: text,
    cases: text,
    only: text,
    lanes: text,
    requests: text,
    plant: { type: 'string', default: '' },
    'list-plants': flag,
    json: flag,
    help: flag,
  } as const
  try {
    return parseArgs({ allowPositionals: true, options })
  } catch (error: unknown) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return undefined
  }
}

function listPlants(chosen: readonly Torture[], isJson: boolean): number {
  if (isJson) {
    process.stdout.write(`${JSON.stringify(Object.fromEntries(chosen.map(({ name, plants }) => [name, plants])))}\n`)
    return 0
  }
  const rows = chosen.flatMap(({ name, plants }) =>
    Object.entries(plants).map(([plant, what]) => ({ name, plant, what })),
  )
  const width = Math.max(...rows.map(({ name, plant }) => `${name} ${plant}`.length))
  for (const { name, plant, what } of rows) console.log(`${`${name} ${plant}`.padEnd(width)}  ${what}`)
  return 0
}

function print(report: TortureReport): void {
  console.log(`${report.name}: ${report.runs} rounds, ${report.failures.length} failures`)
  const width = Math.max(LABEL_WIDTH_MIN, ...Object.keys(report.counts).map((name) => name.length))
  for (const [name, value] of Object.entries(report.counts)) console.log(`  ${name.padEnd(width)}  ${value}`)
  for (const { seed, what } of report.failures.slice(0, FAILURES_SHOWN)) console.log(`  FAILED seed ${seed}: ${what}`)
}

process.exitCode = await main()
