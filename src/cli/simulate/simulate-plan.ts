import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { isPlotFile } from '../../node/learning/evaluation/write-plot.ts'
import type { SignatureKind } from '../../simulation/scenario/stage.ts'
import type { CommandContext } from '../command.ts'
import {
  choiceFlag,
  type Flags,
  type FlagTable,
  isFlagSet,
  listFlag,
  type NumberRange,
  numberFlag,
  textFlag,
  usageError,
} from '../flags.ts'
import type { RunFiles } from './run-files.ts'

export const SEED_MAX = 4_294_967_295

export const SIMULATE_FLAGS: FlagTable = {
  list: { describe: 'show the scenarios and what they take, also where none is named' },
  seed: { value: 'N', describe: 'the seed of the run (default 1); the same seed gives the same run' },
  seeds: { value: 'A..B', describe: 'play all these seeds on threads, each twice, and compare the hashes' },
  agents: { value: 'N', describe: 'the option `agents` of the scenario' },
  nodes: { value: 'N', describe: 'the option `nodes` of the scenario' },
  steps: { value: 'N', describe: 'the option `steps` of the scenario' },
  set: { value: 'NAME=VALUE', isList: true, describe: 'another option of the scenario; VALUE is JSON, or else text' },
  signatures: { value: 'KIND', describe: 'seeded (default: quick, unforgeable inside the world) or ed25519' },
  data: { value: 'FILE', describe: 'recorded outcomes (JSON Lines or .gz) for scenarios that serve them' },
  plot: { value: 'FILE', isList: true, describe: 'draw the run, or how metrics spread over seeds: .svg or .png' },
  report: { value: 'FILE.html', describe: 'write all of it as one page that needs nothing else' },
  trace: { value: 'FILE', describe: 'write every event of the run as JSON Lines' },
  until: { value: 'EVENT', describe: 'stop behind the event of this index, and show the last ones' },
  twice: { describe: 'play the seed once more and compare the hashes, as --seeds always does' },
  faults: { value: 'ID,ID', describe: 'only these faults of the plan, by their ids, or `none`' },
  shrink: { describe: 'make failing seeds small: fewer faults, fewer agents, fewer events' },
  resume: { value: 'FILE', describe: 'keep finished seeds there, and leave out those that are there already' },
  threads: { value: 'N', describe: 'seeds that are played at a time (default: as many as there are processors)' },
  timeout: {
    value: 'SECONDS',
    describe:
      'a seed that takes longer is ended and has failed (default 600 with --seeds; one alone ends when it has not come back for 300)',
  },
}

export type SeedRange = { readonly from: number; readonly to: number }

/** What a command line of `kernell simulate` asks for. */
export type SimulatePlan = {
  readonly scenario: string
  readonly options: Readonly<Record<string, unknown>>
  readonly signatures: SignatureKind
  readonly dataFile: string | undefined
  readonly files: RunFiles
  readonly faultIds: readonly number[] | undefined
  readonly isShrunk: boolean
  /** For a seed; absent: one run has no limit but that it comes back every 300 seconds, each of many 600 seconds. */
  readonly timeoutMs: number | undefined
  readonly play:
    | { readonly kind: 'run'; readonly seed: number; readonly until: number | undefined; readonly isTwice: boolean }
    | {
        readonly kind: 'seeds'
        readonly range: SeedRange
        readonly resumeFile: string | undefined
        readonly threads: number
      }
}

