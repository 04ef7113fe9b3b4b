import { CodedError } from 'kernell-os/core'
import { assign, fromPromise, setup, type ActorLogic, type Snapshot } from 'xstate'

/** One step of a pipeline. */
export type PipelineStage = {
  /** For messages and events. */
  readonly name: string
  /** Works on one item. Its signal is aborted when the pipeline is stopped: pass it on to whatever waits. */
  readonly run: (value: unknown, options: { readonly signal: AbortSignal }) => Promise<unknown>
  /** Items that are worked on at once, 1 or more. Default 1. */
  readonly workers?: number
  /** True: `run` resolves to a list, and each of its members goes on as an item of its own; none ends the item here. Default false. */
  readonly isSplitting?: boolean
  /** Times that `run` is called for an item while it fails with an error that says it may pass (`isRetryable`). Default 2. */
  readonly attemptsMax?: number
}

export type StageWorkInput = { readonly stage: PipelineStage; readonly value: unknown }

export type StageWorkOutcome =
  | { readonly kind: 'done'; readonly values: readonly unknown[] }
  | { readonly kind: 'failed'; readonly error: unknown }

type Context = StageWorkInput & { readonly failures: number; readonly outcome: StageWorkOutcome | undefined }

type WorkLogic = ActorLogic<Snapshot<StageWorkOutcome>, { type: string }, StageWorkInput>

const ATTEMPTS_MAX_DEFAULT = 2
const FIRST_WAIT_MS = 250
const WAIT_MS_MAX = 10_000

const machine = setup({
  types: { context: {} as Context, input: {} as StageWorkInput, output: {} as StageWorkOutcome },
  actors: {
    run: fromPromise<readonly unknown[], StageWorkInput>(async ({ input: { stage, value }, signal }) => {
      const result = await stage.run(value, { signal })
      if (stage.isSplitting !== true) return [result]
      if (!Array.isArray(result)) throw new TypeError(`Stage ${stage.name} splits, and did not resolve to a list`)
      return result
    }),
  },
  guards: {
    isWorthRepeating: ({ context: { outcome, failures, stage } }) =>
      outcome?.kind === 'failed' &&
      CodedError.is(outcome.error) &&
      outcome.error.isRetryable &&
      failures < (stage.attemptsMax ?? ATTEMPTS_MAX_DEFAULT),
  },
  delays: { pause: ({ context }) => Math.min(FIRST_WAIT_MS * 2 ** (context.failures - 1), WAIT_MS_MAX) },
}).createMachine({
  id: 'stage-work',
  context: ({ input }) => ({ ...input, failures: 0, outcome: undefined }),
  initial: 'working',
  states: {
    working: {
      invoke: {
        src: 'run',
        input: ({ context }) => context,
        onDone: {
          target: 'ended',
          actions: assign({ outcome: ({ event }) => ({ kind: 'done' as const, values: event.output }) }),
        },
        onError: {
          target: 'failing',
          actions: assign(({ context, event }) => ({
            failures: context.failures + 1,
            outcome: { kind: 'failed' as const, error: event.error },
          })),
        },
      },
    },
    failing: { always: [{ guard: 'isWorthRepeating', target: 'pausing' }, { target: 'ended' }] },
    pausing: { after: { pause: 'working' } },
    ended: { type: 'final' },
  },
  output: ({ context }) => context.outcome ?? { kind: 'failed', error: undefined },
})

/** One item in one stage, with patience. */
export const stageWork: WorkLogic = machine as unknown as WorkLogic
