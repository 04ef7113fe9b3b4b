import { assertNever, CodedError, toPlainError } from 'kernell-os/core'
import { enqueueActions, setup, type AnyActorLogic, type AnyStateMachine } from 'xstate'
import {
  admitRequest,
  cancelRequest,
  expireJob,
  finishJob,
  openDesk,
  reportJob,
  type DeskEffect,
  type DeskState,
  type DeskStep,
  type Reply,
} from './desk-state.ts'
import { tell } from '../tell.ts'
import {
  checkLimits,
  type DeskEmitted,
  type DeskLimits,
  type JobInput,
  type JobOutput,
  type RequestFields,
} from './protocol.ts'

export type DeskInit<Resources extends DeskLimits> = {
  /** The agent's name. */
  readonly name: string
  /** Type of the events that are requests. */
  readonly verb: string
  /** Reads an event of this type into the request of a job. Throws `REQUEST_INVALID`. */
  readonly read: (event: DeskEvent, resources: Resources) => unknown
  /** Throws RangeError or TypeError for an input that does not fit; the actor is then not started. */
  readonly checkInput?: (resources: Resources) => void
  /** Works on one request: input `JobInput`, output `JobOutput`. */
  readonly job: AnyActorLogic
}

export type DeskEvent = RequestFields & { readonly type: string; readonly [field: string]: unknown }

type Context<Resources> = { readonly resources: Resources; readonly desk: DeskState }

const EXPIRED = 'desk.expired'

/** The desks of actors as they last were: one that is restarted is the same actor with a new state. */
const DESKS = new WeakMap<object, DeskState>()

/**
 * The outside of an agent that answers requests: it works on a bounded number of them at once, each as a child of its own,
 * keeps a bounded number waiting in order, refuses the rest, and answers every one, whatever becomes of it: those that are
 * open when the agent itself fails are answered with `ACTOR_FAILED` when it is restarted. Stopping the agent stops the
 * children, which aborts their calls.
 */
export function createRequestDesk<Resources extends DeskLimits>(init: DeskInit<Resources>): AnyStateMachine {
  return setup({
    types: {
      context: {} as Context<Resources>,
      input: {} as Resources,
      events: {} as DeskEvent,
      emitted: {} as DeskEmitted,
    },
    actors: { job: init.job },
    actions: {
      handle: enqueueActions(({ context, event, self, enqueue }) => {
        const { state, effects } = stepOf(init, context, event)
        enqueue.assign({ desk: state })
        const carryOut = (effect: DeskEffect): void => {
          switch (effect.kind) {
            case 'start-job': {
              const { id, request } = effect.open
              const report: JobInput<unknown, unknown>['report'] = (step, details) =>
                self.send({ ...details, type: 'progress', id, step })
              enqueue.spawnChild('job', { id, input: { resources: context.resources, request, report } })
              enqueue.raise({ type: EXPIRED, id }, { id: `limit:${id}`, delay: effect.timeoutMs })
              return
            }
            case 'stop-job':
              enqueue.cancel(`limit:${effect.id}`)
              enqueue.stopChild(effect.id)
              return
            case 'reply':
              return enqueue(({ system }) => tell(effect.to, effect.event, system))
            case 'emit':
              return enqueue.emit(effect.event)
            default:
              return assertNever(effect)
          }
        }
        effects.forEach(carryOut)
        enqueue(() => void DESKS.set(self, state))
      }),
      /** The state that a failure took with it is not brought back: what it worked on may be what it failed over. */
      answerLost: enqueueActions(({ self, enqueue }) => {
        const lost = DESKS.get(self)
        DESKS.delete(self)
        for (const { id, replyTo } of [...(lost?.running ?? []), ...(lost?.waiting ?? [])]) {
          const message = `The agent failed while it had request ${id}, and began anew without it`
          const error = toPlainError(new CodedError('ACTOR_FAILED', { message }))
          enqueue(({ system }) => tell(replyTo, { type: 'failed', id, error }, system))
          enqueue.emit({ type: 'finished', id, reply: 'failed' })
        }
      }),
    },
  }).createMachine({
    id: init.name,
    context: ({ input }) => {
      checkLimits(input)
      init.checkInput?.(input)
      return { resources: input, desk: openDesk(input) }
    },
    entry: 'answerLost',
    on: { '*': { actions: 'handle' } },
  })
}

function stepOf<Resources extends DeskLimits>(
  init: DeskInit<Resources>,
  { desk, resources }: Context<Resources>,
  event: DeskEvent,
): DeskStep {
  const id = String(event.id)
  switch (event.type) {
    case init.verb:
      return admitRequest(desk, { id: event.id, replyTo: event.replyTo, read: () => init.read(event, resources) })
    case 'cancel':
      return cancelRequest(desk, id, event.replyTo)
    case 'progress':
      return reportJob(desk, { ...event, type: 'progress', id, step: String(event['step']) })
    case EXPIRED:
      return expireJob(desk, id)
    default:
      return endOf(desk, event)
  }
}

/** The end of a child; every other event is none of this agent's. */
function endOf(desk: DeskState, event: DeskEvent): DeskStep {
  const id = String(event['actorId'])
  // Jobs are logic of this package, and their output is a `JobOutput`.
  if (event.type.startsWith('xstate.done.actor.')) {
    return finishJob(desk, id, event['output'] as JobOutput<Reply>)
  }
  if (event.type.startsWith('xstate.error.actor.'))
    return finishJob(desk, id, { kind: 'failed', error: event['error'] })
  return { state: desk, effects: [] }
}