/** Throws `COMMAND_INVALID` for what cannot be understood or does not go together. */
export function readPlan(
  scenario: string,
  { flags, workingDir }: Pick<CommandContext, 'flags' | 'workingDir'>,
): SimulatePlan {
  const range = rangeFlag(flags)
  refusePairs(flags, range !== undefined)
  const pathOf = (name: string): string | undefined => {
    const file = textFlag(flags, name)
    return file === undefined ? undefined : resolve(workingDir, file)
  }
  const play: SimulatePlan['play'] =
    range === undefined
      ? {
          kind: 'run',
          seed: numberFlag(flags, 'seed', wholeUpTo(SEED_MAX)) ?? 1,
          until: numberFlag(flags, 'until', wholeUpTo(Number.MAX_SAFE_INTEGER - 1)),
          isTwice: isFlagSet(flags, 'twice'),
        }
      : {
          kind: 'seeds',
          range,
          resumeFile: pathOf('resume'),
          threads: numberFlag(flags, 'threads', { min: 1, max: 256, isWhole: true }) ?? availableParallelism(),
        }
  const seconds = numberFlag(flags, 'timeout', { min: 0.001, max: 1_000_000 })
  return {
    scenario,
    options: optionFlags(flags),
    signatures: choiceFlag(flags, 'signatures', ['seeded', 'ed25519']) ?? 'seeded',
    dataFile: pathOf('data'),
    files: { plots: plotFlag(flags, workingDir), report: reportFlag(flags, workingDir), trace: pathOf('trace') },
    faultIds: faultsFlag(flags),
    timeoutMs: seconds === undefined ? undefined : 1_000 * seconds,
    isShrunk: isFlagSet(flags, 'shrink'),
    play,
  }
}

/** `A..B`, both ends included. */
function rangeFlag(flags: Flags): SeedRange | undefined {
  const text = textFlag(flags, 'seeds')
  if (text === undefined) return undefined
  const [, first, last] = /^(\d{1,10})\.\.(\d{1,10})$/.exec(text) ?? []
  const [from, to] = [Number(first), Number(last)]
  if (!(from <= to && to <= SEED_MAX))
    throw usageError(`--seeds must be A..B with 0 <= A <= B <= ${SEED_MAX}, not ${JSON.stringify(text)}`)
  return { from, to }
}

/** Flags of one run and flags of many. */
function refusePairs(flags: Flags, hasRange: boolean): void {
  const wrong = hasRange ? ['seed', 'trace', 'until', 'twice', 'faults'] : ['resume', 'threads']
  const given = wrong.find((name) => flags[name] !== undefined)
  if (given !== undefined)
    throw usageError(`--${given} goes with ${hasRange ? 'one seed, not with --seeds' : '--seeds A..B'}`)
}

function optionFlags(flags: Flags): Readonly<Record<string, unknown>> {
  const counts = ['agents', 'nodes', 'steps'].flatMap((name): (readonly [string, unknown])[] => {
    const value = numberFlag(flags, name, wholeUpTo(Number.MAX_SAFE_INTEGER))
    return value === undefined ? [] : [[name, value]]
  })
  const others = listFlag(flags, 'set').map((text) => {
    const at = text.indexOf('=')
    if (at < 1) throw usageError(`--set takes NAME=VALUE, not ${JSON.stringify(text)}`)
    return [text.slice(0, at), valueOf(text.slice(at + 1))] as const
  })
  const pairs = [...counts, ...others]
  const twice = pairs.find(([name], place) => pairs.findIndex(([other]) => other === name) !== place)
  if (twice !== undefined) throw usageError(`The option ${twice[0]} is given twice`)
  return Object.fromEntries(pairs)
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function faultsFlag(flags: Flags): readonly number[] | undefined {
  const text = textFlag(flags, 'faults')
  if (text === undefined) return undefined
  if (!/^(?:none|\d{1,9}(?:,\d{1,9})*)$/.test(text))
    throw usageError(`--faults takes ids of the plan such as 3,17, or none, not ${JSON.stringify(text)}`)
  return text === 'none' ? [] : text.split(',').map(Number)
}

function plotFlag(flags: Flags, workingDir: string): readonly string[] {
  const files = listFlag(flags, 'plot').flatMap((text) => text.split(','))
  const other = files.find((file) => !isPlotFile(file))
  if (other !== undefined) throw usageError(`--plot must end in .svg or .png, not ${JSON.stringify(other)}`)
  return files.map((file) => resolve(workingDir, file))
}

function reportFlag(flags: Flags, workingDir: string): string | undefined {
  const file = textFlag(flags, 'report')
  if (file !== undefined && !/\.html?$/i.test(file))
    throw usageError(`--report must end in .html, not ${JSON.stringify(file)}`)
  return file === undefined ? undefined : resolve(workingDir, file)
}

function wholeUpTo(max: number): NumberRange {
  return { min: 0, max, isWhole: true }
}
