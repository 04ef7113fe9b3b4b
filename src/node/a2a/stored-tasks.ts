import type { ListTasksRequest, ListTasksResponse, Task } from '@a2a-js/sdk'
import { TaskState } from '@a2a-js/sdk'
import { RequestMalformedError } from '@a2a-js/sdk/errors'
import type { ServerCallContext, TaskStore } from '@a2a-js/sdk/server'
import { CodedError } from '../../base/errors.ts'
import { parseTaskId } from '../../base/identifiers.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeyValueOperation, KeyValueStore } from '../../ports/key-value-store.ts'
import type { TelemetryPurge } from '../../telemetry/telemetry-purge.ts'
import { ownerOf } from './call-context.ts'
import {
  decodeEntry,
  decodeTask,
  encodeEntry,
  encodeTask,
  entryOf,
  type FiledTask,
  interruptedTask,
  RUNNING_STATES,
  stateOf,
  TERMINAL_STATES,
  withJoinedTexts,
} from './filed-task.ts'

export type StoredTasksInit = {
  /** Tasks that are kept of a tenant; the oldest that have ended make room. */
  readonly tasksMax: number
  /** How long a task is kept after its last change, milliseconds. */
  readonly keepMs: number
  /** Told of tasks that are gone, so that what belongs to them goes too. */
  readonly onErased: (owner: string, taskId: string) => Promise<void>
}

const INTERRUPTED = 'The node was restarted while this task was being worked on.'
const PAGE_SIZE_DEFAULT = 50
const DELETED_AT_ONCE = 512

/**
 * The tasks of all tenants in the node's store. A change of state is on stable storage before anybody hears of it; pieces of an answer that is being made are kept in
 * memory until the state changes. Tenants see their own tasks only: what belongs to another one is as if it were not there.
 */
export class StoredTasks implements TaskStore {
  readonly #store: KeyValueStore
  readonly #entries: KeyValueStore
  readonly #clock: Pick<Clock, 'now'>
  readonly #init: StoredTasksInit
  /** By owner, then by id. */
  readonly #filed = new Map<string, Map<string, FiledTask>>()
  /** Tasks that are being worked on, newer than what is stored. */
  readonly #live = new Map<string, Task>()
  readonly #waiting = new Map<string, (() => void)[]>()

  constructor(
    components: { readonly store: KeyValueStore; readonly clock: Pick<Clock, 'now'> },
    init: StoredTasksInit,
  ) {
    this.#store = components.store.sublevel('tasks')
    this.#entries = components.store.sublevel('entries')
    this.#clock = components.clock
    this.#init = init
  }

