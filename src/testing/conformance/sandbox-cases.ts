import { CodedError } from '../../base/errors.ts'
import type { SandboxResult } from '../../ports/sandbox-runtime.ts'
import { type ConformanceCase, expectRejection, expectSame } from './conformance-case.ts'
import { SANDBOX_LIMIT_PROMISES } from './sandbox-limits.ts'
import { SANDBOX_TURN_PROMISES } from './sandbox-turns.ts'
import { bytesOf, requestOf, runBehaviour, type SandboxSubject, textOf } from './sandbox-subject.ts'

const isInvalid = (error: unknown): boolean => CodedError.is(error, 'SANDBOX_PROGRAM_INVALID')

function expectEnded(result: SandboxResult, stdout: string): void {
  expectSame(result.reason, 'exited', 'reason')
  expectSame(textOf(result.stdout), stdout, 'standard output')
  expectSame(result.truncated, { stdout: false, stderr: false, files: false }, 'truncated')
}

const PROGRAM_CASES: readonly ConformanceCase<SandboxSubject>[] = [
  {
    name: 'it works here, and says its version',
    run: async ({ runtime }) => {
      const state = await runtime.probe()
      expectSame(state.works, true, state.works ? 'works' : `works: ${state.reason}`)
      if (state.works) expectSame(state.version.length > 0, true, 'version')
    },
  },
  {
    name: 'a program that ends has written to two streams, which stay apart',
    run: async (subject) => {
      const result = await runBehaviour(subject, 'greets')
      if (result === undefined) throw new Error('every runtime has a program that greets')
      expectEnded(result, 'hello\n')
      expectSame(textOf(result.stderr), 'oops\n', 'standard error')
      expectSame(result.usage.outputBytes, 11, 'bytes of output')
      expectSame(result.usage.wallMs >= 0 && result.usage.startMs >= 0, true, 'times')
    },
  },
  {
    name: 'an exit status comes out as it is',
    run: async (subject) => {
      const result = await runBehaviour(subject, 'exitsWithSeven')
      if (result === undefined) return
      expectEnded(result, '')
      expectSame([result.code, result.signal], [7, undefined], 'code and signal')
    },
  },
  {
    name: 'a program that fails by itself came to no limit',
    run: async (subject) => {
      const result = await runBehaviour(subject, 'fails')
      if (result === undefined) return
      expectSame(['failed', 'exited'].includes(result.reason), true, `reason ${result.reason}`)
      expectSame(result.code === 0, false, 'success')
    },
  },
  {
    name: 'standard input arrives byte for byte',
    run: async (subject) => {
      const stdin = Uint8Array.from({ length: 40_000 }, (_, index) => (index * 7) % 251)
      const result = await runBehaviour(subject, 'echoesInput', { stdin })
      if (result === undefined) return
      expectSame(result.reason, 'exited', 'reason')
      expectSame(result.stdout, stdin, 'standard output')
    },
  },
  {
    name: 'without standard input a program reads its end at once',
    run: async (subject) => {
      const result = await runBehaviour(subject, 'echoesInput')
      if (result !== undefined) expectEnded(result, '')
    },
  },
  {
    name: 'output is told as it comes, and is the same in the end',
    run: async (subject) => {
      const told = { stdout: '', stderr: '' }
      const onOutput = (stream: 'stdout' | 'stderr', piece: Uint8Array): void => {
        told[stream] += textOf(piece)
      }
      await runBehaviour(subject, 'greets', { options: { onOutput } })
      expectSame(told, { stdout: 'hello\n', stderr: 'oops\n' }, 'told')
    },
  },
  {
    name: 'whoever is told of output and throws is told no more, and the run goes on',
    run: async (subject) => {
      let times = 0
      const onOutput = (): void => {
        times += 1
        throw new Error('what the listener threw')
      }
      const result = await runBehaviour(subject, 'greets', { options: { onOutput } })
      if (result !== undefined) expectEnded(result, 'hello\n')
      expectSame(times, result === undefined ? 0 : 1, 'times')
    },
  },
]

const FILE_CASES: readonly ConformanceCase<SandboxSubject>[] = [
  {
    name: 'a file that is put in is there',
    run: async (subject) => {
      const files = [{ path: 'in/text', bytes: bytesOf('from outside\n') }]
      const result = await runBehaviour(subject, 'readsFile', { files })
      if (result !== undefined) expectEnded(result, 'from outside\n')
    },
  },
  {
    name: 'a plain file comes out; what is a link, a directory or not there does not',
    run: async (subject) => {
      const filesOut = ['out/made', 'out/link', 'out', 'out/none', 'none/at/all']
      const result = await runBehaviour(subject, 'writesFiles', { filesOut })
      if (result === undefined) return
      expectSame(
        result.files.map(({ path, bytes }) => [path, textOf(bytes)]),
        [['out/made', 'made\n']],
        'files',
      )
      expectSame(result.truncated.files, false, 'truncated')
    },
  },
  {
    name: 'files that go out count as output, and what is too much is cut off',
    run: async (subject) => {
      const result = await runBehaviour(subject, 'writesFiles', { filesOut: ['out/made'], limits: { outputBytes: 3 } })
      if (result === undefined) return
      expectSame(result.files.map(({ bytes }) => textOf(bytes)).join(''), 'mad', 'files')
      expectSame(result.truncated.files, true, 'truncated')
      expectSame(result.usage.outputBytes, 3, 'bytes of output')
    },
  },
  {
    name: 'each run begins in a directory of its own',
    run: async (subject) => {
      await runBehaviour(subject, 'writesFiles')
      const result = await runBehaviour(subject, 'listsDirectory', { files: [{ path: 'mine', bytes: bytesOf('') }] })
      if (result !== undefined) expectEnded(result, 'mine\n')
    },
  },
  {
    name: 'a path that leaves the directory is refused before anything runs',
    run: async (subject) => {
      const { greets } = subject.programs
      if ('cannot' in greets) return
      for (const path of ['../up', '/etc/passwd', 'a/../../b', 'a//b', './a', '', 'a\0b']) {
        const files = requestOf(subject, greets, { files: [{ path, bytes: bytesOf('') }] })
        await expectRejection(async () => await subject.runtime.run(files), isInvalid, `file ${path}`)
        const filesOut = requestOf(subject, greets, { filesOut: [path] })
        await expectRejection(async () => await subject.runtime.run(filesOut), isInvalid, `path ${path}`)
      }
    },
  },
]

/** Every promise of the SandboxRuntime port that holds for programs of all kinds. */
export const SANDBOX_CASES: readonly ConformanceCase<SandboxSubject>[] = [
  ...PROGRAM_CASES,
  ...FILE_CASES,
  ...SANDBOX_LIMIT_PROMISES,
  ...SANDBOX_TURN_PROMISES,
]
