import { assertNever } from '../../base/assert.ts'
import { CodedError } from '../../base/errors.ts'
import type { ActorRef } from '../../actors/actor-ref.ts'
import type { AgentDefinition } from '../../actors/agent-definition.ts'
import type { Cell } from '../../actors/cell/cell.ts'
import { defineAgent } from '../../actors/define-agent.ts'
import { fromMachine } from '../../actors/hosting/from-machine.ts'
import type { ActorSystem } from '../../actors/system/actor-system.ts'
import type { Machine } from '../../core/machine.ts'
import type { PlannedTask } from '../../core/planning/order-by-dependencies.ts'
import type { PlanEffect, PlanEvent } from '../../core/planning/plan-event.ts'
import { planMachine } from '../../core/planning/plan-machine.ts'
import type { PlanState } from '../../core/planning/plan-state.ts'
import type { ScheduledTimer } from '../../ports/timers.ts'
import { graphEventsOf, type GraphEvent } from './graph-event.ts'
import { GraphStream } from './graph-stream.ts'
import { STEP_WORKER, RunningTurn, type AttemptOwner } from './step-worker.ts'
import type { ExecuteStep, StepOutcome } from './step-turn.ts'
import type { GraphJournal, TaskGraph, TaskGraphInit, TaskGraphStart } from './task-graph.ts'

/**
 * Runs a graph with actors: a coordinator that hosts the plan machine, and below it a worker for each step under way. The
 * state and its effects are the machine's; here they are carried out.
 *
 * ```text
 * coordinator   plan machine: reports and timers in, steps to start and to stop out
 *   worker      one step: its attempts, one after another
 *   worker
 * ```
 *
 * @throws `ACTOR_SYSTEM_STOPPED`; the signal's reason when it has aborted.
 */
export function startTaskGraph<Task extends PlannedTask>(
  actors: ActorSystem,
  { state, journal, supervisor }: TaskGraphStart<Task>,
  init: TaskGraphInit<Task>,
): TaskGraph<Task> {
  init.signal?.throwIfAborted()
  const graph = new RunningGraph(actors, state, init)
  graph.start(journal, supervisor)
  return graph
}

const TEXTS_MAX_DEFAULT = 256

type Worker<Task extends PlannedTask> = { readonly actor: ActorRef; readonly turn: RunningTurn<Task> }

/** Effects that wait until their event is durable. */
type Recorded<Task extends PlannedTask> = {
  readonly event: PlanEvent
  readonly before: PlanState<Task>
  readonly state: PlanState<Task>
  readonly effects: readonly PlanEffect<Task>[]
}

/** Plain fields: one is made for every task. */
class RunningGraph<Task extends PlannedTask> implements TaskGraph<Task>, AttemptOwner<Task> {
  readonly execute: ExecuteStep<Task>
  readonly ended: Promise<PlanState<Task>>
  state: PlanState<Task>
  stream: GraphStream | undefined
  private readonly actors: ActorSystem
  private readonly init: TaskGraphInit<Task>
  private readonly workers = new Map<string, Worker<Task>>()
  private timers: Map<string, ScheduledTimer> | undefined
  private coordinator: ActorRef | undefined
  private journal: GraphJournal<Task> | undefined
  private isOver = false
  private readonly outcome = Promise.withResolvers<PlanState<Task>>()
  private onAbort: (() => void) | undefined
  /** The last actor that was told to end. Nobody waits for it. */
  private ending: Promise<void> | undefined

  constructor(actors: ActorSystem, state: PlanState<Task>, init: TaskGraphInit<Task>) {
    this.actors = actors
    this.state = state
    this.init = init
    this.execute = init.execute
    this.ended = this.outcome.promise
  }

  get id(): string {
    return this.state.graph.id
  }

