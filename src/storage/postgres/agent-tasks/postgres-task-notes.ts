import { CodedError } from '../../../base/errors.ts'
import type { AgentTaskName } from '../../../ports/agent-task-store.ts'
import type { PostgresConnection } from '../postgres-connection.ts'
import { sealTask, unsealTask } from './sealed-task.ts'

/** Times that an edit is made anew because somebody else was faster. */
const EDITS_MAX = 16

/** What is noted beside tasks, changed by whoever read it last. */
export class PostgresTaskNotes {
  readonly #connection: PostgresConnection
  readonly #origin: string

  constructor(connection: PostgresConnection, { origin }: { readonly origin: string }) {
    this.#connection = connection
    this.#origin = origin
  }

  async get(name: AgentTaskName): Promise<Uint8Array | undefined> {
    const stored = await this.#read(name)
    return stored && unsealTask(name, stored, this.#connection)
  }

  async edit(name: AgentTaskName, edit: (notes: Uint8Array | undefined) => Uint8Array | undefined): Promise<void> {
    for (let tries = 0; tries < EDITS_MAX; tries += 1) {
      const stored = await this.#read(name)
      const notes = edit(stored && unsealTask(name, stored, this.#connection))
      if (await this.#swap(name, { stored, next: notes && sealTask(name, notes) })) return
    }
    throw new CodedError('STORE_OVERLOADED', { message: 'Too many changes of what is noted beside one task meet' })
  }

  async #read({ owner, id }: AgentTaskName): Promise<Buffer | undefined> {
    const { rows } = await this.#connection.run(
      {
        name: 'agent-task-notes',
        text: `SELECT body FROM ${this.#connection.schema}.agent_task_note WHERE owner = $1 AND id = $2`,
        values: [owner, id],
      },
      { action: 'read', isRepeatable: true },
    )
    return (rows as readonly { readonly body: Buffer }[])[0]?.body
  }

  /** Whether the notes were still as they were read. Sent again it may find its own: the edit is made anew then, on top of itself. */
  async #swap(
    { owner, id }: AgentTaskName,
    { stored, next }: { readonly stored: Buffer | undefined; readonly next: Uint8Array | undefined },
  ): Promise<boolean> {
    if (stored === undefined && next === undefined) return true
    const { schema } = this.#connection
    const notes = `${schema}.agent_task_note`
    const isThere = 'owner = $1 AND id = $2 AND body = $4'
    const insert = `INSERT INTO ${notes} (owner, id, body) VALUES ($1, $2, $4) ON CONFLICT DO NOTHING`
    const update = `UPDATE ${notes} SET body = $5, changed_at = now() WHERE ${isThere}`
    const remove = `DELETE FROM ${notes} WHERE ${isThere}`
    const change = next === undefined ? remove : update
    const { rowCount } = await this.#connection.run(
      {
        text: `WITH done AS (${stored === undefined ? insert : change} RETURNING owner, id)
          SELECT ${schema}.tell_agent_task(owner, id, $3) FROM done`,
        values: [owner, id, this.#origin, ...[stored, next].filter((bytes) => bytes !== undefined)],
      },
      { action: 'write', isRepeatable: true },
    )
    return rowCount === 1
  }
}
