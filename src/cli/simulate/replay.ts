import type { Shrunk } from '../../simulation/run/shrink.ts'
import type { SimulatePlan } from './simulate-plan.ts'

/** Options with flags of their own. */
const COUNTS = ['agents', 'nodes', 'steps']

type Replayed = Pick<SimulatePlan, 'scenario' | 'options' | 'signatures' | 'dataFile' | 'faultIds'> & {
  readonly until?: number
}

/** The command line that plays a seed again. */
export function replayOf({ scenario, options, signatures, dataFile, faultIds, until }: Replayed, seed: number): string {
  const words = [
    'kernell',
    'simulate',
    scenario,
    '--seed',
    `${seed}`,
    ...Object.entries(options).flatMap(([name, value]) =>
      COUNTS.includes(name) ? [`--${name}`, JSON.stringify(value)] : ['--set', `${name}=${textOf(value)}`],
    ),
    ...(signatures === 'seeded' ? [] : ['--signatures', signatures]),
    ...(dataFile === undefined ? [] : ['--data', dataFile]),
    ...(faultIds === undefined ? [] : ['--faults', faultIds.length === 0 ? 'none' : faultIds.join(',')]),
    ...(until === undefined ? [] : ['--until', `${until}`]),
  ]
  return words.map(quoted).join(' ')
}

/** The command line that plays what is left of a failing seed. `defaults`: options that need not be said. */
export function replayOfShrunk(
  plan: SimulatePlan,
  { failing }: Shrunk,
  defaults: Readonly<Record<string, unknown>>,
): string {
  const given = Object.entries(failing.options as Readonly<Record<string, unknown>>)
  const options = Object.fromEntries(
    given.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name])),
  )
  const { faultIds, eventsMax } = failing
  return replayOf(
    { ...plan, options, faultIds, ...(eventsMax !== undefined && { until: eventsMax - 1 }) },
    failing.seed,
  )
}

/** What `--set` reads as this value: text that looks like JSON is quoted as JSON. */
function textOf(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  try {
    JSON.parse(value)
    return JSON.stringify(value)
  } catch {
    return value
  }
}

/** As a POSIX shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