  start(journal: GraphJournal<Task> | undefined, supervisor: ActorRef | undefined): void {
    this.journal = journal
    // The definition serves graphs of all kinds of steps, which its type cannot say.
    const input = { state: this.state, graph: this } as unknown as CoordinatorInput
    const coordinator = this.actors.spawn(COORDINATOR, supervisor === undefined ? { input } : { input, supervisor })
    this.coordinator = coordinator
    if (this.init.signal !== undefined) this.follow(this.init.signal)
    coordinator.send({ type: this.state.phase === 'planned' ? 'plan-started' : 'plan-resumed' })
  }

  events(): AsyncIterableIterator<GraphEvent> {
    this.stream ??= new GraphStream(this.init.textsMax ?? TEXTS_MAX_DEFAULT)
    if (this.isOver) this.stream.end()
    return this.stream
  }

  cancel(reason: string): void {
    this.tell({ type: 'plan-cancelled', reason })
  }

  cancelStep(id: string, reason: string): void {
    this.tell({ type: 'subtask-cancelled', id, reason })
  }

  attemptEnded(turn: RunningTurn<Task>, outcome: StepOutcome): void {
    const { id } = turn.subTask
    const { attempt } = turn
    if (outcome.kind === 'succeeded') {
      this.tell({ type: 'subtask-succeeded', id, output: outcome.output, attempt })
      return
    }
    const { reason, isRetryable = true } = outcome
    this.tell({ type: 'subtask-failed', id, reason, attempt, ...(!isRetryable && { isRetryable }) })
  }

  attemptThrew({ subTask: { id }, attempt }: RunningTurn<Task>, error: unknown): void {
    this.tell({ type: 'subtask-failed', id, reason: codeOf(error), attempt })
  }

  workerEnded(turn: RunningTurn<Task>, error: unknown): void {
    if (this.workers.get(turn.subTask.id)?.turn === turn) this.workers.delete(turn.subTask.id)
    this.attemptThrew(turn, error)
  }

  coordinatorEnded(failure: { readonly error: unknown } | undefined): void {
    if (this.isOver) return
    const message = `The coordinator of graph ${this.id} was ended`
    if (failure !== undefined) this.coordinator?.watch(() => {})
    this.abandon(failure === undefined ? new CodedError('ACTOR_STOPPED', { message }) : failure.error)
  }

  /** One step of the machine. */
  stepped({ event, state, effects }: Omit<Recorded<Task>, 'before'>): void {
    const before = this.state
    this.state = state
    if (effects[0]?.type === 'event-refused') return
    const { journal } = this
    if (journal === undefined) {
      this.carryOut({ event, before, state, effects })
      return
    }
    journal.record(event, state).then(
      () => this.carryOut({ event, before, state, effects }),
      (error: unknown) => this.abandon(error),
    )
  }

  abandon(error: unknown): void {
    if (this.isOver) return
    for (const { turn } of this.workers.values()) turn.stop(error)
    this.close()
    this.stream?.end(error)
    // Most callers await `ended`; those who only read the events have been told there.
    this.ended.catch(() => {})
    this.outcome.reject(error)
  }

  private follow(signal: AbortSignal): void {
    this.onAbort = () => this.cancel(reasonOf(signal.reason))
    signal.addEventListener('abort', this.onAbort)
  }

  private tell(event: PlanEvent): void {
    if (this.isOver || this.coordinator === undefined || this.coordinator.send(event)) return
    this.abandon(new CodedError('ACTOR_MAILBOX_FULL', { message: `Graph ${this.id} is told more than it can take` }))
  }

  private carryOut({ event, before, state, effects }: Recorded<Task>): void {
    if (this.isOver) return
    if (event.type === 'subtask-succeeded' || event.type === 'subtask-failed') this.attemptOver(event.id, effects)
    if (this.stream !== undefined)
      for (const happened of graphEventsOf({ event, before, state })) this.stream.push(happened)
    for (const effect of effects) this.run(effect, state)
  }

  /** The worker of a step ends with it; it stays for an attempt that follows at once. */
  private attemptOver(id: string, effects: readonly PlanEffect<Task>[]): void {
    const worker = this.workers.get(id)
    if (worker === undefined) return
    this.stream?.admitFrom(worker.turn)
    for (const effect of effects) {
      if (effect.type === 'start-subtask' && effect.subTask.id === id) return
      // It ends with the coordinator.
      if (effect.type === 'finish-plan') return
    }
    this.workers.delete(id)
    this.ending = worker.actor.stop()
  }

