/**
 * `node test/simulation/gate.ts [--runs N] [--seed N] [--only coverage|gate|door] [--data NAME] [--door-share X]`: how often the 95 % intervals of
 * off-policy evaluation hold the truth, and how often the promotion gate is right, over simulated data of a known truth. One JSON document on
 * stdout, progress on stderr; deterministic for a seed. Exit 1 when a figure is outside of what is promised by more than luck, 2 on wrong usage.
 *
 * `--data` takes one way of logging alone (`half-half`, `softmax`, `epsilon-30`, `epsilon-10`, or `replay` for the gate). `--runs` counts the logs
 * per setting of the coverage and the runs with two different policies of equal quality (default 1,000); better and worse candidates get a fifth of it.
 *
 * Most runs judge in memory. A share of them (`--door-share`, default 0.1) goes through the door of `kernell policy evaluate --gate`, with a world of its
 * own: trained artefacts and rows in files, overlap, the decision of every row, the signed report; there, too, one artefact in both places
 * (a true A/A), and in every tenth run the rows three times over and a training file that holds them. A door run takes about a second.
 */
import { parseArgs } from 'node:util'
import type { LoggingPolicy } from './logged-world.ts'
import { simulateCoverage } from './simulate-coverage.ts'
import { isAbove, isBelow, isOutside } from './by-luck.ts'
import { simulateDoor, type DoorSimulation, type DoorSimulationInit } from './simulate-door.ts'
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
const COVERAGE = { range: [0.93, 0.97], luck: 0.002 } as const
const OUTSIDE_BY_LUCK_MAX = 2
/** Where no luck reaches. */
const COVERAGE_FAILED = { range: [0.92, 0.98], luck: 0.00001 } as const
const GATE_DATA: readonly GateSimulationInit['data'][] = ['replay', 'half-half', 'softmax', 'epsilon-30', 'epsilon-10']
const DOOR_DATA: readonly DoorSimulationInit['data'][] = ['replay', 'half-half']
const ROWS = 4000
const DISAGREEMENT = 0.2

async function main(): Promise<number> {
  const parsed = readArguments()
  if (parsed === undefined) {
    process.stderr.write(
      'Usage: node test/simulation/gate.ts [--runs N] [--seed N] [--only coverage|gate|door] [--data NAME] [--door-share X]\n',
    )
    return 2
  }
  const { runs, seed, only, data: wanted, doorShare } = parsed
  const isWanted = (name: string): boolean => wanted === '' || wanted === name
  const failures: string[] = []
  const outside: string[] = []
  const coverage =
    only === 'gate' || only === 'door'
      ? []
      : COVERAGE_SETTINGS.filter(({ logging }) => isWanted(logging)).map((setting) => {
          process.stderr.write(`coverage: ${setting.logging}, ${setting.rows} rows\n`)
          const figures = simulateCoverage({ ...setting, runs, seed })
          for (const [name, share] of Object.entries(figures.coverage)) {
            const found = `${setting.logging}, ${setting.rows} rows: ${name} held in ${(100 * share).toFixed(1)} %`
            const judged = runs - figures.refused
            if (isOutside(share, judged, COVERAGE_FAILED)) failures.push(found)
            else if (isOutside(share, judged, COVERAGE)) outside.push(found)
          }
          return figures
        })
  const isGateWanted = only === '' || only === 'gate'
  const gate = !isGateWanted ? [] : GATE_DATA.filter(isWanted).flatMap((data) => judgeAll(data, runs, seed))
  if (outside.length > OUTSIDE_BY_LUCK_MAX) failures.push(...outside)
  const door: DoorSimulation[] = []
  const doorRuns = Math.ceil(runs * doorShare)
  if (only !== 'coverage' && doorRuns > 0)
    for (const data of DOOR_DATA.filter(isWanted)) door.push(...(await judgeAtDoor(data, doorRuns, seed)))
  for (const simulation of [...gate, ...door]) failures.push(...brokenPromises(simulation))
  for (const { faults } of door) failures.push(...faults)
  process.stdout.write(
    `${JSON.stringify({ runs, seed, doorShare, coverage, outside, gate, door, failures }, null, 2)}\n`,
  )
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

async function judgeAtDoor(
  data: DoorSimulationInit['data'],
  runs: number,
  seed: number,
): Promise<readonly DoorSimulation[]> {
  const simulations: DoorSimulation[] = []
  for (const gain of ['same', 0, 0.03, -0.01] as const) {
    process.stderr.write(`door: ${data}, ${gain === 'same' ? 'one artefact in both places' : `gain ${gain}`}\n`)
    const times = gain === 'same' || gain === 0 ? runs : Math.max(1, Math.round(runs / 5))
    simulations.push(await simulateDoor({ data, gain, rows: ROWS, runs: times, seed }))
  }
  return simulations
}

/** What is promised for any data; how often a better candidate is promoted, for data that has the power. */
function brokenPromises({
  data,
  gain,
  runs,
  promoted,
}: Pick<GateSimulation | DoorSimulation, 'data' | 'gain' | 'runs' | 'promoted'>): readonly string[] {
  const name = gain === 'same' ? 'one artefact in both places' : `${(100 * gain).toFixed(0)} points`
  const found = `${data}, ${name}: ${promoted} of ${runs} promoted`
  if (gain === 'same' || gain < 0) return promoted > 0 ? [found] : []
  if (gain === 0) return isAbove(promoted, runs, 0.01) ? [found] : []
  return (data === 'replay' || data === 'half-half') && isBelow(promoted, runs, 0.8) ? [found] : []
}

function readArguments():
  | {
      readonly runs: number
      readonly seed: number
      readonly only: string
      readonly data: string
      readonly doorShare: number
    }
  | undefined {
  try {
    const { values } = parseArgs({
      options: {
        runs: { type: 'string', default: '1000' },
        seed: { type: 'string', default: '1' },
        only: { type: 'string', default: '' },
        data: { type: 'string', default: '' },
        'door-share': { type: 'string', default: '0.1' },
      },
    })
    const isNumber = (text: string): boolean => /^[1-9][0-9]{0,6}$/.test(text)
    if (
      !isNumber(values.runs) ||
      !isNumber(values.seed) ||
      !/^(?:0|1|0\.[0-9]{1,6})$/.test(values['door-share']) ||
      !['', 'coverage', 'gate', 'door'].includes(values.only) ||
      !['', ...GATE_DATA].includes(values.data)
    )
      return undefined
    return {
      ...values,
      runs: Number(values.runs),
      seed: Number(values.seed),
      doorShare: Number(values['door-share']),
    }
  } catch {
    return undefined
  }
}

process.exitCode = await main()
