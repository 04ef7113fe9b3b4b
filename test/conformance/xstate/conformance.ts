import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { compareSides, findFaults, type Comparison, type ExpectedDifference, type FileComparison } from './compare.ts'
import { runSide, type SideOutcome } from './run-side.ts'

export { isPlant, listPlants } from './plants.ts'

export type ConformanceInit = {
  /** A checkout of XState's repository. */
  readonly directory: string
  /** Parts of file names; none means all. */
  readonly filters: readonly string[]
  /** A planted fault's name, or empty. */
  readonly plant: string
  readonly isJson: boolean
}

/** Of a broken side there would be thousands. */
const FAULTS_SHOWN = 60
const EXPECTED = new URL('./expected-differences.json', import.meta.url)
const INSTALLED = new URL('../../../node_modules/xstate/package.json', import.meta.url)

/** @returns The exit status: 0 when ours conforms, 1 when not, 2 when the directory is no usable checkout. */
export async function runXStateConformance({ directory, filters, plant, isJson }: ConformanceInit): Promise<number> {
  const core = resolve(directory, 'packages/core')
  if (!existsSync(join(core, 'src/createActor.ts'))) return refuse(`${core} holds no source of XState v5`)
  const version = versionIn(join(core, 'package.json'))
  const installed = versionIn(INSTALLED)
  log(
    `XState ${version} from ${core}; installed is ${installed}${version === installed ? '' : ', which is another version'}`,
  )
  log('running on XState')
  const xstate = await runSide({ core, side: 'xstate', filters, plant: '' })
  const unloadable = listUnloadable(xstate)
  if (unloadable.length > 0) return refuse(`install the checkout's dependencies:\n${unloadable.join('\n')}`)
  log('running on kernell-os')
  const kernell = await runSide({ core, side: 'kernell', filters, plant })
  const comparison = compareSides(xstate, kernell, readExpected())
  const faults = findFaults(comparison)
  if (isJson) process.stdout.write(`${JSON.stringify({ version, installed, ...comparison, faults })}\n`)
  else print(comparison, faults)
  return faults.length === 0 ? 0 : 1
}

function listUnloadable({ files }: SideOutcome): readonly string[] {
  return files.filter(({ loadError }) => loadError !== '').map(({ file, loadError }) => `${file}: ${loadError}`)
}

function readExpected(): readonly ExpectedDifference[] {
  return JSON.parse(readFileSync(EXPECTED, 'utf8')) as readonly ExpectedDifference[]
}

function versionIn(file: string | URL): string {
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }
  return version
}

function print(comparison: Comparison, faults: readonly string[]): void {
  const { comparable, passed, comparableWithActors, passedWithActors, census } = comparison
  const lines = [
    row(['passed', 'failed', 'differs', 'cells', 'adopted', 'messages', 'file']),
    ...comparison.files.map(rowOf),
    '',
    ...comparison.files.flatMap(({ differences }) =>
      differences.map(({ file, test, reason, error }) => `differs: ${file}: ${test}\n  ${reason ?? error}`),
    ),
    ...comparison.leftOut.map(({ file, test, error }) => `left out, fails on XState: ${file}: ${test}\n  ${error}`),
    '',
    `${passed} of ${comparable} tests that pass on XState pass on ours (${percent(passed, comparable)});`,
    `${passedWithActors} of ${comparableWithActors} of those that create actors (${percent(passedWithActors, comparableWithActors)}).`,
    `${comparison.leftOut.length} fail on XState and are left out, ${comparison.skipped} are skipped by the suite.`,
    `${census.roots} actors created by tests: ${census.cells} cells; ${census.children} started by XState: ${census.adopted} adopted by cells;`,
    `${census.turnsOfCells} messages handled by cells, ${census.turnsOutside} events processed outside a cell's turn.`,
    ...(faults.length === 0
      ? ['', 'conforms']
      : ['', ...faults.slice(0, FAULTS_SHOWN).map((fault) => `FAULT ${fault}`), ...more(faults.length)]),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

function more(count: number): readonly string[] {
  return count > FAULTS_SHOWN ? [`and ${count - FAULTS_SHOWN} more faults`] : []
}

/** `failed` is what nobody expects, `differs` what the list explains. */
function rowOf({ file, passed, differences, census }: FileComparison): string {
  const explained = differences.filter(({ reason }) => reason !== undefined).length
  const counts = [passed, differences.length - explained, explained, census.cells, census.adopted, census.turnsOfCells]
  return row([...counts.map(String), file])
}

function row(cells: readonly string[]): string {
  return cells.map((cell, index) => (index === cells.length - 1 ? cell : cell.padStart(8))).join('  ')
}

function percent(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Math.floor((part / whole) * 10_000) / 100} %`
}

function refuse(reason: string): number {
  log(reason)
  return 2
}

function log(text: string): void {
  process.stderr.write(`conformance: ${text}\n`)
}