  private run(effect: PlanEffect<Task>, state: PlanState<Task>): void {
    switch (effect.type) {
      case 'start-subtask':
        this.startAttempt(effect)
        return
      case 'stop-subtask':
        this.workers.get(effect.id)?.turn.stop(this.stopReason(effect))
        return
      case 'abandon-subtask':
        this.giveUp(effect.id)
        return
      case 'start-timer': {
        const { timer } = effect
        this.timers ??= new Map()
        this.timers.get(timer.id)?.cancel()
        this.timers.set(
          timer.id,
          this.actors.after(effect.delayMs, () => this.tell({ type: 'timer-fired', timer })),
        )
        return
      }
      case 'cancel-timer':
        this.timers?.get(effect.id)?.cancel()
        return
      case 'report-stopped': {
        const { id, failedDependency } = effect
        this.stream?.push({ type: 'step-stopped', id, failedDependency })
        return
      }
      case 'finish-plan':
        this.finish(state)
        return
      case 'event-refused':
        return
      default:
        assertNever(effect)
    }
  }

  private startAttempt(effect: Extract<PlanEffect<Task>, { type: 'start-subtask' }>): void {
    const { id } = effect.subTask
    const turn = new RunningTurn(this, effect)
    const actor = this.workers.get(id)?.actor ?? this.spawnWorker()
    this.workers.set(id, { actor, turn })
    this.stream?.push({ type: 'step-started', id, attempt: effect.attempt })
    if (actor.send({ type: 'attempt-started', turn })) return
    turn.workerEnded()
  }

  private spawnWorker(): ActorRef {
    // Not asked whether it is one: the system may be of another copy of this package, and so are its cells then.
    return (this.coordinator as Cell).spawn(STEP_WORKER)
  }

  private giveUp(id: string): void {
    const worker = this.workers.get(id)
    this.workers.delete(id)
    if (worker !== undefined) this.ending = worker.actor.stop()
  }

  private stopReason({ id, cause }: Extract<PlanEffect<Task>, { type: 'stop-subtask' }>): unknown {
    const { signal } = this.init
    if (cause === 'time-limit') return new DOMException(`Step ${id} took too long`, 'TimeoutError')
    return signal?.aborted === true ? signal.reason : new DOMException(`Step ${id} was cancelled`, 'AbortError')
  }

  private finish(state: PlanState<Task>): void {
    this.close()
    this.stream?.end()
    this.outcome.resolve(state)
  }

  private close(): void {
    this.isOver = true
    if (this.onAbort !== undefined) this.init.signal?.removeEventListener('abort', this.onAbort)
    for (const timer of this.timers?.values() ?? []) timer.cancel()
    this.journal?.close()
    // Its workers end with it.
    this.workers.clear()
    this.ending = this.coordinator?.stop()
  }
}

function codeOf(error: unknown): string {
  return CodedError.is(error) ? error.code : 'INTERNAL_ERROR'
}

/** The reason of a signal, for people. */
function reasonOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : 'cancelled'
}

type CoordinatorInput = { readonly state: PlanState<PlannedTask>; readonly graph: RunningGraph<PlannedTask> }

const COORDINATED: Machine<PlanState<PlannedTask>, PlanEvent, PlanEffect<PlannedTask>, CoordinatorInput> = {
  ...planMachine,
  initial: ({ state }) => state,
}

/** A machine that throws leaves a state that nobody can trust, so the coordinator is not started again; a journaled graph can be resumed. */
const COORDINATOR: AgentDefinition = defineAgent({
  name: 'task-graph',
  restart: 'temporary',
  logic: fromMachine(
    COORDINATED,
    ({ event, state, effects, input }) => input.graph.stepped({ event, state, effects }),
    {
      isEager: true,
      onEnd: ({ input }, failure) => input.graph.coordinatorEnded(failure),
    },
  ),
})
