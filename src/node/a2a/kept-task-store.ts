import { CodedError } from '../../base/errors.ts'
import {
  ADOPTED_MAX,
  type AgentTaskAdding,
  type AgentTaskBounds,
  type AgentTaskErasure,
  type AgentTaskFound,
  type AgentTaskHead,
  type AgentTaskName,
  type AgentTaskPage,
  type AgentTaskPlace,
  type AgentTaskQuery,
  type AgentTaskRecord,
  type AgentTaskStore,
} from '../../ports/agent-task-store.ts'
import type { KeyValueOperation, KeyValueStore } from '../../ports/key-value-store.ts'
import { decodeEntry, encodeEntry } from './filed-task.ts'

const DELETED_AT_ONCE = 512

/**
 * The tasks of one process in the node's store, with what is looked for in memory. What was running when it is opened belonged to a process that has ended.
 *
 * Throws as the store.
 */
export async function openKeptTasks(store: KeyValueStore): Promise<AgentTaskStore> {
  const tasks = new KeptTaskStore(store)
  await tasks.open()
  return tasks
}

class KeptTaskStore implements AgentTaskStore {
  readonly #tasks: KeyValueStore
  readonly #entries: KeyValueStore
  readonly #notes: KeyValueStore
  /** By owner, then by id. */
  readonly #filed = new Map<string, Map<string, AgentTaskHead>>()
  readonly #held = new Set<string>()
  /** One edit of notes at a time. */
  #editing: Promise<void> = Promise.resolve()

  constructor(store: KeyValueStore) {
    this.#tasks = store.sublevel('tasks')
    this.#entries = store.sublevel('entries')
    this.#notes = store.sublevel('push')
  }

  async open(): Promise<void> {
    for await (const { key, value } of this.#entries.iterate({}, { onDamaged: () => undefined })) {
      const head = decodeEntry(value)
      const owner = key.slice(0, key.indexOf('/'))
      if (head !== undefined && key === keyOf({ owner, id: head.id })) this.#bucketOf(owner).set(head.id, head)
    }
  }

