import type { ListTasksRequest, ListTasksResponse, Task } from '@a2a-js/sdk'
import { TaskState } from '@a2a-js/sdk'
import { RequestMalformedError } from '@a2a-js/sdk/errors'
import type { ServerCallContext, TaskStore } from '@a2a-js/sdk/server'
import { CodedError } from '../../base/errors.ts'
import { parseTaskId } from '../../base/identifiers.ts'
import {
  ADOPTED_MAX,
  type AgentTaskBounds,
  type AgentTaskErasure,
  type AgentTaskHead,
  type AgentTaskName,
  type AgentTaskPhase,
  type AgentTaskPlace,
  type AgentTaskStore,
} from '../../ports/agent-task-store.ts'
import type { Clock } from '../../ports/clock.ts'
import { ownerOf } from './call-context.ts'
import {
  decodeTask,
  encodeTask,
  headOf,
  interruptedTask,
  RUNNING_STATES,
  stateOf,
  TERMINAL_STATES,
  withJoinedTexts,
} from './filed-task.ts'
import { readCursor, writeCursor } from './list-cursor.ts'

export type StoredTasksInit = {
  /** Tasks that are kept of a tenant; the oldest that have ended make room. */
  readonly tasksMax: number
  /** How long a task is kept after its last change, milliseconds. */
  readonly keepMs: number
  /** What is said of a task that nobody works on any more. */
  readonly interrupted: string
  /** Told of tasks that are gone, so that what belongs to them goes too. */
  readonly onErased: (name: AgentTaskName) => void
  /** Told of one whose state could not be stored: nobody hears of what is made of it any more. */
  readonly onUnstored: (name: AgentTaskName, error: unknown) => void
  /** Told of each change that was stored. */
  readonly onStored?: (name: AgentTaskName, phase: AgentTaskPhase) => void
  /** Told of one that was worked on by a process that is dead, once it has failed. */
  readonly onInterrupted?: (owner: string, task: Task) => void
}

/** A task that waits for its sender, as it was when this process began to hold it. */
export type HeldTask = { readonly name: AgentTaskName; readonly head: AgentTaskHead; readonly task: Task }

const PAGE_SIZE_DEFAULT = 50
/** Of a page, read at one time. */
const READ_AT_ONCE = 8

/**
 * The tasks of all tenants in a store. A change of state is on stable storage before anybody hears of it; pieces of an answer that is being made are kept in memory
 * until the state changes. Tenants see their own tasks only: what belongs to another one is as if it were not there.
 */
export class StoredTasks implements TaskStore {
  readonly #store: AgentTaskStore
  readonly #clock: Pick<Clock, 'now'>
  readonly #init: StoredTasksInit
  /** What this process holds, as it is stored. */
  readonly #held = new Map<string, AgentTaskHead>()
  /** Tasks that are being worked on here, newer than what is stored. */
  readonly #live = new Map<string, Task>()
  readonly #waiting = new Map<string, (() => void)[]>()
  /** What is held although nobody works on it any more, because the store did not answer. */
  readonly #adrift = new Map<string, { readonly owner: string; readonly task: Task }>()

  constructor(
    components: { readonly store: AgentTaskStore; readonly clock: Pick<Clock, 'now'> },
    init: StoredTasksInit,
  ) {
    this.#store = components.store
    this.#clock = components.clock
    this.#init = init
  }

