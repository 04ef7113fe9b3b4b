import { defineAgent, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import { assertNever, CodedError, toPlainError, type PlainError } from 'kernell-os/core'
import { enqueueActions, setup } from 'xstate'
import { isFlowEmpty } from './flow.ts'
import {
  endWork,
  openPipeline,
  pushItem,
  totalsOf,
  type PipelineEffect,
  type PipelineInput,
  type PipelineOutput,
  type PipelineResult,
  type PipelineState,
  type PipelineStep,
} from './pipeline-state.ts'
import { endOfChild } from '../child-end.ts'
import { tell } from '../tell.ts'
import { stageWork, type StageWorkOutcome } from './stage-work.ts'

export type { PipelineInput, PipelineOutput, PipelineResult } from './pipeline-state.ts'
export type { PipelineStage } from './stage-work.ts'

/**
 * What producers send. A `push` that is not taken is answered with `failed`: `ACTOR_MAILBOX_FULL` where too many
 * wait, `REQUEST_INVALID` for an id that is under way or has not its form, `ACTOR_STOPPED` after `close`.
 */
export type PipelineEvent =
  /** Answered with `accepted` as soon as there is room: a producer that waits for the answer is never ahead by more. */
  | {
      readonly type: 'push'
      readonly item: unknown
      /** Names the item in events; unique among those under way. Default: a number. */
      readonly id?: string
      readonly replyTo?: ReplyTarget
    }
  /** Takes no more items; answered with `drained`, and the actor ends, when all have come through. */
  | { readonly type: 'close'; readonly replyTo?: ReplyTarget }

/**
 * Answers to `push` and `close`. `failed` is of an item that was not taken; what fails in a stage is told as
 * `PipelineResult`.
 */
export type PipelineReply =
  | { readonly type: 'accepted'; readonly id: string }
  | PipelineDrained
  | { readonly type: 'failed'; readonly id: string; readonly error: PlainError }

/** Answer to `close` when no item is under way any more; its numbers are the actor's output too. */
export type PipelineDrained = { readonly type: 'drained' } & PipelineOutput

type Context = { readonly state: PipelineState; readonly closers: readonly ReplyTarget[] }

type Inside = {
  readonly type: string
  readonly actorId?: string
  readonly item?: unknown
  readonly id?: unknown
  readonly replyTo?: ReplyTarget
}

const machine = setup({
  types: {
    context: {} as Context,
    input: {} as PipelineInput,
    events: {} as Inside,
    emitted: {} as PipelineResult,
    output: {} as PipelineOutput,
  },
  actors: { stageWork },
  actions: {
    handle: enqueueActions(({ context, event, self, enqueue }) => {
      const { state, effects } = stepOf(context.state, event, self)
      enqueue.assign({ state })
      const carryOut = (effect: PipelineEffect): void => {
        switch (effect.kind) {
          case 'start-work':
            return enqueue.spawnChild('stageWork', { id: effect.workId, input: effect.input })
          case 'stop-work':
            return enqueue.stopChild(effect.workId)
          case 'reply':
            return enqueue(({ system }) => tell(effect.to, effect.event, system))
          case 'tell':
            enqueue.emit(effect.result)
            return enqueue(({ system }) => tell(context.state.input.sink, effect.result, system))
          default:
            return assertNever(effect)
        }
      }
      effects.forEach(carryOut)
    }),
    keepCloser: enqueueActions(({ context, event, enqueue }) => {
      if (event.replyTo !== undefined) enqueue.assign({ closers: [...context.closers, event.replyTo] })
    }),
    refusePush: ({ event, system }) => {
      const error = toPlainError(
        new CodedError('ACTOR_STOPPED', { message: 'The pipeline is closed and takes no items' }),
      )
      const reply: PipelineReply = { type: 'failed', id: typeof event.id === 'string' ? event.id : '', error }
      tell(event.replyTo, reply, system)
    },
    answerClosers: ({ context, system }) => {
      const reply: PipelineDrained = { type: 'drained', ...totalsOf(context.state) }
      for (const closer of context.closers) tell(closer, reply, system)
    },
  },
  guards: { isEmpty: ({ context }) => isFlowEmpty(context.state.flow) },
}).createMachine({
  id: 'pipeline',
  context: ({ input }) => ({ state: openPipeline(input), closers: [] }),
  on: {
    'xstate.done.actor.*': { actions: 'handle' },
    'xstate.error.actor.*': { actions: 'handle' },
    close: { actions: 'keepCloser', target: '.closing' },
  },
  initial: 'open',
  states: {
    open: { on: { push: { actions: 'handle' } } },
    closing: { on: { push: { actions: 'refusePush' } }, always: { guard: 'isEmpty', target: 'drained' } },
    drained: { type: 'final', entry: 'answerClosers' },
  },
  output: ({ context }) => totalsOf(context.state),
})

/**
 * Takes items through stages with a bounded number of workers each. What cannot go on waits where it is, up to the
 * producers, who hear `accepted` only when there is room: nothing piles up, however fast they are.
 *
 * It is not restarted after a failure: its items would be gone, and nobody told.
 */
export const pipeline: AgentDefinition = defineAgent({ name: 'pipeline', restart: 'temporary', logic: machine })

function stepOf(state: PipelineState, event: Inside, self: { getSnapshot(): unknown }): PipelineStep {
  if (event.type === 'push') return pushItem(state, event)
  const end = endOfChild(self, event)
  if (end === undefined) return { state, effects: [] }
  // The output of `stageWork` has its type; an error is a fault of its own.
  const outcome: StageWorkOutcome =
    end.kind === 'done' ? (end.output as StageWorkOutcome) : { kind: 'failed', error: end.error }
  return endWork(state, event.actorId ?? '', outcome)
}
