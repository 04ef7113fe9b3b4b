import { TaskNotCancelableError } from '@a2a-js/sdk/errors'
import { CodedError } from '../../../base/errors.ts'
import type { AgentTaskName, AgentTaskPhase, SharedAgentTaskStore } from '../../../ports/agent-task-store.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { ScheduledTimer, Timers } from '../../../ports/timers.ts'
import { outgoingText } from '../../outgoing-text.ts'
import type { PushConfigs } from '../push-configs.ts'
import { keyOf, type StoredTasks } from '../stored-tasks.ts'
import { type TaskNews, TaskNewsDesk } from './task-news.ts'

export type FleetTasksComponents = {
  readonly store: SharedAgentTaskStore
  readonly tasks: Pick<StoredTasks, 'isHeld' | 'heldNames' | 'forget' | 'settle'>
  readonly configs: Pick<PushConfigs, 'forget'>
  readonly timers: Timers
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly onError: (error: unknown) => void
}

/** What this gateway does with its own tasks when others want it. */
export type FleetTasksInit = {
  /** Throws what the library throws: `TaskNotCancelableError`. */
  readonly cancel: (name: AgentTaskName) => Promise<unknown>
  /** Ends the work on one task, or on all, as failed. */
  readonly abort: (taskId: string | undefined, reason: unknown) => void
  /** Lets go of what is kept in memory of a task that waits for its sender. */
  readonly forget: (name: AgentTaskName) => void
}

/** How often it looks whether gateways have died. */
const SETTLE_MS = 2_000
/** How often one that waits for another gateway looks whether that is still there. */
const LOOK_MS = 1_000
/** Longest wait for a gateway that is alive and does not say whether it cancels. */
const CANCEL_MS_MAX = 60_000

/**
 * A gateway's part in the tasks of its fleet: it hears what others change and want, and fails what gateways worked on that died. What is in the store counts; what is
 * heard is only when to look.
 */
export class FleetTasks {
  readonly #components: FleetTasksComponents
  readonly #init: FleetTasksInit
  readonly #news: TaskNewsDesk
  /** Tasks that wait for their senders since a turn here. */
  readonly #parked = new Map<string, AgentTaskName>()
  /** Others' wishes that are being answered. */
  readonly #answering = new Set<string>()
  #timer: ScheduledTimer | undefined
  #settling: Promise<void> | undefined
  readonly #ends: (() => void)[] = []
  #isStopped = false

  constructor(components: FleetTasksComponents, init: FleetTasksInit) {
    this.#components = components
    this.#init = init
    this.#news = new TaskNewsDesk(components.timers)
  }

  start(): void {
    const { store } = this.#components
    this.#ends.push(store.watch((names) => this.#hear(names)))
    this.#ends.push(store.onLost((reason) => this.#init.abort(undefined, reason)))
    this.#settleLater()
  }

  /** Others take over at once what is still held. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    for (const end of this.#ends.splice(0)) end()
    await this.#settling
    this.#news.tell(undefined)
    await this.#components.store.close()
  }

  /** This gateway has stored a change of a task. */
  note(name: AgentTaskName, phase: AgentTaskPhase): void {
    const key = keyOf(name)
    if (phase === 'waiting') this.#parked.set(key, name)
    else this.#parked.delete(key)
    this.#news.tell(name)
  }

  /** Whoever waits for a change of a task looks again. */
  wake(name: AgentTaskName): void {
    this.#news.tell(name)
  }

  /** A task is gone. */
  erased(name: AgentTaskName): void {
    this.#parked.delete(keyOf(name))
    this.#components.configs.forget(name)
    this.#news.tell(name)
  }

  /** From now on no change of a task is missed. */
  follow(name: AgentTaskName): TaskNews {
    return this.#news.follow(name)
  }

  /**
   * Has another gateway cancel a task that it works on, or that waits since a turn there. @returns Whether the task has ended; `false`: no other one that is alive had it.
   *
   * Throws `TaskNotCancelableError` with what the other says, and `GATEWAY_TIMEOUT` where it says nothing.
   */
  async cancelElsewhere(name: AgentTaskName): Promise<boolean> {
    const { store, clock } = this.#components
    const news = this.follow(name)
    try {
      const wish = await store.askCancel(name)
      if (wish === undefined) return false
      const untilMs = clock.monotonicMs() + CANCEL_MS_MAX
      while (clock.monotonicMs() < untilMs) {
        const look = await store.look(name)
        if (look === undefined || look.phase === 'ended') return true
        if (look.answered >= wish) throw new TaskNotCancelableError(look.refusal)
        if (look.isOwn || !look.isAlive) return false
        await news.next(LOOK_MS)
      }
    } finally {
      news.end()
    }
    throw new CodedError('GATEWAY_TIMEOUT', {
      message: 'The gateway that works on the task was asked to cancel it, and has not said yet whether it does',
    })
  }

  #hear(names: readonly AgentTaskName[] | undefined): void {
    if (names === undefined) {
      this.#news.tell(undefined)
      this.#components.configs.forget()
      for (const name of [...this.#parked.values(), ...this.#components.tasks.heldNames()]) this.#lookAt(name)
      return
    }
    for (const name of names) {
      this.#news.tell(name)
      this.#components.configs.forget(name)
      if (this.#parked.has(keyOf(name)) || this.#components.tasks.isHeld(name)) this.#lookAt(name)
    }
  }

  #lookAt(name: AgentTaskName): void {
    // A store that is away is asked again with the next change, and by whoever asked.
    this.#look(name).catch(() => undefined)
  }

  async #look(name: AgentTaskName): Promise<void> {
    const { store, tasks } = this.#components
    const key = keyOf(name)
    // What begins here while it looks is not yet in what it sees.
    const isHeld = tasks.isHeld(name)
    const look = await store.look(name)
    if (look?.isOwn === true) {
      if (look.phase !== 'ended' && look.wishes > look.answered) await this.#answer(name, look.wishes)
      return
    }
    if (isHeld !== tasks.isHeld(name)) return
    // Deleted, or another one goes on with it.
    if (isHeld) {
      tasks.forget(name)
      this.#init.abort(name.id, interrupted())
    }
    if (this.#parked.delete(key)) this.#init.forget(name)
  }

  async #answer(name: AgentTaskName, wish: number): Promise<void> {
    const key = keyOf(name)
    if (this.#answering.has(key)) return
    this.#answering.add(key)
    try {
      await this.#init.cancel(name)
    } catch (error: unknown) {
      const text = error instanceof TaskNotCancelableError ? error.message : textOf(error)
      await this.#components.store.refuseCancel(name, { wish, text })
    } finally {
      this.#answering.delete(key)
    }
  }

  #settleLater(): void {
    if (this.#isStopped) return
    this.#timer = this.#components.timers.schedule(SETTLE_MS, () => {
      // A server that is away is asked again.
      this.#settling = this.#components.tasks
        .settle()
        .catch((error: unknown) => this.#tellError(error))
        .finally(() => this.#settleLater())
    })
  }

  #tellError(error: unknown): void {
    if (CodedError.is(error) && error.isRetryable) return
    this.#components.onError(error)
  }
}

function textOf(error: unknown): string {
  return CodedError.is(error) ? outgoingText(error.message) : 'The gateway that has the task failed to cancel it.'
}

function interrupted(): CodedError {
  return new CodedError('A2A_TASK_INTERRUPTED', { message: 'The task was deleted, or another gateway goes on with it' })
}
