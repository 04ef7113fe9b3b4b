import { createHash } from 'node:crypto'
import { CodedError } from '../../../base/errors.ts'
import { hexOfBytes } from '../../../base/hex.ts'
import {
  ADOPTED_MAX,
  type AgentTaskAdding,
  type AgentTaskBounds,
  type AgentTaskErasure,
  type AgentTaskFound,
  type AgentTaskLook,
  type AgentTaskName,
  type AgentTaskPage,
  type AgentTaskPhase,
  type AgentTaskPlace,
  type AgentTaskQuery,
  type AgentTaskRecord,
  type AgentTaskStanding,
  type SharedAgentTaskStore,
} from '../../../ports/agent-task-store.ts'
import type { Claims } from '../../../ports/claims.ts'
import type { Random } from '../../../ports/random.ts'
import type { StoreChanges } from '../../../ports/store-changes.ts'
import type { PostgresConnection, PostgresStatement } from '../postgres-connection.ts'
import { PostgresTaskNotes } from './postgres-task-notes.ts'
import { sealTask, unsealIntact, unsealTask } from './sealed-task.ts'
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

const REFUSAL_LENGTH_MAX = 1_000
const ERASED_AT_ONCE = 5_000

type Adopted = AgentTaskName & Pick<AgentTaskFound, 'bytes'>
type NamedRow = AgentTaskName & { readonly body: Buffer }
type PageRow = { readonly total: string; readonly id: string | null; readonly at: string }
type LookRow = {
  readonly phase: AgentTaskPhase
  readonly worker: string
  readonly is_alive: boolean
  readonly wishes: number
  readonly answered: number
  readonly refusal: string
}

class PostgresAgentTaskStore implements SharedAgentTaskStore {
  readonly #components: PostgresAgentTasksComponents
  readonly #origin: string
  readonly #worker: TaskWorker
  readonly #notes: PostgresTaskNotes
  /** Tasks that are about to be held. */
  readonly #taking = new Set<string>()

  constructor(components: PostgresAgentTasksComponents, { origin }: PostgresAgentTasksInit) {
    this.#components = components
    this.#origin = origin
    this.#worker = new TaskWorker(components)
    this.#notes = new PostgresTaskNotes(components.connection, { origin })
  }

