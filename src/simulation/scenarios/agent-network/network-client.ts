import { assign, setup } from 'xstate'
import type { AgentDefinition } from '../../../actors/agent-definition.ts'
import { defineAgent } from '../../../actors/define-agent.ts'
import type { Network, Result } from './network-agent.ts'
import { patienceMs, type Place } from './network-shape.ts'

export type ClientInput = {
  readonly network: Network
  /** The agent at the top of the tree. */
  readonly place: Place
  /** Tasks that it has, one after the other. */
  readonly tasks: number
  /** What it has come to, outside of it: who starts again goes on behind the last task that it asked for, since agents take an older one for a repetition. */
  readonly notes: ClientNotes
  readonly onEnd: (end: ClientEnd) => void
}

export type ClientNotes = { -readonly [Part in keyof ClientEnd]: number } & { task: number }

export type ClientEnd = {
  readonly done: number
  readonly missing: number
  readonly given: number
  readonly unanswered: number
}

type Context = ClientInput & ClientEnd & { readonly task: number; readonly tries: number }

const TRIES_MAX = 2
const THINK_MS = 10

/** Has tasks for a tree of agents, one after the other, and asks once more for what does not come. */
export const networkClient: AgentDefinition = defineAgent({
  name: 'network-client',
  restart: 'permanent',
  logic: setup({
    types: { context: {} as Context, input: {} as ClientInput, events: {} as Result },
    delays: { patience: ({ context }) => 2 * patienceMs(context.place.height) },
    guards: {
      isRight: ({ context, event: { task, done, missing } }) =>
        task === context.task && done + missing === context.place.size,
      isLast: ({ context }) => context.task >= context.tasks,
      mayAskAgain: ({ context }) => context.tries < TRIES_MAX,
    },
    actions: {
      begin: assign(({ context }) => ({ task: context.task + 1, tries: 1 })),
      again: assign(({ context }) => ({ tries: context.tries + 1 })),
      ask: ({ context }) => {
        const { network, place, task, notes } = context
        notes.task = task
        network.book.handedOver(place.at, task)
        network.doors[place.at]?.send({ type: 'task', task, number: network.book.send(place.at, false) })
      },
      keep: assign(({ context, event }) => ({
        done: context.done + event.done,
        missing: context.missing + event.missing,
        given: context.given + 1,
      })),
      hear: ({ context: { network, place }, event }) => network.book.answered(place.at, event.task),
      hearLate: ({ context: { network, place } }) => network.book.late(place.at),
      giveUp: ({ context: { network, place } }) => network.book.timedOut(place.at),
      miss: assign(({ context }) => ({ unanswered: context.unanswered + 1 })),
      note: ({ context: { notes, done, missing, given, unanswered } }) =>
        void Object.assign(notes, { done, missing, given, unanswered }),
      end: ({ context: { onEnd, done, missing, given, unanswered } }) => onEnd({ done, missing, given, unanswered }),
    },
  }).createMachine({
    context: ({ input }) => ({ ...input, ...input.notes, tries: 0 }),
    initial: 'deciding',
    states: {
      thinking: {
        after: { [THINK_MS]: { target: 'waiting', actions: ['begin', 'ask'] } },
        on: { result: { actions: 'hearLate' } },
      },
      waiting: {
        on: {
          result: [
            { guard: 'isRight', target: 'deciding', actions: ['hear', 'keep', 'note'] },
            { actions: 'hearLate' },
          ],
        },
        after: {
          patience: [
            { guard: 'mayAskAgain', target: 'waiting', reenter: true, actions: ['giveUp', 'again', 'ask'] },
            { target: 'deciding', actions: ['giveUp', 'miss', 'note'] },
          ],
        },
      },
      deciding: { always: [{ guard: 'isLast', target: 'over', actions: 'end' }, { target: 'thinking' }] },
      over: { on: { result: { actions: 'hearLate' } } },
    },
  }),
}) as AgentDefinition