  /** Tasks that a process worked on that is dead have failed; what is too old goes. Throws as the store. */
  async open(): Promise<void> {
    await this.settle()
    const { oldest } = this.#bounds()
    for (const name of await this.#store.erase({ kind: 'before', before: oldest })) this.#init.onErased(name)
  }

  async load(taskId: string, context: ServerCallContext): Promise<Task | undefined> {
    const name = { owner: ownerOf(context), id: taskId }
    const live = this.#live.get(keyOf(name))
    if (live !== undefined) return structuredClone(live)
    const found = parseTaskId(taskId) === undefined ? undefined : await this.#store.get(name)
    if (found?.standing !== 'adrift') return found === undefined ? undefined : decodeTask(found.bytes)
    await this.settle(name)
    const settled = await this.#store.get(name)
    return settled && decodeTask(settled.bytes)
  }

  async save(given: Task, context: ServerCallContext): Promise<void> {
    if (parseTaskId(given.id) === undefined) throw new RequestMalformedError('The id of a task is not one of this node')
    const name = { owner: ownerOf(context), id: given.id }
    const key = keyOf(name)
    const task = { ...structuredClone(given), artifacts: withJoinedTexts(given.artifacts) }
    const head = headOf(task)
    const before = this.#live.get(key)
    if (head.phase === 'running') this.#live.set(key, task)
    const stored = this.#held.get(key)
    const isSame = stored !== undefined && isSameStatus(stored, head)
    if (isSame && this.#live.has(key)) return
    const isKept = isSame || head.phase === 'running'
    try {
      if (stored !== undefined) await this.#write(name.owner, task, isKept)
      else if (head.phase === 'running') await this.#add(name.owner, task)
      else await this.#requireStored(name, head)
    } catch (error) {
      this.#lose(name, { error, task: head.phase === 'running' ? task : (before ?? task) })
      throw error
    }
    if (!isKept) this.#release(key)
    else if (!isSame) this.#held.set(key, head)
    this.#init.onStored?.(name, head.phase)
  }

  async list(params: ListTasksRequest, context: ServerCallContext): Promise<ListTasksResponse> {
    const { contextId, status, pageToken, statusTimestampAfter, includeArtifacts = false } = params
    const pageSize = params.pageSize ?? PAGE_SIZE_DEFAULT
    const { places, isLast, total } = await this.#store.list(ownerOf(context), {
      limit: pageSize,
      ...(contextId !== '' && { contextId }),
      ...(status !== TaskState.TASK_STATE_UNSPECIFIED && { state: status }),
      ...(statusTimestampAfter !== undefined && { after: new Date(statusTimestampAfter).toISOString() }),
      ...(pageToken !== '' && { behind: readCursor(pageToken) }),
    })
    const tasks = await this.#loadAll(places, context)
    const last = places.at(-1)
    return {
      tasks: includeArtifacts ? tasks : tasks.map((task) => ({ ...task, artifacts: [] })),
      nextPageToken: last === undefined || isLast ? '' : writeCursor(last),
      pageSize,
      totalSize: total,
    }
  }

  /** The newest ended tasks of a context, oldest first. */
  async endedOf(
    contextId: string,
    { context, limit }: { readonly context: ServerCallContext; readonly limit: number },
  ): Promise<readonly Task[]> {
    const query = { contextId, state: TaskState.TASK_STATE_COMPLETED, limit }
    const { places } = await this.#store.list(ownerOf(context), query)
    const tasks = await this.#loadAll(places, context)
    return tasks.toReversed()
  }

