import { ZERO_AMOUNT } from 'kernell-os/core'
import type { ModelRequest, RouteTarget } from 'kernell-os/ports'
import { assign, enqueueActions, setup, type ActorLogic, type Snapshot } from 'xstate'
import { endOfChild, type ChildEnd } from '../child-end.ts'
import { modelCall, TARGETS_DEFAULT, type ModelCallOutcome, type Routing } from './model-call.ts'
import type { ToolUse } from './tool-use.ts'
import { openPurse, payFrom, remainingIn, shareIn, type Purse } from './purse.ts'

export type CallGroupInput = {
  readonly routing: Routing
  /** The questions, one or more. */
  readonly requests: readonly ModelRequest[]
  /** Tools that their models may call. Absent: none. */
  readonly use?: ToolUse | undefined
  /** Whom to ask each of them; default: the targets of `routing`. */
  readonly targetsOf?: (index: number) => readonly RouteTarget[] | undefined
  /** Questions under way at once, 1 or more. Default 4; under a cap they go one by one, each with its share of what is left. */
  readonly parallelMax?: number
  /** What all of them may cost; the group's payments come on top of those that it holds already. */
  readonly purse?: Purse
  /** Calls of the same work that come after this group and keep a share too. Default 0. */
  readonly callsAfter?: number
  /** Told of each outcome, in the order in which they come. */
  readonly onOutcome?: (index: number, outcome: ModelCallOutcome) => void
  /** True: the others are not waited for; those under way are aborted. Default: never. */
  readonly isEnough?: (outcomes: Outcomes) => boolean
}

/** By question; `undefined` where there is none (yet). */
export type Outcomes = readonly (ModelCallOutcome | undefined)[]

export type CallGroupOutput = { readonly outcomes: Outcomes; readonly purse: Purse }

export const PARALLEL_MAX_DEFAULT = 4

type Context = CallGroupInput & {
  readonly outcomes: Outcomes
  readonly purse: Purse
  readonly nextIndex: number
  readonly running: readonly number[]
}

type Ended = { readonly type: string; readonly actorId: string }

type GroupLogic = ActorLogic<Snapshot<CallGroupOutput>, { type: string }, CallGroupInput>

const machine = setup({
  types: {
    context: {} as Context,
    input: {} as CallGroupInput,
    output: {} as CallGroupOutput,
    events: {} as Ended,
  },
  actors: { modelCall },
  actions: {
    startCalls: enqueueActions(({ context, enqueue }) => {
      let { nextIndex } = context
      const running = [...context.running]
      for (; running.length < widthOf(context) && nextIndex < context.requests.length; nextIndex += 1) {
        const request = context.requests[nextIndex]
        if (request === undefined) break
        const callsLeft = context.requests.length - nextIndex + (context.callsAfter ?? 0)
        const capNanos = shareIn(context.purse, callsLeft)
        const targets = context.targetsOf?.(nextIndex) ?? context.routing.targets ?? TARGETS_DEFAULT
        const capNanosMax = remainingIn(context.purse)
        const input = { ...context.routing, targets, request, use: context.use, capNanos, capNanosMax }
        enqueue.spawnChild('modelCall', { id: `call-${nextIndex}`, input })
        running.push(nextIndex)
      }
      enqueue.assign({ nextIndex, running })
    }),
    takeOutcome: enqueueActions(({ context, event, self, enqueue }) => {
      const end = endOfChild(self, event)
      if (end === undefined) return
      const index = Number(event.actorId.slice('call-'.length))
      const outcome = outcomeOf(end)
      enqueue.stopChild(event.actorId)
      enqueue.assign({
        outcomes: context.outcomes.with(index, outcome),
        purse: addPayments(context.purse, outcome.purse),
        running: context.running.filter((each) => each !== index),
      })
      enqueue(() => context.onOutcome?.(index, outcome))
    }),
    // Reaching its end, a machine stops its children. What was under way may be billed, and nobody will hear how much.
    payForAbandoned: assign(({ context: { purse, running } }) =>
      running.length > 0 ? { purse: payFrom(purse, undefined) } : {},
    ),
  },
  guards: {
    isOver: ({ context }) => context.running.length === 0 && context.nextIndex >= context.requests.length,
    isEnough: ({ context }) => context.isEnough?.(context.outcomes) === true,
  },
}).createMachine({
  id: 'call-group',
  context: ({ input }) => ({
    ...input,
    purse: input.purse ?? openPurse(undefined),
    outcomes: input.requests.map(() => undefined),
    nextIndex: 0,
    running: [],
  }),
  initial: 'deciding',
  states: {
    deciding: {
      always: [
        { guard: 'isEnough', target: 'ended', actions: 'payForAbandoned' },
        { guard: 'isOver', target: 'ended' },
        { target: 'calling' },
      ],
    },
    calling: {
      entry: 'startCalls',
      on: {
        'xstate.done.actor.*': { target: 'deciding', actions: 'takeOutcome' },
        'xstate.error.actor.*': { target: 'deciding', actions: 'takeOutcome' },
      },
    },
    ended: { type: 'final' },
  },
  output: ({ context: { outcomes, purse } }) => ({ outcomes, purse }),
})

/**
 * Several questions to the router, a bounded number of them at once, each with the patience of `modelCall`. It never fails:
 * what became of each question is among its outcomes.
 */
export const callGroup: GroupLogic = machine as unknown as GroupLogic

function widthOf({ purse, parallelMax }: Context): number {
  return purse.capNanos === undefined ? (parallelMax ?? PARALLEL_MAX_DEFAULT) : 1
}

function outcomeOf(end: ChildEnd): ModelCallOutcome {
  // The output of `modelCall` has its type; an error is a fault of its own.
  if (end.kind === 'done') return end.output as ModelCallOutcome
  return { kind: 'failed', error: end.error, purse: openPurse(ZERO_AMOUNT) }
}

function addPayments(purse: Purse, paid: Purse): Purse {
  const sum = payFrom(purse, paid.spentNanos)
  return paid.hasUnknownCost ? payFrom(sum, undefined) : sum
}
