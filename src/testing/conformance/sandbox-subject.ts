import { RUNTIME_TRAITS } from '../../core/sandbox/isolation.ts'
import { SANDBOX_LIMIT_DEFAULTS, type SandboxLimits, type SandboxPolicy } from '../../core/sandbox/sandbox-policy.ts'
import type {
  SandboxProgram,
  SandboxRequest,
  SandboxResult,
  SandboxRunOptions,
  SandboxRuntime,
} from '../../ports/sandbox-runtime.ts'
import { expectSame } from './conformance-case.ts'

/** What a program of the suite does. Each runtime brings programs of its own kind that do it. */
export const SANDBOX_BEHAVIOURS = {
  greets: 'writes `hello\\n` to standard output and `oops\\n` to standard error, and ends',
  exitsWithSeven: 'ends with the exit status 7',
  fails: 'ends because it did something that cannot be: throws, traps, or is ended by a signal of its own making',
  echoesInput: 'writes its standard input to standard output, byte for byte',
  readsFile: 'writes the content of `in/text` of its directory to standard output',
  writesFiles: 'writes `made\\n` into `out/made`, makes `out/link` a link to `/etc/passwd`, and ends',
  listsDirectory:
    'writes the names in its directory to standard output, one a line, and ends; names that begin with a dot it leaves out',
  greetsThenWaits: 'writes `ready\\n` to standard output, at once, and waits for ever without computing',
  computesForever: 'computes for ever',
  takesMemory: 'takes memory, and writes to it, for ever; ends where it gets no more',
  startsProcesses: 'starts processes or threads that stay, for ever, also when it gets no more',
  floodsOutput: 'writes to standard output for ever',
  fillsDirectory: 'writes into a file of its directory for ever, also when it cannot write any more',
  printsEnvironment: 'writes its environment to standard output, `NAME=value` a line',
  triesNetwork:
    'tries to connect to `127.0.0.1` at the port that is on its standard input, and writes `connected\\n` or `refused\\n`',
} as const

/** A name of `SANDBOX_BEHAVIOURS`: a subject brings a program for each, or says why its programs cannot behave so. */
export type SandboxBehaviour = keyof typeof SANDBOX_BEHAVIOURS

/** A program with that behaviour; or why programs of this runtime cannot behave so, which then holds for itself. */
export type SandboxProgramOf = SandboxProgram | { readonly cannot: string }

/** A runtime that does two runs at one time and lets one wait, and the programs that show what it keeps. */
export type SandboxSubject = {
  readonly runtime: SandboxRuntime
  readonly programs: Readonly<Record<SandboxBehaviour, SandboxProgramOf>>
  /** What replaces the suite's limits: room that this runtime's programs need before they begin. */
  readonly limits?: Partial<SandboxLimits>
  /** A port of this machine on which a listener of the test waits, and how many came. */
  readonly listener: { readonly port: number; readonly connections: () => number }
  /** What there is of this runtime on the machine: processes, directories, containers. Empty while nothing runs. */
  readonly leftovers: () => Promise<readonly string[]>
}

/** Limits of the suite: enough for any of its programs that behaves, and little enough that one that does not ends soon. */
const SUITE_LIMITS: SandboxLimits = {
  ...SANDBOX_LIMIT_DEFAULTS,
  memoryBytes: 134_217_728,
  outputBytes: 65_536,
  diskBytes: 4_194_304,
  processes: 8,
}

export type SandboxRunInit = Omit<Partial<SandboxRequest>, 'policy' | 'program'> &
  Partial<Pick<SandboxPolicy, 'environment'>> & { readonly limits?: Partial<SandboxLimits> }

/** The policy of a case: nothing but limits, and names of variables. */
export function policyOf({ runtime, limits }: SandboxSubject, init: SandboxRunInit): SandboxPolicy {
  return {
    isolation: RUNTIME_TRAITS[runtime.name].tier,
    limits: { ...SUITE_LIMITS, ...limits, ...init.limits },
    network: { hosts: [] },
    environment: init.environment ?? [],
    paths: { read: [], write: [] },
    allowEmulation: runtime.name === 'microvm',
  }
}

/** The request that a case makes of a program. */
export function requestOf(subject: SandboxSubject, program: SandboxProgram, init: SandboxRunInit = {}): SandboxRequest {
  const { limits: _limits, environment: _environment, ...rest } = init
  return { program, policy: policyOf(subject, init), ...rest }
}

/** Runs the subject's program with a behaviour, to its end. `undefined` where its programs cannot behave so. */
export async function runBehaviour(
  subject: SandboxSubject,
  behaviour: SandboxBehaviour,
  init: SandboxRunInit & { readonly options?: SandboxRunOptions } = {},
): Promise<SandboxResult | undefined> {
  const program = subject.programs[behaviour]
  if ('cannot' in program) return undefined
  const { options, ...request } = init
  const result = await subject.runtime.run(requestOf(subject, program, request), options)
  expectSame(result.runtime, subject.runtime.name, 'runtime')
  expectSame(result.leftBehind, [], 'left behind')
  expectSame(await subject.leftovers(), [], 'leftovers')
  return result
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
