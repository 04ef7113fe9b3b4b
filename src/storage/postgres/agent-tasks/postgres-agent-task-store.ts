import { CodedError } from '../../../base/errors.ts'
import {
  ADOPTED_MAX,
  type AgentTaskAdding,
  type AgentTaskBounds,
  type AgentTaskErasure,
  type AgentTaskFound,
  type AgentTaskLook,
  type AgentTaskName,
  type AgentTaskPage,
  type AgentTaskQuery,
  type AgentTaskRecord,
  type AgentTaskStanding,
  type SharedAgentTaskStore,
} from '../../../ports/agent-task-store.ts'
import type { Claims } from '../../../ports/claims.ts'
import type { Random } from '../../../ports/random.ts'
import type { StoreChanges } from '../../../ports/store-changes.ts'
import type { PostgresConnection } from '../postgres-connection.ts'
import { PostgresTaskNotes } from './postgres-task-notes.ts'
import { sealTask, unsealIntact, unsealTask } from './sealed-task.ts'
import { eraseTasks } from './task-erasure.ts'
import { TaskLists } from './task-lists.ts'
import { digestOf, TaskRows } from './task-rows.ts'
import { TaskWishes } from './task-wishes.ts'
import { TaskWorker } from './task-worker.ts'

export type PostgresAgentTasksComponents = {
  readonly connection: PostgresConnection
  readonly changes: StoreChanges
  readonly claims: Claims
  readonly random: Pick<Random, 'bytes'>
}

export type PostgresAgentTasksInit = {
  /** What this process announces its own changes with. */
  readonly origin: string
}

/**
 * The tasks of all gateways in the shared store. Each write is one statement, made only while this process holds the task by the row itself: one that was taken for dead
 * writes nothing any more. A write whose connection breaks is sent again, and done once. Beyond `STORE_*`, nothing is thrown.
 */
export function createPostgresAgentTasks(
  components: PostgresAgentTasksComponents,
  init: PostgresAgentTasksInit,
): SharedAgentTaskStore {
  return new PostgresAgentTaskStore(components, init)
}

type Adopted = AgentTaskName & Pick<AgentTaskFound, 'bytes'>
type NamedRow = AgentTaskName & { readonly body: Buffer }
class PostgresAgentTaskStore implements SharedAgentTaskStore {
  readonly #changes: StoreChanges
  readonly #rows: TaskRows
  readonly #worker: TaskWorker
  readonly #lists: TaskLists
  readonly #notes: PostgresTaskNotes
  readonly #wishes: TaskWishes
  /** Tasks that are about to be held. */
  readonly #taking = new Set<string>()

  constructor(components: PostgresAgentTasksComponents, init: PostgresAgentTasksInit) {
    this.#changes = components.changes
    this.#rows = new TaskRows(components, init)
    this.#worker = new TaskWorker(components)
    this.#lists = new TaskLists(this.#rows)
    this.#notes = new PostgresTaskNotes(components.connection, init)
    this.#wishes = new TaskWishes(this.#rows, this.#worker)
  }

  async hasRoom(owner: string, bounds: AgentTaskBounds): Promise<boolean> {
    return await this.#lists.hasRoom(owner, bounds)
  }

