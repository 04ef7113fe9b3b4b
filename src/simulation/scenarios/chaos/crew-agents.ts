import { type AnyEventObject, fromTransition } from 'xstate'
import type { ActorRef } from '../../../actors/actor-ref.ts'
import type { AgentDefinition, MailboxPolicy } from '../../../actors/agent-definition.ts'
import { defineAgent } from '../../../actors/define-agent.ts'
import type { LogicSystem } from '../../actors/misbehaver-logic.ts'

/** One piece of work of the crew; `from` and `sequence` name it. */
export type Job = AnyEventObject & {
  readonly type: 'job'
  readonly from: string
  readonly to: string
  readonly sequence: number
  /** The worker fails over it, each time. */
  readonly isPoison: boolean
}

/** Told of everything that actors of the crew do, from inside their turns. */
export type CrewWatch = {
  readonly sent: (job: Job) => void
  readonly handling: (job: Job) => void
  readonly told: (watcher: string, id: string) => void
  /** A worker begins, for the first time or again. */
  readonly started: (worker: string) => void
  /** A worker sets a timer. @returns Its number. */
  readonly timerSet: (worker: string, name: string, delayMs: number) => number
  readonly timerFired: (worker: string, number: number) => void
}

/** A worker's own timer. */
export type Late = AnyEventObject & { readonly type: 'late'; readonly timer: number }

/** One job of so many sets a timer, under one of few names: some take the place of others. */
const JOBS_PER_TIMER = 3
const TIMER_NAMES = 4
const LATE_MS_MAX = 400

/** What the crew's mailboxes are: one of each policy, and small enough to be full. */
export const CREW_POLICIES: readonly MailboxPolicy[] = ['refuse', 'drop-newest', 'drop-oldest', 'credit']

/** Of those who watch others; how else a full mailbox is dealt with makes no difference to an end. */
export const WATCHER_POLICIES: readonly MailboxPolicy[] = ['drop-newest', 'drop-oldest', 'refuse']

export function workerAgent(policy: MailboxPolicy, watch: CrewWatch): AgentDefinition {
  return defineAgent({
    name: `worker-${policy}`,
    mailbox: { bound: 12, atBound: policy },
    restart: { kind: 'permanent', redeliveries: policy === 'refuse' ? 1 : 0, backOff: { firstMs: 20, maxMs: 200 } },
    logic: fromTransition<number, AnyEventObject, LogicSystem, string>(
      (done, event, { self, system }) => {
        if (event.type === 'question') {
          const { replyTo, isSilent } = event as {
            readonly replyTo?: { send(answer: object): unknown }
            readonly isSilent?: boolean
          }
          if (isSilent !== true) replyTo?.send({ type: 'answer', done })
          return done
        }
        if (event.type === 'late') watch.timerFired(self.id, (event as Late).timer)
        if (event.type !== 'job') return done
        const job = event as Job
        if (job.sequence % JOBS_PER_TIMER === 0) {
          const [name, delayMs] = [`late-${job.sequence % TIMER_NAMES}`, 5 + ((7 * job.sequence) % LATE_MS_MAX)]
          const late: Late = { type: 'late', timer: watch.timerSet(self.id, name, delayMs) }
          system.scheduler.schedule(self, self, late, delayMs, name)
        }
        watch.handling(job)
        if (job.isPoison) throw new TypeError('A job that no worker can do')
        return done + 1
      },
      // What it is called is all that it is given.
      ({ input }) => {
        watch.started(input)
        return 0
      },
    ),
  }) as AgentDefinition
}

/** Sends numbered jobs from within its turns, so that senders without credit are held. */
export function feederAgent(
  id: string,
  refOf: (id: string) => ActorRef | undefined,
  watch: CrewWatch,
): AgentDefinition {
  const sequences = new Map<string, number>()
  return defineAgent({
    name: 'feeder',
    logic: fromTransition((fed: number, event: AnyEventObject) => {
      if (event.type !== 'feed') return fed
      const { to, poison } = event as unknown as { readonly to: string; readonly poison: readonly boolean[] }
      for (const isPoison of poison) {
        const sequence = (sequences.get(to) ?? 0) + 1
        sequences.set(to, sequence)
        const job: Job = { type: 'job', from: id, to, sequence, isPoison }
        watch.sent(job)
        refOf(to)?.send(job)
      }
      return fed + poison.length
    }, 0),
  })
}

/** Lives until its first message; a poisoned one ends by failing. */
export function visitorAgent(): AgentDefinition {
  return defineAgent({
    name: 'visitor',
    restart: 'temporary',
    logic: fromTransition((seen: number, event: AnyEventObject) => {
      if (event['isPoison'] === true) throw new TypeError('A visitor that falls')
      return seen + 1
    }, 0),
  })
}

/** Watches others, with a mailbox that is always too small, and that drops what it drops from either end. */
export function watcherAgent(policy: MailboxPolicy, watch: CrewWatch): AgentDefinition {
  return defineAgent({
    name: `watcher-${policy}`,
    mailbox: { bound: 2, atBound: policy },
    logic: fromTransition((told: number, event: AnyEventObject) => {
      if (event.type !== 'kernell.terminated') return told
      watch.told(policy, String(event['id']))
      return told + 1
    }, 0),
  })
}
