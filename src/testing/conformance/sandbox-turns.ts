import { CodedError } from '../../base/errors.ts'
import type { SandboxProgram, SandboxResult } from '../../ports/sandbox-runtime.ts'
import { type ConformanceCase, expectRejection, expectSame } from './conformance-case.ts'
import { requestOf, runBehaviour, type SandboxSubject, textOf } from './sandbox-subject.ts'

/** A run that has said that it is there, and waits to be ended. */
type Waiting = { readonly end: () => void; readonly result: Promise<SandboxResult> }

function waiterOf({ programs }: SandboxSubject): SandboxProgram {
  const { greetsThenWaits, computesForever } = programs
  if (!('cannot' in greetsThenWaits)) return greetsThenWaits
  if ('cannot' in computesForever) throw new Error('a runtime has a program that waits, or one that computes')
  return computesForever
}

async function startWaiting(subject: SandboxSubject): Promise<Waiting> {
  const ending = new AbortController()
  const program = waiterOf(subject)
  const isTold = program === subject.programs.greetsThenWaits
  let result: Promise<SandboxResult> | undefined
  await new Promise<void>((resolve, reject) => {
    result = subject.runtime.run(requestOf(subject, program, { limits: { wallMs: 30_000, cpuMs: 30_000 } }), {
      signal: ending.signal,
      onOutput: () => resolve(),
    })
    result.catch(reject)
    // One that cannot tell is under way once it was given in.
    if (!isTold) resolve()
  })
  if (result === undefined) throw new Error('a promise runs its work at once')
  return { end: () => ending.abort(new Error('enough')), result }
}

/** Whose turn it is, and how a run is given up. */
export const SANDBOX_TURN_PROMISES: readonly ConformanceCase<SandboxSubject>[] = [
  {
    name: 'a run that is given up ends as cancelled, with what it had written',
    run: async (subject) => {
      const { end, result } = await startWaiting(subject)
      end()
      const { reason, stdout } = await result
      expectSame(reason, 'cancelled', 'reason')
      if (!('cannot' in subject.programs.greetsThenWaits)) expectSame(textOf(stdout), 'ready\n', 'standard output')
      expectSame(await subject.leftovers(), [], 'leftovers')
    },
  },
  {
    name: 'a run that was given up before it began throws the reason',
    run: async (subject) => {
      const reason = new Error('too late')
      await expectRejection(
        async () => await runBehaviour(subject, 'greets', { options: { signal: AbortSignal.abort(reason) } }),
        (error) => error === reason,
        'an aborted signal',
      )
      expectSame(await subject.leftovers(), [], 'leftovers')
    },
  },
  {
    name: 'two run at one time, a third waits for its turn, a fourth is refused',
    run: async (subject) => {
      const first = await startWaiting(subject)
      const second = await startWaiting(subject)
      const third = runGreeting(subject)
      await expectRejection(
        async () => await runGreeting(subject),
        (error) => CodedError.is(error, 'SANDBOX_BUSY'),
        'the fourth',
      )
      first.end()
      expectSame((await third).reason, 'exited', 'the third')
      second.end()
      expectSame([(await first.result).reason, (await second.result).reason], ['cancelled', 'cancelled'], 'reasons')
      expectSame(await subject.leftovers(), [], 'leftovers')
    },
  },
  {
    name: 'a run that is given up while it waits throws the reason, and its place is free',
    run: async (subject) => {
      const runs = [await startWaiting(subject), await startWaiting(subject)]
      const ending = new AbortController()
      const third = runGreeting(subject, ending.signal)
      const reason = new Error('no longer')
      ending.abort(reason)
      await expectRejection(
        async () => await third,
        (error) => error === reason,
        'the third',
      )
      const fourth = runGreeting(subject)
      for (const run of runs) run.end()
      expectSame((await fourth).reason, 'exited', 'the fourth')
      await Promise.all(runs.map(async ({ result }) => await result))
      expectSame(await subject.leftovers(), [], 'leftovers')
    },
  },
  {
    name: 'a program of another kind is refused',
    run: async (subject) => {
      const { kind } = waiterOf(subject)
      const other: SandboxProgram =
        kind === 'script' ? { kind: 'command', argv: ['/bin/true'] } : { kind: 'script', source: '' }
      await expectRejection(
        async () => await subject.runtime.run(requestOf(subject, other)),
        (error) => CodedError.is(error, 'SANDBOX_PROGRAM_INVALID'),
        'another kind',
      )
    },
  },
  {
    name: 'a runtime refuses what has to be kept apart more strongly than it can',
    run: async (subject) => {
      const request = requestOf(subject, waiterOf(subject))
      if (request.policy.isolation === 't5') return
      await expectRejection(
        async () => await subject.runtime.run({ ...request, policy: { ...request.policy, isolation: 't5' } }),
        (error) => CodedError.is(error, 'SANDBOX_UNAVAILABLE'),
        'a stronger isolation',
      )
    },
  },
  {
    name: 'closing ends what runs, and nothing runs afterwards',
    run: async (subject) => {
      const { result } = await startWaiting(subject)
      await subject.runtime.close()
      expectSame((await result).reason, 'cancelled', 'reason')
      await subject.runtime.close()
      await expectRejection(
        async () => await runGreeting(subject),
        (error) => CodedError.is(error, 'SANDBOX_UNAVAILABLE'),
        'a run after the end',
      )
      expectSame(await subject.leftovers(), [], 'leftovers')
    },
  },
]

async function runGreeting(subject: SandboxSubject, signal?: AbortSignal): Promise<SandboxResult> {
  const { greets } = subject.programs
  if ('cannot' in greets) throw new Error('every runtime has a program that greets')
  return await subject.runtime.run(requestOf(subject, greets), signal === undefined ? {} : { signal })
}
