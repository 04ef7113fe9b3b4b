import { assign, fromPromise, setup, type ActorLogic, type Snapshot } from 'xstate'
import type { Sighting } from './vigil.ts'

/** Something that can be looked at. */
export type Probe = {
  /** Unique in its monitor. */
  readonly name: string
  /** Looks once. Throwing counts as unwell, with the error's message. The signal is aborted when the time is over. */
  readonly check: (options: { readonly signal: AbortSignal }) => Promise<Sighting> | Sighting
}

export type ProbeWorkInput = { readonly probe: Probe; readonly timeoutMs: number }

type Context = ProbeWorkInput & { readonly sighting: Sighting }

type WorkLogic = ActorLogic<Snapshot<Sighting>, { type: string }, ProbeWorkInput>

const machine = setup({
  types: { context: {} as Context, input: {} as ProbeWorkInput, output: {} as Sighting },
  actors: {
    check: fromPromise<Sighting, Probe>(async ({ input, signal }) => await input.check({ signal })),
  },
  delays: { limit: ({ context }) => context.timeoutMs },
}).createMachine({
  id: 'probe-work',
  context: ({ input }) => ({
    ...input,
    sighting: { isWell: false, detail: `no answer within ${input.timeoutMs} ms` },
  }),
  initial: 'looking',
  states: {
    looking: {
      invoke: {
        src: 'check',
        input: ({ context }) => context.probe,
        onDone: { target: 'ended', actions: assign({ sighting: ({ event }) => event.output }) },
        onError: { target: 'ended', actions: assign({ sighting: ({ event }) => sightingOf(event.error) }) },
      },
      after: { limit: 'ended' },
    },
    ended: { type: 'final' },
  },
  output: ({ context }) => context.sighting,
})

/** One probe, once, within its time. */
export const probeWork: WorkLogic = machine as unknown as WorkLogic

function sightingOf(error: unknown): Sighting {
  return { isWell: false, detail: error instanceof Error ? error.message : String(error) }
}
