import { assign, createMachine, fromPromise, setup, type AnyStateMachine } from 'xstate'
import type { Logic } from './host.ts'

export type MachineContext = { readonly owner: number; readonly count: number }
export type MachineEvent = { readonly type: string }
export type MachineInput = { readonly index: number }

type Types = {
  context: MachineContext
  events: MachineEvent
  input: MachineInput
}

// XState reads the types of a machine off a value that it never looks at.
const TYPES = {} as Types

const counted = assign<MachineContext, MachineEvent, undefined, MachineEvent, never>({
  count: ({ context }) => context.count + 1,
})

/** One region, guards and assigns: what can be compiled to tables. `tick` counts and stays. */
const flatMachine = setup({
  types: TYPES,
  guards: { isCounting: ({ context }) => context.count >= 0 },
}).createMachine({
  id: 'job',
  initial: 'idle',
  context: ({ input }) => ({ owner: input.index, count: 0 }),
  states: {
    idle: { on: { start: 'running', tick: { actions: counted } } },
    running: { on: { pause: { target: 'paused', actions: counted }, fail: 'idle' } },
    paused: { on: { resume: { target: 'finishing', guard: 'isCounting' }, fail: 'idle' } },
    finishing: { on: { finish: { target: 'idle', actions: counted } } },
  },
})

/** How long an armed actor waits: longer than any run. */
const WAIT_MS = 600_000

/**
 * States within states, entry and exit actions, an event that an outer state answers. `tick` counts and stays. Can be compiled to
 * tables.
 */
const hierarchicalMachine = setup({ types: TYPES }).createMachine({
  id: 'player',
  initial: 'off',
  context: ({ input }) => ({ owner: input.index, count: 0 }),
  on: { tick: { actions: counted } },
  states: {
    off: { on: { power: 'on' } },
    on: {
      initial: 'stopped',
      on: { power: 'off', tune: { actions: counted } },
      states: {
        stopped: { on: { play: 'playing' } },
        playing: {
          initial: 'normal',
          entry: counted,
          exit: counted,
          on: { stop: 'stopped' },
          states: { normal: { on: { hurry: 'fast' } }, fast: { on: { calm: 'normal' } } },
        },
      },
    },
  },
})

/** The same, with a state that has a child; it is never entered. Tables know no children: run by XState's own step. */
const hostedMachine = createMachine({
  ...hierarchicalMachine.config,
  states: {
    ...hierarchicalMachine.config.states,
    asleep: { invoke: { src: fromPromise(() => new Promise(() => undefined)) } },
  },
} as AnyStateMachine['config'])

/** A timer that starts with `arm` and is cancelled by `disarm`. */
const waitingMachine = setup({ types: TYPES }).createMachine({
  id: 'waiter',
  initial: 'idle',
  context: ({ input }) => ({ owner: input.index, count: 0 }),
  states: {
    idle: { on: { arm: { target: 'armed', actions: counted } } },
    armed: { after: { [WAIT_MS]: 'idle' }, on: { disarm: { target: 'idle', actions: counted } } },
  },
})

/** A machine, the events of one round through it, and how far a round takes its count. */
export type MachineCase = {
  readonly machine: typeof hierarchicalMachine
  readonly logic: Logic<MachineContext, MachineEvent, MachineInput>
  readonly round: readonly string[]
  readonly countsPerRound: number
}

// XState's types of a machine name its states; to the programs a machine is logic with a context.
export const FLAT = {
  machine: flatMachine as unknown as typeof hierarchicalMachine,
  logic: flatMachine as unknown as MachineCase['logic'],
  round: ['start', 'pause', 'resume', 'finish'],
  countsPerRound: 2,
} satisfies MachineCase

export const HIERARCHICAL = {
  machine: hierarchicalMachine,
  logic: hierarchicalMachine as unknown as MachineCase['logic'],
  round: ['power', 'play', 'hurry', 'tune', 'stop', 'power'],
  countsPerRound: 3,
} satisfies MachineCase

export const HOSTED = {
  ...HIERARCHICAL,
  machine: hostedMachine as unknown as typeof hierarchicalMachine,
  logic: hostedMachine as unknown as MachineCase['logic'],
} satisfies MachineCase

export const WAITING = {
  machine: waitingMachine as unknown as typeof hierarchicalMachine,
  logic: waitingMachine as unknown as MachineCase['logic'],
  round: ['arm', 'disarm'],
  countsPerRound: 2,
} satisfies MachineCase
