import { CodedError } from '../../base/errors.ts'
import type { SandboxLimits } from '../../core/sandbox/sandbox-policy.ts'
import type { SandboxEnd, SandboxProgram } from '../../ports/sandbox-runtime.ts'
import { type ConformanceCase, expectRejection, expectSame } from './conformance-case.ts'
import {
  bytesOf,
  requestOf,
  runBehaviour,
  type SandboxBehaviour,
  type SandboxSubject,
  textOf,
} from './sandbox-subject.ts'

/** A program that comes to a limit is ended within this time. */
const CONTAINED_WITHIN_MS = 1_000

type LimitCase = {
  readonly name: string
  readonly behaviour: SandboxBehaviour
  readonly limits: Partial<SandboxLimits>
  readonly reason: SandboxEnd
}

const LIMITS: readonly LimitCase[] = [
  {
    name: 'a program that waits for ever ends at its time',
    behaviour: 'greetsThenWaits',
    limits: { wallMs: 400 },
    reason: 'time',
  },
  {
    name: 'a program that computes for ever ends at its time',
    behaviour: 'computesForever',
    limits: { wallMs: 300, cpuMs: 60_000 },
    reason: 'time',
  },
  {
    name: 'a program that computes for ever ends at its time of processors',
    behaviour: 'computesForever',
    limits: { wallMs: 20_000, cpuMs: 300 },
    reason: 'cpu',
  },
  {
    name: 'a program that takes memory for ever ends at its memory',
    behaviour: 'takesMemory',
    limits: {},
    reason: 'memory',
  },
  {
    name: 'a program that starts processes for ever ends at their number',
    behaviour: 'startsProcesses',
    limits: {},
    reason: 'processes',
  },
  {
    name: 'a program that fills its directory ends when that is full',
    behaviour: 'fillsDirectory',
    limits: {},
    reason: 'disk',
  },
]

const ENDED_CASES = LIMITS.map(({ name, behaviour, limits, reason }): ConformanceCase<SandboxSubject> => ({
  name,
  run: async (subject) => {
    const result = await runBehaviour(subject, behaviour, { limits })
    if (result === undefined) return
    expectSame(result.reason, reason, 'reason')
    const { wallMs } = limits
    if (wallMs !== undefined && result.usage.wallMs > wallMs + CONTAINED_WITHIN_MS)
      throw new Error(`it ended after ${result.usage.wallMs} ms, and its limit was ${wallMs} ms`)
    // The next program finds nothing of it.
    expectSame((await runBehaviour(subject, 'greets'))?.reason, 'exited', 'the next one')
  },
}))

/** What a program comes to when it wants more than its policy gives. */
export const SANDBOX_LIMIT_PROMISES: readonly ConformanceCase<SandboxSubject>[] = [
  ...ENDED_CASES,
  {
    name: 'a program that writes for ever ends at its output, of which exactly so much is kept',
    run: async (subject) => {
      let told = 0
      const onOutput = (_stream: string, piece: Uint8Array): void => {
        told += piece.length
      }
      const limits = { outputBytes: 10_001 }
      const result = await runBehaviour(subject, 'floodsOutput', { limits, options: { onOutput } })
      if (result === undefined) return
      expectSame(result.reason, 'output', 'reason')
      expectSame([result.stdout.length, result.usage.outputBytes, told], [10_001, 10_001, 10_001], 'bytes')
      expectSame(result.truncated, { stdout: true, stderr: false, files: false }, 'truncated')
    },
  },
  {
    name: 'both streams share one limit',
    run: async (subject) => {
      const result = await runBehaviour(subject, 'greets', { limits: { outputBytes: 8 } })
      if (result === undefined) return
      expectSame(result.stdout.length + result.stderr.length, 8, 'bytes')
      expectSame(result.truncated.stdout || result.truncated.stderr, true, 'truncated')
      expectSame(result.reason, 'output', 'reason')
    },
  },
  {
    name: 'of the environment a program sees what its policy names, and nothing else of the caller',
    run: async (subject) => {
      const result = await runBehaviour(subject, 'printsEnvironment', { environment: ['SANDBOX_CASE_NAMED'] })
      if (result === undefined) return
      const lines = textOf(result.stdout).split('\n')
      expectSame(lines.includes('SANDBOX_CASE_NAMED=named value'), true, 'the named one')
      expectSame(textOf(result.stdout).includes('secret value'), false, 'the other one')
    },
  },
  {
    name: 'no network is reached',
    run: async (subject) => {
      const before = subject.listener.connections()
      const stdin = bytesOf(`${subject.listener.port}\n`)
      const result = await runBehaviour(subject, 'triesNetwork', { stdin })
      expectSame(subject.listener.connections() - before, 0, 'connections')
      if (result !== undefined) expectSame(textOf(result.stdout), 'refused\n', 'standard output')
    },
  },
  {
    name: 'a policy that is none is refused before anything runs',
    run: async (subject) => {
      const { greets } = subject.programs
      if ('cannot' in greets) return
      const limits: readonly Partial<SandboxLimits>[] = [
        { wallMs: 0 },
        { cpuMs: 0.5 },
        { memoryBytes: -1 },
        { outputBytes: Number.NaN },
        { processes: 0 },
        { diskBytes: Number.POSITIVE_INFINITY },
      ]
      for (const each of limits) await expectPolicyRefused(subject, greets, { limits: each })
      for (const name of ['', 'A=B', 'A B', '\0']) await expectPolicyRefused(subject, greets, { environment: [name] })
    },
  },
]

async function expectPolicyRefused(
  subject: SandboxSubject,
  program: SandboxProgram,
  init: { readonly limits?: Partial<SandboxLimits>; readonly environment?: readonly string[] },
): Promise<void> {
  await expectRejection(
    async () => await subject.runtime.run(requestOf(subject, program, init)),
    (error) => CodedError.is(error, 'SANDBOX_POLICY_INVALID'),
    JSON.stringify(init),
  )
}
