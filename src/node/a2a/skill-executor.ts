import { type Message, Role, type Task } from '@a2a-js/sdk'
import { TaskNotCancelableError } from '@a2a-js/sdk/errors'
import type { AgentExecutor, ExecutionEventBus, RequestContext } from '@a2a-js/sdk/server'
import { CodedError, remedyOf } from '../../base/errors.ts'
import type { AgentTaskName } from '../../ports/agent-task-store.ts'
import type { Clock } from '../../ports/clock.ts'
import { outgoingText } from '../outgoing-text.ts'
import type { AgentSkill, SkillCancellation, SkillEvent, SkillOutcome, SkillWork } from './agent-skill.ts'
import { callOf, ownerOf } from './call-context.ts'
import { textOf } from './filed-task.ts'
import type { StoredTasks } from './stored-tasks.ts'
import { type CanceledTask, TaskEvents, type TurnPlace } from './task-events.ts'
import { TextPieces } from './text-pieces.ts'

export type SkillExecutorInit = {
  /** The first one does what names no skill. */
  readonly skills: readonly AgentSkill[]
  /** Longest that one turn of a task may take, milliseconds. */
  readonly taskTimeoutMs: number
  /** What one turn may make, bytes of JSON. */
  readonly taskBytesMax: number
}

export type SkillExecutorComponents = {
  readonly clock: Clock
  readonly tasks: Pick<StoredTasks, 'endedOf'>
  /** Told of failures that are the program's own. */
  readonly onError: (error: unknown) => void
}

/** The turn is over and the task is not. */
const WAITING_OUTCOMES: ReadonlySet<SkillOutcome['state']> = new Set(['input-required', 'auth-required'])

/** Earlier tasks of a context that a skill is told of. */
const EARLIER_MAX = 8

type Running = {
  readonly controller: AbortController
  readonly events: TaskEvents
  readonly owner: string
  readonly skill: AgentSkill | undefined
  isOver: boolean
  /** Resolves when the skill has said whether the task can be cancelled; how the turn ends is told after that. */
  asking?: Promise<void>
  /** Resolves when it was told that the task is cancelled; the turn, which is over, stays until then. */
  canceling?: PromiseWithResolvers<void>
}

/** A task that a skill has let go of, until that is told. */
type Canceling = { readonly events: TaskEvents; readonly told: CanceledTask }

const BY_SENDER: CanceledTask = { text: 'The task was cancelled by its sender.' }

/** Runs skills for tasks. It never rejects: what goes wrong is how the task ends. */
export class SkillExecutor implements AgentExecutor {
  readonly #components: SkillExecutorComponents
  readonly #init: SkillExecutorInit
  readonly #running = new Map<string, Running>()
  /** Of tasks that wait for their senders: what would be told of them. */
  readonly #waiting = new Map<string, TaskEvents>()
  readonly #canceling = new Map<string, Canceling>()

  constructor(components: SkillExecutorComponents, init: SkillExecutorInit) {
    this.#components = components
    this.#init = init
  }

  /** Turns that run now. */
  get runningCount(): number {
    return this.#running.size
  }

  isRunning(taskId: string): boolean {
    return this.#running.has(taskId)
  }

  /** The skill that a message is for; `undefined` when it names one that is not there. */
  skillOf(message: Message): AgentSkill | undefined {
    const named = skillNameOf(message)
    return named === undefined ? this.#init.skills[0] : this.#init.skills.find(({ id }) => id === named)
  }

