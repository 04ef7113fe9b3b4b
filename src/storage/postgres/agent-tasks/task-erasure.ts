import type { AgentTaskErasure, AgentTaskName } from '../../../ports/agent-task-store.ts'
import type { TaskRows } from './task-rows.ts'

/** By one statement, so that each takes its time and no more. */
const ERASED_AT_ONCE = 5_000

/** Deletes tasks and what is noted beside them, and tells of those that somebody may wait for. */
export async function eraseTasks(rows: TaskRows, what: AgentTaskErasure): Promise<readonly AgentTaskName[]> {
  const { schema, table, origin } = rows
  const { tasks, notes, values } = erasureOf(what)
  const erased: AgentTaskName[] = []
  for (;;) {
    const gone = await rows.write<AgentTaskName>({
      text: `WITH found AS (SELECT owner, id FROM ${table} AS t WHERE ${tasks} LIMIT ${ERASED_AT_ONCE} FOR UPDATE),
          gone AS (
            DELETE FROM ${table} AS t USING found AS f WHERE t.owner = f.owner AND t.id = f.id RETURNING t.owner, t.id, t.phase
          ),
          noted AS (DELETE FROM ${schema}.agent_task_note AS n WHERE ${notes(table)})
        SELECT owner, id, CASE WHEN phase <> 'ended' THEN ${schema}.tell_agent_task(owner, id, $1) END FROM gone`,
      values: [origin, ...values],
    })
    erased.push(...gone.map(({ owner, id }) => ({ owner, id })))
    if (gone.length < ERASED_AT_ONCE) return erased
  }
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