  async hasRoom(owner: string, { countMax, oldest }: AgentTaskBounds): Promise<boolean> {
    const rows = await this.#read({
      name: 'agent-task-room',
      text: `SELECT FROM (SELECT count(*) AS total FROM ${this.#table} WHERE owner = $1) AS c
        WHERE c.total < $2 OR EXISTS (
          SELECT FROM ${this.#table} WHERE owner = $1 AND (phase = 'ended' OR (phase = 'waiting' AND NOT is_held AND at < $3))
        )`,
      values: [owner, countMax, oldest],
    })
    return rows.length > 0
  }

  async add(owner: string, { head, bytes }: AgentTaskRecord, bounds: AgentTaskBounds): Promise<AgentTaskAdding> {
    const { id, contextId, state, phase, timestamp } = head
    const before = this.#worker.of({ owner, id })
    const worker = await this.#worker.hold({ owner, id })
    const [row] = await this.#write<{ readonly added: unknown }>({
      name: 'agent-task-add',
      text: `SELECT ${this.#components.connection.schema}.add_agent_task($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS added`,
      values: [
        owner,
        id,
        digestOf(contextId),
        state,
        phase,
        timestamp,
        worker,
        this.#newWrite(),
        sealTask({ owner, id }, bytes),
        bounds.countMax,
        bounds.oldest,
        this.#origin,
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
    await this.#write({
      name: 'agent-task-let-go',
      text: `UPDATE ${this.#table} SET is_held = false WHERE owner = $1 AND id = $2 AND worker = $3 AND is_held`,
      values: [name.owner, name.id, worker],
    })
    this.#worker.letGo(name)
  }

  async get(name: AgentTaskName): Promise<AgentTaskFound | undefined> {
    const { schema } = this.#components.connection
    const [row] = await this.#read<{ readonly body: Buffer; readonly standing: AgentTaskStanding }>({
      name: 'agent-task',
      text: `SELECT body, CASE WHEN NOT is_held THEN 'free' WHEN worker = $3 THEN 'here'
          WHEN ${schema}.is_at_work(worker) THEN 'elsewhere' ELSE 'adrift' END AS standing
        FROM ${this.#table} WHERE owner = $1 AND id = $2`,
      values: [name.owner, name.id, this.#worker.of(name) ?? this.#worker.name],
    })
    return row && { bytes: unsealTask(name, row.body, this.#components.connection), standing: row.standing }
  }

  async list(owner: string, { contextId, state, after, behind, limit }: AgentTaskQuery): Promise<AgentTaskPage> {
    const rows = await this.#read<PageRow>({
      name: 'agent-tasks',
      text: `WITH found AS (
          SELECT id, at FROM ${this.#table} WHERE owner = $1 AND ($2::bytea IS NULL OR context = $2)
            AND ($3::int IS NULL OR state = $3) AND ($4::text IS NULL OR at > $4::text COLLATE "C")
        )
        SELECT c.total, p.id, p.at FROM (SELECT count(*) AS total FROM found) AS c LEFT JOIN (
          SELECT id, at FROM found WHERE $5::text IS NULL OR (at, id) < ($5::text COLLATE "C", $6::text COLLATE "C")
          ORDER BY at DESC, id DESC LIMIT $7
        ) AS p ON true ORDER BY p.at DESC, p.id DESC`,
      values: [
        owner,
        contextId === undefined ? null : digestOf(contextId),
        state ?? null,
        after ?? null,
        behind?.timestamp ?? null,
        behind?.id ?? null,
        limit + 1,
      ],
    })
    const places = rows.flatMap(({ id, at }): AgentTaskPlace[] => (id === null ? [] : [{ id, timestamp: at }]))
    return { places: places.slice(0, limit), isLast: places.length <= limit, total: Number(rows[0]?.total ?? 0) }
  }

  async statesOf(id: string): Promise<readonly number[]> {
    const text = `SELECT state FROM ${this.#table} WHERE id = $1`
    const rows = await this.#read<{ readonly state: number }>({ name: 'agent-task-states', text, values: [id] })
    return rows.map(({ state }) => state)
  }

  async adopt(only?: AgentTaskName): Promise<readonly Adopted[]> {
    const { schema } = this.#components.connection
    const worker = await this.#worker.join()
    const rows = await this.#write<NamedRow>({
      name: 'agent-task-adopt',
      text: `WITH found AS (
          SELECT owner, id FROM ${this.#table}
          WHERE is_held AND (last_write = $2 OR (worker <> $1 AND NOT ${schema}.is_at_work(worker)))
            AND ($3::text IS NULL OR (owner = $3 AND id = $4))
          LIMIT ${ADOPTED_MAX} FOR UPDATE SKIP LOCKED
        )
        UPDATE ${this.#table} AS t SET worker = $1, last_write = $2 FROM found AS f
        WHERE t.owner = f.owner AND t.id = f.id RETURNING t.owner, t.id, t.body`,
      values: [worker, this.#newWrite(), only?.owner ?? null, only?.id ?? null],
    })
    return rows.flatMap(({ owner, id, body }) => {
      this.#worker.take({ owner, id }, worker)
      const bytes = unsealIntact({ owner, id }, body)
      return bytes === undefined ? [] : [{ owner, id, bytes }]
    })
  }

  async erase(what: AgentTaskErasure): Promise<readonly AgentTaskName[]> {
    const erased: AgentTaskName[] = []
    for (;;) {
      const some = await this.#eraseSome(what)
      for (const name of some) this.#worker.letGo(name)
      erased.push(...some)
      if (some.length < ERASED_AT_ONCE) return erased
    }
  }

  async notesOf(name: AgentTaskName): Promise<Uint8Array | undefined> {
    return await this.#notes.get(name)
  }

  async editNotes(name: AgentTaskName, edit: (notes: Uint8Array | undefined) => Uint8Array | undefined): Promise<void> {
    await this.#notes.edit(name, edit)
  }

  async look(name: AgentTaskName): Promise<AgentTaskLook | undefined> {
    const { schema } = this.#components.connection
    const [row] = await this.#read<LookRow>({
      name: 'agent-task-look',
      text: `SELECT phase, worker, ${schema}.is_at_work(worker) AS is_alive, wishes, answered, refusal
        FROM ${this.#table} WHERE owner = $1 AND id = $2`,
      values: [name.owner, name.id],
    })
    if (row === undefined) return undefined
    const { phase, worker, is_alive: isAlive, wishes, answered, refusal } = row
    return { phase, isOwn: worker === (this.#worker.of(name) ?? this.#worker.name), isAlive, wishes, answered, refusal }
  }

  async askCancel({ owner, id }: AgentTaskName): Promise<number | undefined> {
    const { schema } = this.#components.connection
    const [row] = await this.#write<{ readonly wishes: number }>({
      name: 'agent-task-ask',
      text: `WITH asked AS (
          UPDATE ${this.#table} SET wishes = wishes + 1
          WHERE owner = $1 AND id = $2 AND phase <> 'ended' AND worker <> $3 AND ${schema}.is_at_work(worker) RETURNING wishes
        )
        SELECT wishes, ${schema}.tell_agent_task($1, $2, $4) FROM asked`,
      values: [owner, id, this.#worker.of({ owner, id }) ?? this.#worker.name, this.#origin],
    })
    return row?.wishes
  }

  async refuseCancel({ owner, id }: AgentTaskName, { wish, text }: { wish: number; text: string }): Promise<void> {
    const { schema } = this.#components.connection
    await this.#write({
      name: 'agent-task-refuse',
      text: `WITH told AS (
          UPDATE ${this.#table} SET answered = greatest(answered, $3), refusal = $4 WHERE owner = $1 AND id = $2 RETURNING id
        )
        SELECT ${schema}.tell_agent_task($1, $2, $5) FROM told`,
      // The server keeps no NUL in a text.
      values: [owner, id, wish, text.slice(0, REFUSAL_LENGTH_MAX).replaceAll('\0', ''), this.#origin],
    })
  }

  watch(listener: (names: readonly AgentTaskName[] | undefined) => void): () => void {
    return this.#components.changes.watch('a2a', (keys) => listener(keys?.map(nameOf)))
  }

  onLost(listener: (reason: unknown) => void): () => void {
    return this.#worker.onLost(listener)
  }

  async close(): Promise<void> {
    await this.#worker.close()
  }

  get #table(): string {
    return `${this.#components.connection.schema}.agent_task`
  }

  /** A part, so that each statement takes its time and no more. */
  async #eraseSome(what: AgentTaskErasure): Promise<readonly AgentTaskName[]> {
    const { schema } = this.#components.connection
    const { tasks, notes, values } = erasureOf(what)
    const rows = await this.#write<AgentTaskName>({
      text: `WITH found AS (SELECT owner, id FROM ${this.#table} AS t WHERE ${tasks} LIMIT ${ERASED_AT_ONCE} FOR UPDATE),
          gone AS (
            DELETE FROM ${this.#table} AS t USING found AS f WHERE t.owner = f.owner AND t.id = f.id RETURNING t.owner, t.id, t.phase
          ),
          noted AS (DELETE FROM ${schema}.agent_task_note AS n WHERE ${notes(this.#table)})
        SELECT owner, id, CASE WHEN phase <> 'ended' THEN ${schema}.tell_agent_task(owner, id, $1) END FROM gone`,
      values: [this.#origin, ...values],
    })
    return rows.map(({ owner, id }) => ({ owner, id }))
  }

  /** A change of one row, told to the others. `$1` to `$4` are its name, this write and this process. @returns Whether the row was as it has to be. */
  async #change({ owner, id }: AgentTaskName, { name, set, where, values }: Change): Promise<boolean> {
    const rows = await this.#write({
      name,
      text: `WITH done AS (
          UPDATE ${this.#table} SET last_write = $3, ${set} WHERE owner = $1 AND id = $2 AND ${where} RETURNING owner, id
        )
        SELECT ${this.#components.connection.schema}.tell_agent_task(owner, id, $4) FROM done`,
      values: [owner, id, this.#newWrite(), this.#origin, ...values],
    })
    return rows.length === 1
  }

  async #read<Row>(statement: PostgresStatement): Promise<readonly Row[]> {
    const { rows } = await this.#components.connection.run(statement, { action: 'read', isRepeatable: true })
    return rows as readonly Row[]
  }

  async #write<Row>(statement: PostgresStatement): Promise<readonly Row[]> {
    const { rows } = await this.#components.connection.run(statement, { action: 'write', isRepeatable: true })
    return rows as readonly Row[]
  }

  /** Of one call alone: sent again, it is the same. */
  #newWrite(): string {
    return hexOfBytes(this.#components.random.bytes(12))
  }
}

type Change = {
  readonly name: string
  readonly set: string
  readonly where: string
  readonly values: readonly unknown[]
}

type Erasure = {
  readonly tasks: string
  readonly notes: (table: string) => string
  readonly values: readonly unknown[]
}

function erasureOf(what: AgentTaskErasure): Erasure {
  switch (what.kind) {
    case 'all':
      return { tasks: 'true', notes: () => 'true', values: [] }
    case 'tenant':
      return { tasks: 't.owner = $2', notes: () => 'n.owner = $2', values: [what.tenant] }
    case 'before':
      return {
        tasks: "NOT t.is_held AND t.phase <> 'running' AND t.at < $2",
        // What was noted for a task that never came is of nobody a day later.
        notes: (table) =>
          `EXISTS (SELECT FROM gone AS g WHERE g.owner = n.owner AND g.id = n.id) OR (
            n.changed_at < now() - interval '1 day' AND NOT EXISTS (SELECT FROM ${table} AS t WHERE t.owner = n.owner AND t.id = n.id)
          )`,
        values: [what.before],
      }
  }
}

/** A context is named by a client: in the store it has one length, and no text that the server refuses. */
function digestOf(contextId: string): Buffer {
  return createHash('sha256').update(contextId).digest()
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