  execute = async (context: RequestContext, bus: ExecutionEventBus): Promise<void> => {
    const { taskId, userMessage } = context
    const events = this.#eventsOf(context)
    const skill = this.skillOf(userMessage)
    const running: Running = {
      controller: new AbortController(),
      events,
      owner: ownerOf(context.context),
      skill,
      isOver: false,
    }
    this.#running.set(taskId, running)
    this.#waiting.delete(taskId)
    const isDirect = skill?.answersDirectly?.(userMessage) === true
    try {
      if (!isDirect) {
        bus.publish(events.submitted())
        bus.publish(events.working())
      }
      const outcome = await this.#run(skill, { context, bus, running })
      await running.asking
      if (running.isOver) return
      running.isOver = true
      if (WAITING_OUTCOMES.has(outcome.state)) this.#waiting.set(taskId, events)
      bus.publish(outcome.state === 'message' ? events.message(outcome.parts) : events.outcome(outcome))
    } catch (error) {
      await running.asking
      if (running.isOver) return
      running.isOver = true
      const failure: unknown = running.controller.signal.aborted ? running.controller.signal.reason : error
      if (isDirect) bus.publish(events.submitted())
      bus.publish(this.#failureOf(failure, events))
    } finally {
      // What ends the task is told before the library lets go of it.
      await running.canceling?.promise
      this.#running.delete(taskId)
    }
  }

  /**
   * Asks the skill of a task whether it can be cancelled, where skills have a say: it lets go of the task then, and its turn is over. @returns Whether it had one; `endCancel`
   * follows then, whatever comes in between. Throws `TaskNotCancelableError`.
   */
  async beginCancel(task: Task): Promise<boolean> {
    const { id: taskId, contextId, history } = task
    const messages = history.filter(({ role }) => role === Role.ROLE_USER)
    const userMessage = messages.at(-1)
    // A later message may be for another skill, and the work that an earlier one has begun goes on.
    const skills = [this.#running.get(taskId)?.skill, ...messages.map((message) => this.skillOf(message))]
    const skill = skills.find((one) => one?.cancel !== undefined)
    if (skill?.cancel === undefined || userMessage === undefined) return false
    const cancellation = await this.#asked(skill.cancel({ taskId, history }), taskId)
    const events = this.#running.get(taskId)?.events ?? this.#eventsOf({ taskId, contextId, task, userMessage })
    this.#canceling.set(taskId, { events, told: await this.#finished(cancellation) })
    return true
  }

  /** Nothing waits any more for what `beginCancel` has begun. */
  endCancel(taskId: string): void {
    this.#running.get(taskId)?.canceling?.resolve()
    this.#canceling.delete(taskId)
  }

  cancelTask = async (taskId: string, bus: ExecutionEventBus): Promise<void> => {
    const canceling = this.#canceling.get(taskId)
    const running = this.#running.get(taskId)
    const events = canceling?.events ?? running?.events ?? this.#waiting.get(taskId)
    this.#waiting.delete(taskId)
    if (events === undefined || (canceling === undefined && running?.isOver === true)) return
    bus.publish(events.canceled(canceling?.told ?? BY_SENDER))
    if (running !== undefined) endRun(running)
  }

  /** Lets go of a task that is gone. */
  forget(taskId: string): void {
    this.#waiting.delete(taskId)
  }

  /** Ends what runs for an owner, or everything, as failed. @returns What was ended. */
  stop(wanted?: string): readonly AgentTaskName[] {
    const reason = new CodedError('A2A_TASK_INTERRUPTED', { message: 'The node stopped while the task was worked on' })
    const ended = [...this.#running].filter(([, { owner }]) => wanted === undefined || owner === wanted)
    for (const [taskId] of ended) this.abort(taskId, reason)
    return ended.map(([id, { owner }]) => ({ owner, id }))
  }

  /** Ends one turn, or all, as failed for a reason. */
  abort(taskId: string | undefined, reason: unknown): void {
    const ended = taskId === undefined ? [...this.#running.values()] : [this.#running.get(taskId)]
    for (const running of ended) running?.controller.abort(reason)
  }

  async #run(
    skill: AgentSkill | undefined,
    at: { readonly context: RequestContext; readonly bus: ExecutionEventBus; readonly running: Running },
  ): Promise<SkillOutcome> {
    const { context, bus, running } = at
    if (skill === undefined) return { state: 'rejected', text: 'This node has no skill of that name.' }
    const { taskTimeoutMs, taskBytesMax } = this.#init
    const { controller, events } = running
    const timeout = this.#components.clock.timeoutSignal(taskTimeoutMs)
    const tooLong = (): void =>
      controller.abort(new CodedError('GATEWAY_TIMEOUT', { message: `The task took longer than ${taskTimeoutMs} ms` }))
    timeout.addEventListener('abort', tooLong, { once: true })
    let room = taskBytesMax
    const take = (event: SkillEvent): void => {
      if (running.isOver || controller.signal.aborted) return
      if (event.type === 'progress') {
        bus.publish(events.working(event.text))
        return
      }
      const update = events.artifact(event)
      room -= JSON.stringify(update.data).length
      if (room >= 0) bus.publish(update)
      else controller.abort(tooMuch(taskBytesMax))
    }
    const pieces = new TextPieces(take)
    try {
      const work = await this.#workOf(context, { signal: controller.signal, emit: (event) => pieces.take(event) })
      controller.signal.throwIfAborted()
      const outcome = await skill.run(work)
      pieces.flush()
      controller.signal.throwIfAborted()
      return outcome
    } finally {
      pieces.flush()
      timeout.removeEventListener('abort', tooLong)
    }
  }

  async #workOf(
    { context, contextId, taskId, task, userMessage }: RequestContext,
    rest: Pick<SkillWork, 'signal' | 'emit'>,
  ): Promise<SkillWork> {
    const ended = await this.#components.tasks.endedOf(contextId, { context, limit: EARLIER_MAX })
    const { caller, controls } = callOf(context)
    return {
      taskId,
      contextId,
      message: userMessage,
      history: task?.history.filter(({ messageId }) => messageId !== userMessage.messageId) ?? [],
      earlier: ended.map(({ history, artifacts }) => ({
        question: textOf(history[0]?.parts ?? []),
        answer: artifacts.map(({ parts }) => textOf(parts)).join('\n'),
      })),
      caller,
      controls,
      ...rest,
    }
  }

  /** What the skill says, by which the turn is over or goes on, before anybody hears how it ends. Throws `TaskNotCancelableError`. */
  async #asked(
    asking: Promise<SkillCancellation>,
    taskId: string,
  ): Promise<Extract<SkillCancellation, { readonly kind: 'canceled' }>> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const running = this.#running.get(taskId)
    if (running !== undefined) running.asking = promise
    try {
      const cancellation = await asking
      if (cancellation.kind === 'too-late') throw new TaskNotCancelableError(cancellation.text)
      const now = this.#running.get(taskId)
      if (now?.isOver === false) {
        now.canceling = Promise.withResolvers<void>()
        endRun(now)
      }
      return cancellation
    } finally {
      resolve()
    }
  }

