import type { SimulatePlan } from './simulate-plan.ts'

/** Options with flags of their own. */
const COUNTS = ['agents', 'nodes', 'steps']

/** The command line that plays a seed again. */
export function replayOf({ scenario, options, signatures, dataFile }: SimulatePlan, seed: number): string {
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
  ]
  return words.map(quoted).join(' ')
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
