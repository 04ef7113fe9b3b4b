import type { IsolationTier } from '../../../src/core/sandbox/isolation.ts'
import { SANDBOX_LIMIT_DEFAULTS, type SandboxLimits } from '../../../src/core/sandbox/sandbox-policy.ts'
import type { SandboxEnd, SandboxRequest, SandboxResult } from '../../../src/ports/sandbox-runtime.ts'
import { reachedIn, waysIn } from '../corpus/probe.ts'

const MIB = 1_048_576
const LIMITS: SandboxLimits = {
  ...SANDBOX_LIMIT_DEFAULTS,
  wallMs: 20_000,
  cpuMs: 15_000,
  memoryBytes: 24 * MIB,
  processes: 8,
  diskBytes: 4 * MIB,
  outputBytes: 2 * MIB,
}
const CONTAINED_WITHIN_MS = 1_000

export type HostileCase = {
  readonly name: string
  readonly argv: readonly string[]
  readonly limits?: Partial<SandboxLimits> | undefined
  readonly filesOut?: readonly string[] | undefined
  readonly reasons: readonly SandboxEnd[]
  readonly expectResult?: (result: SandboxResult) => void
}

const probe = (...args: readonly (string | number)[]): readonly string[] => ['/bin/probe', ...args.map(String)]

function expectNothingReached({ stdout }: SandboxResult): void {
  const reached = reachedIn(stdout)
  if (reached.length > 0) throw new Error(`reached: ${reached.join(', ')}`)
}

function expectAllRefused(result: SandboxResult): void {
  expectNothingReached(result)
  if (Object.keys(waysIn(result.stdout)).length < 3) throw new Error('it did not try')
}

function flood(name: string, amount: number, reason: SandboxEnd): HostileCase {
  return {
    name: `a flood of ${name} ends at its limit`,
    argv: probe(name, amount),
    reasons: [reason],
    expectResult: expectNothingReached,
  }
}

/** What hostile commands do to a container or machine, and what becomes of them. */
export const HOSTILE_CASES: readonly HostileCase[] = [
  flood('shared', 1_024 * MIB, 'memory'),
  // A file without a name is held to the size of files, if not to memory.
  { ...flood('unmapped', 1_024 * MIB, 'memory'), reasons: ['memory', 'exited'] },
  flood('threads', 1_000, 'processes'),
  flood('many', 10_000_000, 'disk'),
  {
    name: 'a file that is larger than the disk is not even begun',
    argv: probe('sparse', 1_024 * 1_024 * MIB),
    reasons: ['exited'],
    expectResult: expectNothingReached,
  },
  {
    name: 'files of this machine, and what is written outside of its directories, are out of reach',
    argv: probe('files', '/proc/kcore'),
    reasons: ['exited'],
    expectResult: expectAllRefused,
  },
  {
    name: 'nothing outside of its directories is written',
    argv: probe('writes'),
    reasons: ['exited'],
    expectResult: expectNothingReached,
  },
  {
    name: 'the supervisor is out of reach',
    argv: probe('processes', 1),
    reasons: ['exited'],
    expectResult: ({ stdout }) => {
      const { attach, 'read memory': read } = waysIn(stdout)
      if (attach !== false || read !== false) throw new Error(`it was reached: ${new TextDecoder().decode(stdout)}`)
    },
  },
  {
    name: 'whoever kills all that it may kills itself at most',
    argv: ['/bin/sh', '-c', 'kill -9 1; kill -STOP 1; kill -9 -1; echo alive'],
    reasons: ['exited'],
  },
  {
    name: 'whoever hears no signal and hides in another session ends at its time',
    argv: probe('stubborn'),
    limits: { wallMs: 300 },
    reasons: ['time'],
    expectResult: ({ usage }) => {
      if (usage.wallMs > 300 + CONTAINED_WITHIN_MS) throw new Error(`it ended after ${usage.wallMs} ms`)
    },
  },
  { name: 'what a program leaves running ends with it', argv: probe('orphan'), reasons: ['exited'] },
  {
    name: 'of odd files only plain ones come out, and holes as zeroes',
    argv: probe('odd-files'),
    filesOut: ['pipe', 'socket', 'zero', 'here/one', 'one', 'two', 'hole'],
    reasons: ['exited'],
    expectResult: ({ files }) => {
      const got = files.map(({ path, bytes }) => `${path} ${bytes.length}`).join(', ')
      if (got !== `one 1, two 1, hole ${MIB}`) throw new Error(got)
    },
  },
]

export function probeRequest(
  isolation: IsolationTier,
  { argv, limits, filesOut }: Pick<HostileCase, 'argv' | 'limits' | 'filesOut'>,
): SandboxRequest {
  return {
    program: { kind: 'command', argv },
    filesOut: filesOut ?? [],
    policy: {
      isolation,
      limits: { ...LIMITS, ...limits },
      network: { hosts: [] },
      environment: [],
      paths: { read: [], write: [] },
      allowEmulation: true,
    },
  }
}
