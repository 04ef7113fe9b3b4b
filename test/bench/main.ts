/**
 * `npm run bench -- NAME|all [--json] [--quick]`: runs every file of `test/bench/NAME/` that exports `bench`, and prints its rows. With
 * `--json` one document per name on stdout (a list of them for `all`), everything else on stderr.
 */
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Bench, type BenchReport, type BenchRow, describeMachine } from './bench.ts'

const FOLDER = new URL('./', import.meta.url)

type NamedReport = BenchReport & { readonly name: string; readonly machine: ReturnType<typeof describeMachine> }

async function main(): Promise<number> {
  const known = listNames()
  const usage = `Usage: npm run bench -- NAME|all [--json] [--quick]\nNames: ${known.join(', ')}\n`
  const parsed = readArguments()
  if (parsed === undefined) {
    process.stderr.write(usage)
    return 2
  }
  const { values, positionals } = parsed
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const names = positionals[0] === 'all' ? known : positionals
  const unknown = names.find((name) => !known.includes(name))
  if (names.length === 0 || unknown !== undefined) {
    process.stderr.write(usage)
    return 2
  }
  const reports: NamedReport[] = []
  for (const name of names) reports.push(await runNamed(name, values.quick))
  if (values.json) process.stdout.write(`${JSON.stringify(reports.length === 1 ? reports[0] : reports)}\n`)
  else for (const report of reports) printReport(report)
  return 0
}

type Arguments = {
  readonly values: { readonly json: boolean; readonly quick: boolean; readonly help: boolean }
  readonly positionals: readonly string[]
}

/** `undefined` where an option is unknown. */
function readArguments(): Arguments | undefined {
  const flag = { type: 'boolean', default: false } as const
  try {
    return parseArgs({ allowPositionals: true, options: { json: flag, quick: flag, help: flag } })
  } catch (error: unknown) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return undefined
  }
}

function listNames(): string[] {
  const folders = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return folders.map((folder) => folder.name).toSorted()
}

async function runNamed(name: string, isQuick: boolean): Promise<NamedReport> {
  const rows: BenchRow[] = []
  const skipped: NamedReport['skipped'][number][] = []
  const log = (text: string): void => void process.stderr.write(`${name}: ${text}\n`)
  const files = readdirSync(new URL(`${name}/`, FOLDER)).filter((file) => file.endsWith('.ts'))
  for (const file of files.toSorted()) {
    if (file.startsWith('run-')) continue
    const module = (await import(new URL(`${name}/${file}`, FOLDER).href)) as { readonly bench?: Bench }
    if (module.bench === undefined) continue
    const report = await module.bench({ isQuick, log })
    rows.push(...report.rows)
    skipped.push(...report.skipped)
  }
  return { name, machine: describeMachine(), rows, skipped }
}

function printReport(report: NamedReport): void {
  const { machine } = report
  console.log(`\n${report.name}  (${machine.cpu}, ${machine.cores} cores, Node ${machine.node})`)
  for (const row of report.rows) {
    const peers = Object.entries(row.peers).map(([peer, value]) => `${peer} ${value}`)
    const limit = row.limit === null ? '' : `  limit ${row.limit} ${isWithin(row) ? 'ok' : 'MISSED'}`
    console.log(
      `  ${row.case.padEnd(46)} ${String(row.ours).padStart(10)} ${row.unit}  ${peers.join('  ')}${limit}${row.note === '' ? '' : `  (${row.note})`}`,
    )
  }
  for (const { peer, why } of report.skipped) console.log(`  skipped ${peer}: ${why}`)
}

function isWithin(row: BenchRow): boolean {
  if (row.limit === null) return true
  return row.better === 'higher' ? row.ours >= row.limit : row.ours <= row.limit
}

process.exitCode = await main()