  /** Whether a task was cancelled, whosever it is: for what the node itself does about it. */
  async isCanceled(taskId: string): Promise<boolean> {
    return (await this.#store.statesOf(taskId)).includes(TaskState.TASK_STATE_CANCELED)
  }

  /** Throws `A2A_TASKS_FULL` where no further task of a tenant can be kept: all that are there are unfinished. */
  async admit(owner: string): Promise<void> {
    // While it cannot be told what became of tasks, there come no new ones.
    if (this.#adrift.size > 0) await this.settle()
    if (!(await this.#store.hasRoom(owner, this.#bounds()))) throw this.#full()
  }

  /** Holds a task that waits for its sender, so that nobody else goes on with it. `undefined`: somebody does, or it is none that waits. */
  async hold(name: AgentTaskName, task: Task): Promise<HeldTask | undefined> {
    const key = keyOf(name)
    const head = headOf(task)
    try {
      if (!(await this.#store.hold(name))) return undefined
    } catch (error) {
      // It may be held all the same.
      this.#adrift.set(key, { owner: name.owner, task })
      throw error
    }
    this.#held.set(key, head)
    return { name, head, task }
  }

  /** Ends holding a task whose turn did not begin; one whose turn has begun it leaves alone. */
  async letGo({ name, head, task }: HeldTask): Promise<void> {
    const key = keyOf(name)
    if (this.#held.get(key) !== head || this.#live.has(key)) return
    this.#held.delete(key)
    this.#wake(key)
    await this.#store.letGo(name).catch(() => this.#adrift.set(key, { owner: name.owner, task }))
  }

  /** Whether this process holds it. */
  isHeld(name: AgentTaskName): boolean {
    return this.#held.has(keyOf(name))
  }

  heldNames(): readonly AgentTaskName[] {
    return [...this.#held.keys()].map((key) => ({
      owner: key.slice(0, key.indexOf('/')),
      id: key.slice(key.indexOf('/') + 1),
    }))
  }

  /** Fails what processes worked on that are dead, and what this one could not store the end of; or one of these alone. Throws as the store. */
  async settle(only?: AgentTaskName): Promise<void> {
    for (const [key, { owner, task }] of this.#adrift) {
      await this.#settle(owner, task)
      this.#adrift.delete(key)
    }
    for (;;) {
      const adopted = await this.#store.adopt(only)
      const tasks = adopted.map(({ owner, bytes }) => ({ owner, task: decodeTask(bytes) }))
      // All of them first: what a store that goes away leaves is for the next time.
      for (const each of tasks) this.#adrift.set(keyOf({ owner: each.owner, id: each.task.id }), each)
      for (const { owner, task } of tasks) {
        await this.#settle(owner, task)
        this.#adrift.delete(keyOf({ owner, id: task.id }))
      }
      if (adopted.length < ADOPTED_MAX) return
    }
  }

  /** Resolves when nobody works on a task here any more, at once where that is so. */
  async ended(name: AgentTaskName): Promise<void> {
    const key = keyOf(name)
    // It is held before the first change of a turn is stored.
    if (!this.#live.has(key) && !this.#held.has(key)) return
    await new Promise<void>((resolve) => {
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resolve])
    })
  }

  /** Lets go of one that is not this process's any more. */
  forget(name: AgentTaskName): void {
    this.#release(keyOf(name))
  }

  /** Deletes tasks. @returns How many. */
  async erase(what: AgentTaskErasure): Promise<number> {
    const erased = await this.#store.erase(what)
    for (const name of erased) {
      this.#release(keyOf(name))
      this.#init.onErased(name)
    }
    return erased.length
  }

  async #loadAll(places: readonly AgentTaskPlace[], context: ServerCallContext): Promise<Task[]> {
    const tasks: (Task | undefined)[] = []
    for (let from = 0; from < places.length; from += READ_AT_ONCE) {
      const some = places.slice(from, from + READ_AT_ONCE)
      tasks.push(...(await Promise.all(some.map(async ({ id }) => await this.load(id, context)))))
    }
    return tasks.flatMap((task) => task ?? [])
  }

  async #add(owner: string, task: Task): Promise<void> {
    const added = await this.#store.add(owner, { head: headOf(task), bytes: encodeTask(task) }, this.#bounds())
    if (added.kind === 'full') throw this.#full()
    if (added.kind === 'taken') throw interrupted(task.id)
    for (const id of added.gone) {
      this.#release(keyOf({ owner, id }))
      this.#init.onErased({ owner, id })
    }
  }

  async #write(owner: string, task: Task, isKept: boolean): Promise<void> {
    const record = { head: headOf(task), bytes: encodeTask(task) }
    if (!(await this.#store.write(owner, record, { isKept }))) throw interrupted(task.id)
  }

  /** What is not held and not worked on is stored already: it is told by several of those who follow a task. */
  async #requireStored(name: AgentTaskName, head: AgentTaskHead): Promise<void> {
    const found = await this.#store.get(name)
    if (found === undefined || !isSameStatus(headOf(decodeTask(found.bytes)), head)) throw interrupted(name.id)
  }

  async #settle(owner: string, task: Task): Promise<void> {
    const name = { owner, id: task.id }
    if (!RUNNING_STATES.has(stateOf(task))) return await this.#store.letGo(name)
    const at = new Date(this.#clock.now()).toISOString()
    const failed = interruptedTask(task, { at, because: this.#init.interrupted })
    const record = { head: headOf(failed), bytes: encodeTask(failed) }
    if (!(await this.#store.write(owner, record, { isKept: false }))) return
    this.#init.onStored?.(name, 'ended')
    this.#init.onInterrupted?.(owner, failed)
  }

  /** A task that could not be stored is worked on no more. What was stored of it before is failed, or let go, once the store answers. */
  #lose(name: AgentTaskName, { error, task }: { readonly error: unknown; readonly task: Task }): void {
    const key = keyOf(name)
    const isOwn = !CodedError.is(error, 'A2A_TASKS_FULL') && !CodedError.is(error, 'A2A_TASK_INTERRUPTED')
    if (isOwn && (this.#held.has(key) || this.#live.has(key))) this.#adrift.set(key, { owner: name.owner, task })
    this.#release(key)
    this.#init.onUnstored(name, error)
  }

  #release(key: string): void {
    this.#held.delete(key)
    this.#live.delete(key)
    this.#wake(key)
  }

  #wake(key: string): void {
    for (const resolve of this.#waiting.get(key) ?? []) resolve()
    this.#waiting.delete(key)
  }

  #bounds(): AgentTaskBounds {
    const { tasksMax, keepMs } = this.#init
    return { countMax: tasksMax, oldest: new Date(this.#clock.now() - keepMs).toISOString() }
  }

  #full(): CodedError {
    const { tasksMax } = this.#init
    return new CodedError('A2A_TASKS_FULL', {
      message: `${tasksMax} tasks of this tenant are unfinished, and no more are kept`,
      details: { tasks: tasksMax },
    })
  }
}

/** The state that a task is in now, for who holds it in hand. */
export function isRunning(task: Task): boolean {
  return RUNNING_STATES.has(stateOf(task))
}

export function hasEnded(task: Task): boolean {
  return TERMINAL_STATES.has(stateOf(task))
}

export function keyOf({ owner, id }: AgentTaskName): string {
  return `${owner}/${id}`
}

function isSameStatus(one: AgentTaskHead, other: AgentTaskHead): boolean {
  return one.state === other.state && one.timestamp === other.timestamp
}

function interrupted(taskId: string): CodedError {
  return new CodedError('A2A_TASK_INTERRUPTED', { message: `The task ${taskId} is not worked on here any more` })
}
