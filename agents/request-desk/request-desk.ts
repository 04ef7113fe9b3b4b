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
  type JobReport,
  type Reply,
} from './desk-state.ts'
import { objectOf } from '../agent-input.ts'
import { endOfChild } from '../child-end.ts'
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

/**
 * The jobs that a desk's own timers and reports speak for. An event is one of these when it carries the very object that was
 * made for it: nobody else has it, and what comes from another thread, or was read somewhere, is a copy.
 */
const JOB_OF = new WeakMap<object, string>()

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
        const { state, effects } = stepOf(init, { context, event, self })
        enqueue.assign({ desk: state })
        const carryOut = (effect: DeskEffect): void => {
          switch (effect.kind) {
            case 'start-job': {
              const { jobId, request } = effect.open
              const report: JobInput<unknown, unknown>['report'] = (step, details) =>
                self.send({ type: 'progress', key: keyOf(jobId), said: { step, details } satisfies JobReport })
              enqueue.spawnChild('job', { id: jobId, input: { resources: context.resources, request, report } })
              enqueue.raise({ type: EXPIRED, key: keyOf(jobId) }, { id: `limit:${jobId}`, delay: effect.timeoutMs })
              return
            }
            case 'stop-job':
              enqueue.cancel(`limit:${effect.jobId}`)
              enqueue.stopChild(effect.jobId)
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
      // What it was declared as is not what it is, where somebody did not compile against it.
      objectOf(input)
      checkLimits(input)
      init.checkInput?.(input)
      return { resources: input, desk: openDesk(input) }
    },
    entry: 'answerLost',
    on: { '*': { actions: 'handle' } },
  })
}

type Turn<Resources> = {
  readonly context: Context<Resources>
  readonly event: DeskEvent
  readonly self: { getSnapshot(): unknown }
}

function stepOf<Resources extends DeskLimits>(init: DeskInit<Resources>, turn: Turn<Resources>): DeskStep {
  const { event } = turn
  const { desk, resources } = turn.context
  switch (event.type) {
    case init.verb: {
      const read = (): unknown => init.read(event, resources)
      return admitRequest(desk, { id: event.id, jobId: newJobId(), replyTo: event.replyTo, read })
    }
    case 'cancel':
      return cancelRequest(desk, typeof event.id === 'string' ? event.id : '', event.replyTo)
    case 'progress':
      // Only a report of a job has its key, and it has this form.
      return ofOwnJob(turn, (jobId) => reportJob(desk, jobId, event['said'] as JobReport))
    case EXPIRED:
      return ofOwnJob(turn, (jobId) => expireJob(desk, jobId))
    default:
      return endOf(turn)
  }
}

/** What is not of this desk's own jobs changes nothing. */
function ofOwnJob<Resources>({ context, event }: Turn<Resources>, step: (jobId: string) => DeskStep): DeskStep {
  const { key } = event
  const jobId = typeof key === 'object' && key !== null ? JOB_OF.get(key) : undefined
  return jobId === undefined ? { state: context.desk, effects: [] } : step(jobId)
}

/** The end of a child; every other event is none of this agent's. */
function endOf<Resources>({ context: { desk }, event, self }: Turn<Resources>): DeskStep {
  const isEnd = event.type.startsWith('xstate.done.actor.') || event.type.startsWith('xstate.error.actor.')
  const end = isEnd ? endOfChild(self, event) : undefined
  if (end === undefined) return { state: desk, effects: [] }
  const { kind } = end
  // Jobs are logic of this package, and their output is a `JobOutput`.
  const output = kind === 'done' ? (end.output as JobOutput<Reply>) : ({ kind: 'failed', error: end.error } as const)
  return finishJob(desk, String(event['actorId']), output)
}

function keyOf(jobId: string): object {
  const key = Object.freeze({})
  JOB_OF.set(key, jobId)
  return key
}

/** 128 bits: a child has an address, and whoever could guess it could send to it. */
function newJobId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return `job-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
