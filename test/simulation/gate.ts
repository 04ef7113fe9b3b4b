/**
 * `node test/simulation/gate.ts [--runs N] [--seed N] [--only coverage|gate] [--data NAME]`: how often the 95 % intervals of off-policy evaluation hold
 * the truth, and how often the promotion gate is right, over simulated data of a known truth. One JSON document on stdout, progress on
 * stderr; deterministic for a seed. Exit 1 when a figure is outside of what is promised, 2 on wrong usage.
 *
 * `--data` takes one way of logging alone (`half-half`, `softmax`, `epsilon-30`, `epsilon-10`, or `replay` for the gate). `--runs` counts the logs per setting of the coverage and the A/A runs (default 1,000); better and worse candidates get a fifth of it.
 */
import { parseArgs } from 'node:util'
import type { LoggingPolicy } from './logged-world.ts'
import { simulateCoverage } from './simulate-coverage.ts'
import { simulateGate, type GateSimulation, type GateSimulationInit } from './simulate-gate.ts'

const COVERAGE_SETTINGS: readonly { readonly logging: LoggingPolicy; readonly rows: number }[] = [
  { logging: 'half-half', rows: 1000 },
  { logging: 'half-half', rows: 4000 },
  { logging: 'softmax', rows: 2000 },
  { logging: 'softmax', rows: 4000 },
  { logging: 'epsilon-30', rows: 4000 },
  { logging: 'epsilon-10', rows: 8000 },
]
/** Of 1,000 runs, a coverage of 95 % is seen between 93 % and 97 %, but for four times in a thousand; there are 216 figures. */
const COVERAGE_RANGE = [0.93, 0.97] as const
const OUTSIDE_BY_LUCK_MAX = 2
/** Where no luck reaches. */
const COVERAGE_FAILED = [0.92, 0.98] as const
const GATE_DATA: readonly GateSimulationInit['data'][] = ['replay', 'half-half', 'softmax', 'epsilon-30', 'epsilon-10']
const ROWS = 4000
const DISAGREEMENT = 0.2

function main(): number {
  const parsed = readArguments()
  if (parsed === undefined) {
    process.stderr.write(
      'Usage: node test/simulation/gate.ts [--runs N] [--seed N] [--only coverage|gate] [--data NAME]\n',
    )
    return 2
  }
  const { runs, seed, only, data: wanted } = parsed
  const isWanted = (name: string): boolean => wanted === '' || wanted === name
  const failures: string[] = []
  const outside: string[] = []
  const coverage =
    only === 'gate'
      ? []
      : COVERAGE_SETTINGS.filter(({ logging }) => isWanted(logging)).map((setting) => {
          process.stderr.write(`coverage: ${setting.logging}, ${setting.rows} rows\n`)
          const figures = simulateCoverage({ ...setting, runs, seed })
          for (const [name, share] of Object.entries(figures.coverage)) {
            const found = `${setting.logging}, ${setting.rows} rows: ${name} held in ${(100 * share).toFixed(1)} %`
            if (share < COVERAGE_FAILED[0] || share > COVERAGE_FAILED[1]) failures.push(found)
            else if (share < COVERAGE_RANGE[0] || share > COVERAGE_RANGE[1]) outside.push(found)
          }
          return figures
        })
  const gate = only === 'coverage' ? [] : GATE_DATA.filter(isWanted).flatMap((data) => judgeAll(data, runs, seed))
  if (outside.length > OUTSIDE_BY_LUCK_MAX) failures.push(...outside)
  for (const simulation of gate) failures.push(...brokenPromises(simulation))
  process.stdout.write(`${JSON.stringify({ runs, seed, coverage, outside, gate, failures }, null, 2)}\n`)
  return failures.length === 0 ? 0 : 1
}

function judgeAll(data: GateSimulationInit['data'], runs: number, seed: number): readonly GateSimulation[] {
  const judge = (gain: number, times: number): GateSimulation => {
    process.stderr.write(`gate: ${data}, ${(100 * gain).toFixed(0)} points better\n`)
    return simulateGate({ data, gain, rows: ROWS, runs: times, seed, disagreement: DISAGREEMENT })
  }
  const fifth = Math.max(1, Math.round(runs / 5))
  return [judge(0, runs), judge(0.03, fifth), judge(-0.01, fifth)]
}

/** What is promised for any data; how often a better candidate is promoted, for data that has the power. */
function brokenPromises({ data, gain, runs, promoted }: GateSimulation): readonly string[] {
  const share = promoted / runs
  const found = `${data}, ${(100 * gain).toFixed(0)} points: ${promoted} of ${runs} promoted`
  if (gain === 0 && share > 0.01) return [found]
  if (gain < 0 && promoted > 0) return [found]
  if (gain > 0 && (data === 'replay' || data === 'half-half') && share < 0.8) return [found]
  return []
}

function readArguments():
  | { readonly runs: number; readonly seed: number; readonly only: string; readonly data: string }
  | undefined {
  try {
    const { values } = parseArgs({
      options: {
        runs: { type: 'string', default: '1000' },
        seed: { type: 'string', default: '1' },
        only: { type: 'string', default: '' },
        data: { type: 'string', default: '' },
      },
    })
    const isNumber = (text: string): boolean => /^[1-9][0-9]{0,6}$/.test(text)
    if (
      !isNumber(values.runs) ||
      !isNumber(values.seed) ||
      !['', 'coverage', 'gate'].includes(values.only) ||
      !['', ...GATE_DATA].includes(values.data)
    )
      return undefined
    return { ...values, runs: Number(values.runs), seed: Number(values.seed) }
  } catch {
    return undefined
  }
}

process.exitCode = main()