  /** Reads what is there. Tasks that somebody worked on when the process ended have failed. Throws as the store. */
  async open(): Promise<void> {
    const interrupted: (readonly [string, FiledTask])[] = []
    for await (const { key, value } of this.#entries.iterate({}, { onDamaged: () => undefined })) {
      const entry = decodeEntry(value)
      const owner = key.slice(0, key.indexOf('/'))
      if (entry === undefined || key !== keyOf(owner, entry.id)) continue
      this.#bucketOf(owner).set(entry.id, entry)
      if (RUNNING_STATES.has(entry.state)) interrupted.push([owner, entry])
    }
    for (const [owner, entry] of interrupted) await this.#interrupt(owner, entry)
    for (const owner of this.#filed.keys()) await this.#sweep(owner)
  }

  async load(taskId: string, context: ServerCallContext): Promise<Task | undefined> {
    const owner = ownerOf(context)
    if (this.#filed.get(owner)?.has(taskId) !== true) return undefined
    const live = this.#live.get(keyOf(owner, taskId))
    return live === undefined ? await this.#read(owner, taskId) : structuredClone(live)
  }

  async save(given: Task, context: ServerCallContext): Promise<void> {
    const owner = ownerOf(context)
    if (parseTaskId(given.id) === undefined) throw new RequestMalformedError('The id of a task is not one of this node')
    const key = keyOf(owner, given.id)
    const task = { ...structuredClone(given), artifacts: withJoinedTexts(given.artifacts) }
    const entry = entryOf(task)
    const before = this.#filed.get(owner)?.get(task.id)
    if (RUNNING_STATES.has(entry.state)) this.#live.set(key, task)
    if (before?.state === entry.state && before.timestamp === entry.timestamp && this.#live.has(key)) return
    await this.#write(owner, task)
    this.#bucketOf(owner).set(task.id, entry)
    if (!RUNNING_STATES.has(entry.state)) this.#live.delete(key)
    if (TERMINAL_STATES.has(entry.state)) this.#tell(key)
    if (before === undefined) await this.#sweep(owner)
  }

  async list(params: ListTasksRequest, context: ServerCallContext): Promise<ListTasksResponse> {
    const { contextId, status, pageToken, statusTimestampAfter, includeArtifacts = false } = params
    const pageSize = params.pageSize ?? PAGE_SIZE_DEFAULT
    const owner = ownerOf(context)
    const after = statusTimestampAfter === undefined ? undefined : Date.parse(statusTimestampAfter)
    const found = [...(this.#filed.get(owner)?.values() ?? [])]
      .filter((entry) => contextId === '' || entry.contextId === contextId)
      .filter((entry) => status === TaskState.TASK_STATE_UNSPECIFIED || entry.state === status)
      .filter((entry) => after === undefined || Date.parse(entry.timestamp) > after)
      .toSorted(newestFirst)
    const cursor = pageToken === '' ? undefined : readCursor(pageToken)
    const rest = cursor === undefined ? found : found.filter((entry) => newestFirst(entry, cursor) > 0)
    const page = rest.slice(0, pageSize)
    const tasks: Task[] = []
    for (const { id } of page) {
      const task = await this.load(id, context)
      if (task !== undefined) tasks.push(includeArtifacts ? task : { ...task, artifacts: [] })
    }
    const last = page.at(-1)
    const nextPageToken = last === undefined || rest.length === page.length ? '' : writeCursor(last)
    return { tasks, nextPageToken, pageSize, totalSize: found.length }
  }

  /** The newest ended tasks of a context, oldest first. */
  async endedOf(
    contextId: string,
    { context, limit }: { readonly context: ServerCallContext; readonly limit: number },
  ): Promise<readonly Task[]> {
    const entries = [...(this.#filed.get(ownerOf(context))?.values() ?? [])]
      .filter((entry) => entry.contextId === contextId && entry.state === TaskState.TASK_STATE_COMPLETED)
      .toSorted(newestFirst)
      .slice(0, limit)
    const tasks = await Promise.all(entries.map(async ({ id }) => await this.load(id, context)))
    return tasks.flatMap((task) => task ?? []).toReversed()
  }

  /** Whether a task was cancelled, whosever it is: for what the node itself does about it. */
  isCanceled(taskId: string): boolean {
    for (const bucket of this.#filed.values())
      if (bucket.get(taskId)?.state === TaskState.TASK_STATE_CANCELED) return true
    return false
  }

  /** Throws `A2A_TASKS_FULL` where no further task of a tenant can be kept: all that are there are unfinished. */
  admit(owner: string): void {
    const bucket = this.#filed.get(owner)
    if (bucket === undefined || bucket.size < this.#init.tasksMax) return
    for (const { state } of bucket.values()) if (TERMINAL_STATES.has(state)) return
    throw new CodedError('A2A_TASKS_FULL', {
      message: `${bucket.size} tasks of this tenant are unfinished, and no more are kept`,
      details: { tasks: bucket.size },
    })
  }

  /** Resolves when a task of the tenant has ended, at once where it has. */
  async ended(owner: string, taskId: string): Promise<void> {
    const entry = this.#filed.get(owner)?.get(taskId)
    if (entry === undefined || TERMINAL_STATES.has(entry.state)) return
    const key = keyOf(owner, taskId)
    await new Promise<void>((resolve) => {
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resolve])
    })
  }

  /** Deletes all tasks, those of one tenant, or those whose last change was before an instant and that nobody works on. @returns How many. */
  async erase(what: TelemetryPurge): Promise<number> {
    const owners = what.kind === 'tenant' ? [what.tenant] : [...this.#filed.keys()]
    const before = what.kind === 'before' ? Date.parse(what.before) : undefined
    let count = 0
    for (const each of owners) {
      const entries = [...(this.#filed.get(each)?.values() ?? [])].filter(
        ({ state, timestamp }) =>
          before === undefined || (!RUNNING_STATES.has(state) && Date.parse(timestamp) < before),
      )
      const ids = entries.map(({ id }) => id)
      await this.#delete(each, ids)
      count += ids.length
    }
    return count
  }

  async #interrupt(owner: string, { id }: FiledTask): Promise<void> {
    const task = await this.#read(owner, id)
    if (task === undefined) return
    const failed = interruptedTask(task, { at: new Date(this.#clock.now()).toISOString(), because: INTERRUPTED })
    await this.#write(owner, failed)
    this.#bucketOf(owner).set(id, entryOf(failed))
  }

  async #read(owner: string, taskId: string): Promise<Task | undefined> {
    const bytes = await this.#store.get(keyOf(owner, taskId))
    return bytes === undefined ? undefined : decodeTask(bytes)
  }

  async #write(owner: string, task: Task): Promise<void> {
    const key = keyOf(owner, task.id)
    await this.#store.put(key, encodeTask(task), { sync: true })
    // Second: an entry always has its task.
    await this.#entries.put(key, encodeEntry(entryOf(task)), { sync: true })
  }

  /** What is too old, and what is too much. */
  async #sweep(owner: string): Promise<void> {
    const bucket = this.#bucketOf(owner)
    const oldest = this.#clock.now() - this.#init.keepMs
    const gone = [...bucket.values()].filter(
      ({ state, timestamp }) => !RUNNING_STATES.has(state) && Date.parse(timestamp) < oldest,
    )
    const surplus = bucket.size - gone.length - this.#init.tasksMax
    const expired = new Set(gone.map(({ id }) => id))
    const ended = [...bucket.values()].filter(({ id, state }) => TERMINAL_STATES.has(state) && !expired.has(id))
    if (surplus > 0) gone.push(...ended.toSorted(newestFirst).slice(-surplus))
    await this.#delete(
      owner,
      gone.map(({ id }) => id),
    )
  }

  async #delete(owner: string, ids: readonly string[]): Promise<void> {
    const bucket = this.#filed.get(owner)
    for (let from = 0; from < ids.length; from += DELETED_AT_ONCE) {
      const keys = ids.slice(from, from + DELETED_AT_ONCE).map((id) => keyOf(owner, id))
      const operations = keys.map((key): KeyValueOperation => ({ type: 'delete', key }))
      await this.#entries.batch(operations, { sync: true })
      await this.#store.batch(operations, { sync: true })
    }
    for (const id of ids) {
      bucket?.delete(id)
      this.#live.delete(keyOf(owner, id))
      await this.#init.onErased(owner, id)
    }
    if (bucket?.size === 0) this.#filed.delete(owner)
  }

  #bucketOf(owner: string): Map<string, FiledTask> {
    const bucket = this.#filed.get(owner) ?? new Map<string, FiledTask>()
    this.#filed.set(owner, bucket)
    return bucket
  }

  #tell(key: string): void {
    for (const resolve of this.#waiting.get(key) ?? []) resolve()
    this.#waiting.delete(key)
  }
}

/** The state that a task is in now, for who holds it in hand. */
export function isRunning(task: Task): boolean {
  return RUNNING_STATES.has(stateOf(task))
}

export function hasEnded(task: Task): boolean {
  return TERMINAL_STATES.has(stateOf(task))
}

function keyOf(owner: string, taskId: string): string {
  return `${owner}/${taskId}`
}

type Place = Pick<FiledTask, 'id' | 'timestamp'>

function newestFirst(left: Place, right: Place): number {
  if (left.timestamp !== right.timestamp) return left.timestamp < right.timestamp ? 1 : -1
  if (left.id === right.id) return 0
  return left.id < right.id ? 1 : -1
}

function writeCursor({ timestamp, id }: Place): string {
  return Buffer.from(`${timestamp}|${id}`).toString('base64url')
}

function readCursor(token: string): Place {
  const [timestamp = '', id] = Buffer.from(token, 'base64url').toString('utf8').split('|')
  if (id === undefined) throw new RequestMalformedError('The page token is not one of this node')
  return { timestamp, id }
}