  async hasRoom(owner: string, { countMax, oldest }: AgentTaskBounds): Promise<boolean> {
    const bucket = this.#filed.get(owner)
    if (bucket === undefined || bucket.size < countMax) return true
    for (const head of bucket.values()) if (head.phase === 'ended' || this.#isTooOld(owner, head, oldest)) return true
    return false
  }

  async add(owner: string, record: AgentTaskRecord, bounds: AgentTaskBounds): Promise<AgentTaskAdding> {
    const { id } = record.head
    if (this.#filed.get(owner)?.has(id) === true) return { kind: 'taken' }
    const heads = this.#makeRoom(owner, bounds)
    if (heads === undefined) return { kind: 'full' }
    // It counts from now on, and what makes room for it does so for no other one: more may be added before it is written.
    const gone = heads.map((head) => head.id)
    for (const one of gone) this.#forget({ owner, id: one })
    this.#bucketOf(owner).set(id, record.head)
    this.#held.add(keyOf({ owner, id }))
    try {
      await this.#write(owner, record)
    } catch (error) {
      this.#forget({ owner, id })
      for (const head of heads) this.#bucketOf(owner).set(head.id, head)
      throw error
    }
    await this.#delete(gone.map((one) => ({ owner, id: one })))
    return { kind: 'added', gone }
  }

  async write(owner: string, record: AgentTaskRecord, { isKept }: { readonly isKept: boolean }): Promise<boolean> {
    const { id } = record.head
    const key = keyOf({ owner, id })
    if (!this.#held.has(key) || this.#filed.get(owner)?.has(id) !== true) return false
    await this.#write(owner, record)
    // Deleted meanwhile, it is not to be found.
    if (this.#filed.get(owner)?.has(id) !== true) return false
    this.#bucketOf(owner).set(id, record.head)
    if (!isKept) this.#held.delete(key)
    return true
  }

  async hold(name: AgentTaskName): Promise<boolean> {
    const head = this.#filed.get(name.owner)?.get(name.id)
    if (head?.phase !== 'waiting' || this.#held.has(keyOf(name))) return false
    this.#held.add(keyOf(name))
    return true
  }

  async letGo(name: AgentTaskName): Promise<void> {
    this.#held.delete(keyOf(name))
  }

  async get(name: AgentTaskName): Promise<AgentTaskFound | undefined> {
    const head = this.#filed.get(name.owner)?.get(name.id)
    const bytes = head === undefined ? undefined : await this.#tasks.get(keyOf(name))
    if (head === undefined || bytes === undefined) return undefined
    if (this.#held.has(keyOf(name))) return { bytes, standing: 'here' }
    return { bytes, standing: head.phase === 'running' ? 'adrift' : 'free' }
  }

  async list(owner: string, { contextId, state, after, behind, limit }: AgentTaskQuery): Promise<AgentTaskPage> {
    const found = [...(this.#filed.get(owner)?.values() ?? [])]
      .filter((head) => contextId === undefined || head.contextId === contextId)
      .filter((head) => state === undefined || head.state === state)
      .filter((head) => after === undefined || head.timestamp > after)
      .toSorted(newestFirst)
    const rest = behind === undefined ? found : found.filter((head) => newestFirst(head, behind) > 0)
    const places = rest.slice(0, limit).map(({ id, timestamp }) => ({ id, timestamp }))
    return { places, isLast: places.length === rest.length, total: found.length }
  }

  async statesOf(id: string): Promise<readonly number[]> {
    return [...this.#filed.values()].flatMap((bucket) => bucket.get(id)?.state ?? [])
  }

  async adopt(only?: AgentTaskName): Promise<readonly (AgentTaskName & Pick<AgentTaskFound, 'bytes'>)[]> {
    const names = only === undefined ? this.#names() : [only]
    const adrift = names.filter(({ owner, id }) => {
      const isRunning = this.#filed.get(owner)?.get(id)?.phase === 'running'
      return isRunning && !this.#held.has(keyOf({ owner, id }))
    })
    const adopted: (AgentTaskName & Pick<AgentTaskFound, 'bytes'>)[] = []
    for (const name of adrift.slice(0, ADOPTED_MAX)) {
      this.#held.add(keyOf(name))
      const bytes = await this.#readIntact(name)
      if (bytes !== undefined) adopted.push({ ...name, bytes })
    }
    return adopted
  }

  async erase(what: AgentTaskErasure): Promise<readonly AgentTaskName[]> {
    const names = this.#names().filter(({ owner, id }) => {
      if (what.kind === 'all') return true
      if (what.kind === 'tenant') return owner === what.tenant
      const head = this.#filed.get(owner)?.get(id)
      return head !== undefined && this.#isTooOld(owner, head, what.before)
    })
    await this.#delete(names)
    return names
  }

  async notesOf(name: AgentTaskName): Promise<Uint8Array | undefined> {
    return await this.#notes.get(keyOf(name))
  }

  async editNotes(name: AgentTaskName, edit: (notes: Uint8Array | undefined) => Uint8Array | undefined): Promise<void> {
    const work = async (): Promise<void> => {
      const notes = edit(await this.notesOf(name))
      if (notes === undefined) await this.#notes.delete(keyOf(name), { sync: true })
      else await this.#notes.put(keyOf(name), notes, { sync: true })
    }
    const editing = this.#editing.then(work)
    this.#editing = editing.catch(() => undefined)
    await editing
  }

  async #readIntact(name: AgentTaskName): Promise<Uint8Array | undefined> {
    try {
      return await this.#tasks.get(keyOf(name))
    } catch (error) {
      if (CodedError.is(error, 'STORE_CORRUPTED')) return undefined
      throw error
    }
  }

  async #write(owner: string, { head, bytes }: AgentTaskRecord): Promise<void> {
    const key = keyOf({ owner, id: head.id })
    await this.#tasks.put(key, bytes, { sync: true })
    // Second: an entry always has its task.
    await this.#entries.put(key, encodeEntry(head), { sync: true })
  }

  /** What goes for one more: what is too old, and the oldest that have ended where there are too many. `undefined`: all the others are unfinished. */
  #makeRoom(owner: string, { countMax, oldest }: AgentTaskBounds): readonly AgentTaskHead[] | undefined {
    const gone: AgentTaskHead[] = []
    const ended: AgentTaskHead[] = []
    const bucket = this.#filed.get(owner)
    for (const head of bucket?.values() ?? [])
      if (this.#isTooOld(owner, head, oldest)) gone.push(head)
      else if (head.phase === 'ended') ended.push(head)
    const surplus = (bucket?.size ?? 0) + 1 - gone.length - countMax
    if (surplus <= 0) return gone
    // Where the bound was lowered, all but one may go.
    return ended.length === 0 ? undefined : [...gone, ...ended.toSorted(newestFirst).slice(-surplus)]
  }

  #isTooOld(owner: string, { id, phase, timestamp }: AgentTaskHead, oldest: string): boolean {
    return timestamp < oldest && phase !== 'running' && !this.#held.has(keyOf({ owner, id }))
  }

  async #delete(names: readonly AgentTaskName[]): Promise<void> {
    for (let from = 0; from < names.length; from += DELETED_AT_ONCE) {
      const some = names.slice(from, from + DELETED_AT_ONCE)
      const operations = some.map((name): KeyValueOperation => ({ type: 'delete', key: keyOf(name) }))
      await this.#entries.batch(operations, { sync: true })
      await this.#tasks.batch(operations, { sync: true })
      await this.#notes.batch(operations, { sync: true })
      for (const name of some) this.#forget(name)
    }
  }

  #forget(name: AgentTaskName): void {
    const bucket = this.#filed.get(name.owner)
    bucket?.delete(name.id)
    if (bucket?.size === 0) this.#filed.delete(name.owner)
    this.#held.delete(keyOf(name))
  }

  #names(): readonly AgentTaskName[] {
    return [...this.#filed].flatMap(([owner, bucket]) => [...bucket.keys()].map((id) => ({ owner, id })))
  }

  #bucketOf(owner: string): Map<string, AgentTaskHead> {
    const bucket = this.#filed.get(owner) ?? new Map<string, AgentTaskHead>()
    this.#filed.set(owner, bucket)
    return bucket
  }
}

function newestFirst(left: AgentTaskPlace, right: AgentTaskPlace): number {
  if (left.timestamp !== right.timestamp) return left.timestamp < right.timestamp ? 1 : -1
  if (left.id === right.id) return 0
  return left.id < right.id ? 1 : -1
}

function keyOf({ owner, id }: AgentTaskName): string {
  return `${owner}/${id}`
}