  async add(owner: string, { head, bytes }: AgentTaskRecord, bounds: AgentTaskBounds): Promise<AgentTaskAdding> {
    const { id, contextId, state, phase, timestamp } = head
    const before = this.#worker.of({ owner, id })
    const worker = await this.#worker.hold({ owner, id })
    const [row] = await this.#rows.write<{ readonly added: unknown }>({
      name: 'agent-task-add',
      text: `SELECT ${this.#rows.schema}.add_agent_task($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS added`,
      values: [
        owner,
        id,
        digestOf(contextId),
        state,
        phase,
        timestamp,
        worker,
        this.#rows.newWrite(),
        sealTask({ owner, id }, bytes),
        bounds.countMax,
        bounds.oldest,
        this.#rows.origin,
      ],
    })
    const added = addingOf(row?.added)
    if (added.kind !== 'added' && before === undefined) this.#worker.letGo({ owner, id })
    return added
  }

  async write(
    owner: string,
    { head, bytes }: AgentTaskRecord,
    { isKept }: { readonly isKept: boolean },
  ): Promise<boolean> {
    const { id, contextId, state, phase, timestamp } = head
    const task = { owner, id }
    const worker = this.#worker.of(task)
    if (worker === undefined) return false
    const isWritten = await this.#change(task, {
      name: 'agent-task-write',
      set: 'context = $5, state = $6, phase = $7, at = $8, body = $9, is_held = $10',
      where: 'worker = $11 AND (is_held OR last_write = $3)',
      values: [digestOf(contextId), state, phase, timestamp, sealTask(task, bytes), isKept, worker],
    })
    if (!isWritten || !isKept) this.#worker.letGo(task)
    return isWritten
  }

  async hold(name: AgentTaskName): Promise<boolean> {
    const key = keyOf(name)
    if (this.#worker.of(name) !== undefined || this.#taking.has(key)) return false
    this.#taking.add(key)
    try {
      const worker = await this.#worker.hold(name)
      const isHeld = await this.#change(name, {
        name: 'agent-task-hold',
        set: 'worker = $5, is_held = true',
        where: "((NOT is_held AND phase = 'waiting') OR last_write = $3)",
        values: [worker],
      })
      if (!isHeld) this.#worker.letGo(name)
      return isHeld
    } finally {
      this.#taking.delete(key)
    }
  }

  async letGo(name: AgentTaskName): Promise<void> {
    const worker = this.#worker.of(name)
    if (worker === undefined) return
    await this.#rows.write({
      name: 'agent-task-let-go',
      text: `UPDATE ${this.#rows.table} SET is_held = false WHERE owner = $1 AND id = $2 AND worker = $3 AND is_held`,
      values: [name.owner, name.id, worker],
    })
    this.#worker.letGo(name)
  }

  async get(name: AgentTaskName): Promise<AgentTaskFound | undefined> {
    const [row] = await this.#rows.read<{ readonly body: Buffer; readonly standing: AgentTaskStanding }>({
      name: 'agent-task',
      text: `SELECT body, CASE WHEN NOT is_held THEN 'free' WHEN worker = $3 THEN 'here'
          WHEN ${this.#rows.schema}.is_at_work(worker) THEN 'elsewhere' ELSE 'adrift' END AS standing
        FROM ${this.#rows.table} WHERE owner = $1 AND id = $2`,
      values: [name.owner, name.id, this.#worker.of(name) ?? this.#worker.name],
    })
    return row && { bytes: unsealTask(name, row.body, this.#rows.connection), standing: row.standing }
  }

  async list(owner: string, query: AgentTaskQuery): Promise<AgentTaskPage> {
    return await this.#lists.list(owner, query)
  }

  async statesOf(id: string): Promise<readonly number[]> {
    return await this.#lists.statesOf(id)
  }

  async adopt(only?: AgentTaskName): Promise<readonly Adopted[]> {
    const worker = await this.#worker.join()
    const rows = await this.#rows.write<NamedRow>({
      name: 'agent-task-adopt',
      text: `WITH found AS (
          SELECT owner, id FROM ${this.#rows.table}
          WHERE is_held AND (last_write = $2 OR (worker <> $1 AND NOT ${this.#rows.schema}.is_at_work(worker)))
            AND ($3::text IS NULL OR (owner = $3 AND id = $4))
          LIMIT ${ADOPTED_MAX} FOR UPDATE SKIP LOCKED
        )
        UPDATE ${this.#rows.table} AS t SET worker = $1, last_write = $2 FROM found AS f
        WHERE t.owner = f.owner AND t.id = f.id RETURNING t.owner, t.id, t.body`,
      values: [worker, this.#rows.newWrite(), only?.owner ?? null, only?.id ?? null],
    })
    return rows.flatMap(({ owner, id, body }) => {
      this.#worker.take({ owner, id }, worker)
      const bytes = unsealIntact({ owner, id }, body)
      return bytes === undefined ? [] : [{ owner, id, bytes }]
    })
  }

  async erase(what: AgentTaskErasure): Promise<readonly AgentTaskName[]> {
    const erased = await eraseTasks(this.#rows, what)
    for (const name of erased) this.#worker.letGo(name)
    return erased
  }

  async notesOf(name: AgentTaskName): Promise<Uint8Array | undefined> {
    return await this.#notes.get(name)
  }

  async editNotes(name: AgentTaskName, edit: (notes: Uint8Array | undefined) => Uint8Array | undefined): Promise<void> {
    await this.#notes.edit(name, edit)
  }

  async look(name: AgentTaskName): Promise<AgentTaskLook | undefined> {
    return await this.#wishes.look(name)
  }

  async askCancel(name: AgentTaskName): Promise<number | undefined> {
    return await this.#wishes.askCancel(name)
  }

  async refuseCancel(name: AgentTaskName, refusal: { readonly wish: number; readonly text: string }): Promise<void> {
    await this.#wishes.refuseCancel(name, refusal)
  }

  watch(listener: (names: readonly AgentTaskName[] | undefined) => void): () => void {
    return this.#changes.watch('a2a', (keys) => listener(keys?.map(nameOf)))
  }

  onLost(listener: (reason: unknown) => void): () => void {
    return this.#worker.onLost(listener)
  }

  async close(): Promise<void> {
    await this.#worker.close()
  }

  /** A change of one row, told to the others. `$1` to `$4` are its name, this write and this process. @returns Whether the row was as it has to be. */
  async #change({ owner, id }: AgentTaskName, { name, set, where, values }: Change): Promise<boolean> {
    const rows = await this.#rows.write({
      name,
      text: `WITH done AS (
          UPDATE ${this.#rows.table} SET last_write = $3, ${set} WHERE owner = $1 AND id = $2 AND ${where} RETURNING owner, id
        )
        SELECT ${this.#rows.schema}.tell_agent_task(owner, id, $4) FROM done`,
      values: [owner, id, this.#rows.newWrite(), this.#rows.origin, ...values],
    })
    return rows.length === 1
  }
}

type Change = {
  readonly name: string
  readonly set: string
  readonly where: string
  readonly values: readonly unknown[]
}

function addingOf(answer: unknown): AgentTaskAdding {
  const { kind, gone }: { readonly kind?: unknown; readonly gone?: unknown } = Object(answer)
  if (kind === 'full' || kind === 'taken') return { kind }
  const ids: readonly unknown[] = Array.isArray(gone) ? gone : []
  if (kind === 'added' && Array.isArray(gone)) return { kind, gone: ids.map(String) }
  throw new CodedError('STORE_CORRUPTED', { message: 'The shared store answers what is no outcome of adding a task' })
}

function keyOf({ owner, id }: AgentTaskName): string {
  return `${owner}/${id}`
}

/** Of a key as it is told to the others. */
function nameOf(key: string): AgentTaskName {
  const end = key.lastIndexOf('/')
  return { owner: key.slice(0, end), id: key.slice(end + 1) }
}
