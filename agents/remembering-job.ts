import { toPlainError } from 'kernell-os/core'
import { assign, fromPromise, setup, type AnyActorLogic, type AnyStateMachine } from 'xstate'
import { keepExperience, recallFor, type AgentMemory, type Lesson, type Recalled } from './memory-use.ts'
import type { JobInput, JobOutput } from './request-desk/protocol.ts'

/** The input of the work: that of the job, and what was recalled for it. */
export type InformedInput<Resources, Request> = JobInput<Resources, Request> & {
  readonly recalled: Recalled | undefined
}

/** How the work ends. Without a lesson nothing is kept, and nothing is said about what was recalled. */
export type InformedOutput<Reply> = JobOutput<Reply> & { readonly lesson?: Lesson }

export type RememberingJobInit<Request> = {
  /** What was asked, as the next such request would put it. */
  readonly taskOf: (request: Request) => string
  /** Input `InformedInput`, output `InformedOutput`. */
  readonly work: AnyActorLogic
}

type Resources = { readonly memory?: AgentMemory }
type Context<Request> = InformedInput<Resources, Request> & { readonly output: InformedOutput<object> }

const UNDONE: InformedOutput<object> = { kind: 'failed', error: new Error('The work came to no end') }

/**
 * A job that recalls what earlier ones led to before its work, and keeps what came of it after. Where there is no memory, or
 * that fails, the work is done without: it is better than none.
 */
export function createRememberingJob<Request>(init: RememberingJobInit<Request>): AnyStateMachine {
  return partsOf(init).createMachine({
    id: 'remembering',
    context: ({ input }) => ({ ...input, recalled: undefined, output: UNDONE }),
    initial: 'beginning',
    states: {
      beginning: { always: [{ guard: 'hasMemory', target: 'recalling' }, { target: 'working' }] },
      recalling: {
        invoke: {
          src: 'recall',
          input: ({ context }) => context,
          onDone: { target: 'working', actions: { type: 'takeMemories', params: ({ event }) => event.output } },
          onError: {
            target: 'working',
            actions: { type: 'reportFailure', params: ({ event }) => ({ error: event.error }) },
          },
        },
      },
      working: {
        invoke: {
          src: 'work',
          input: ({ context }: { readonly context: Context<Request> }) => {
            const { resources, request, report, recalled } = context
            return { resources, request, report, recalled }
          },
          // The work is logic of this package, and its output is an `InformedOutput`.
          onDone: {
            target: 'finishing',
            actions: assign({ output: ({ event }) => event.output as InformedOutput<object> }),
          },
          onError: {
            target: 'ended',
            actions: assign({ output: ({ event }) => ({ kind: 'failed', error: event.error }) as const }),
          },
        },
      },
      finishing: { always: [{ guard: 'hasLesson', target: 'keeping' }, { target: 'ended' }] },
      keeping: {
        invoke: {
          src: 'keep',
          input: ({ context }) => context,
          onDone: 'ended',
          onError: {
            target: 'ended',
            actions: { type: 'reportFailure', params: ({ event }) => ({ error: event.error }) },
          },
        },
      },
      ended: { type: 'final' },
    },
    output: ({ context }) => context.output,
  })
}

function partsOf<Request>({ taskOf, work }: RememberingJobInit<Request>) {
  return setup({
    types: {
      context: {} as Context<Request>,
      input: {} as JobInput<Resources, Request>,
      output: {} as JobOutput<object>,
    },
    actors: {
      work,
      recall: fromPromise<Recalled | undefined, Context<Request>>(
        async ({ input: { request, resources }, signal }) => await recallFor(taskOf(request), resources.memory, signal),
      ),
      keep: fromPromise<void, Context<Request>>(async ({ input, signal }) => {
        const { request, recalled, output, resources } = input
        if (output.lesson === undefined || resources.memory === undefined) return
        await keepExperience({ task: taskOf(request), ...output.lesson, recalled }, resources.memory, signal)
      }),
    },
    actions: {
      reportFailure: ({ context }, { error }: { readonly error: unknown }) =>
        context.report('memory-failed', { error: toPlainError(error) }),
      takeMemories: assign(({ context }, recalled: Recalled | undefined) => {
        context.report('recalled', { memories: recalled?.texts.length ?? 0 })
        return { recalled }
      }),
    },
    guards: {
      hasMemory: ({ context }) => context.resources.memory !== undefined,
      hasLesson: ({ context }) => context.resources.memory !== undefined && context.output.lesson !== undefined,
    },
  })
}
