import type { AgentTaskBounds, AgentTaskPage, AgentTaskPlace, AgentTaskQuery } from '../../../ports/agent-task-store.ts'
import { digestOf, type TaskRows } from './task-rows.ts'

type PageRow = { readonly total: string; readonly id: string | null; readonly at: string }

/** What there is, without what is in it. */
export class TaskLists {
  readonly #rows: TaskRows

  constructor(rows: TaskRows) {
    this.#rows = rows
  }

  async hasRoom(owner: string, { countMax, oldest }: AgentTaskBounds): Promise<boolean> {
    const rows = await this.#rows.read({
      name: 'agent-task-room',
      text: `SELECT FROM (SELECT count(*) AS total FROM ${this.#rows.table} WHERE owner = $1) AS c
        WHERE c.total < $2 OR EXISTS (
          SELECT FROM ${this.#rows.table} WHERE owner = $1 AND (phase = 'ended' OR (phase = 'waiting' AND NOT is_held AND at < $3))
        )`,
      values: [owner, countMax, oldest],
    })
    return rows.length > 0
  }

  async list(owner: string, { contextId, state, after, behind, limit }: AgentTaskQuery): Promise<AgentTaskPage> {
    const rows = await this.#rows.read<PageRow>({
      name: 'agent-tasks',
      text: `WITH found AS (
          SELECT id, at FROM ${this.#rows.table} WHERE owner = $1 AND ($2::bytea IS NULL OR context = $2)
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
    const text = `SELECT state FROM ${this.#rows.table} WHERE id = $1`
    const rows = await this.#rows.read<{ readonly state: number }>({ name: 'agent-task-states', text, values: [id] })
    return rows.map(({ state }) => state)
  }
}