  /** The work has stopped by then, so that what goes wrong is no reason to go on with the task. */
  async #finished({ finish }: Extract<SkillCancellation, { readonly kind: 'canceled' }>): Promise<CanceledTask> {
    try {
      return await finish()
    } catch (error: unknown) {
      this.#tellError(error)
      return BY_SENDER
    }
  }

  /** A listener that fails keeps nobody from the end of the task. */
  #tellError(error: unknown): void {
    try {
      this.#components.onError(error)
    } catch {
      // What it was told of is over.
    }
  }

  #eventsOf(place: TurnPlace): TaskEvents {
    return new TaskEvents(place, () => new Date(this.#components.clock.now()).toISOString())
  }

  #failureOf(error: unknown, events: TaskEvents): ReturnType<TaskEvents['failed']> {
    if (!CodedError.is(error)) {
      this.#tellError(error)
      return events.failed('The node failed to work on the task.', { code: 'INTERNAL_ERROR' })
    }
    const { code, message, isRetryable } = error
    const metadata = { code, remedy: remedyOf(code), isRetryable }
    return events.failed(outgoingText(message), metadata)
  }
}

function endRun(running: Running): void {
  running.isOver = true
  running.controller.abort(new CodedError('REQUEST_ABORTED', { message: 'The task was cancelled' }))
}

function tooMuch(taskBytesMax: number): CodedError {
  return new CodedError('A2A_ANSWER_TOO_LARGE', { message: `The task made more than ${taskBytesMax} bytes` })
}

/** The skill that a message names in its metadata, under `skill`. */
function skillNameOf({ metadata }: Message): string | undefined {
  const named: unknown = metadata?.['skill']
  return typeof named === 'string' ? named : undefined
}
