import type { AgentTaskLook, AgentTaskName, AgentTaskPhase } from '../../../ports/agent-task-store.ts'
import type { TaskRows } from './task-rows.ts'
import type { TaskWorker } from './task-worker.ts'

const REFUSAL_LENGTH_MAX = 1_000

type LookRow = {
  readonly phase: AgentTaskPhase
  readonly worker: string
  readonly is_alive: boolean
  readonly wishes: number
  readonly answered: number
  readonly refusal: string
}

/** What processes want of each other's tasks. */
export class TaskWishes {
  readonly #rows: TaskRows
  readonly #worker: TaskWorker

  constructor(rows: TaskRows, worker: TaskWorker) {
    this.#rows = rows
    this.#worker = worker
  }

  async look(name: AgentTaskName): Promise<AgentTaskLook | undefined> {
    const [row] = await this.#rows.read<LookRow>({
      name: 'agent-task-look',
      text: `SELECT phase, worker, ${this.#rows.schema}.is_at_work(worker) AS is_alive, wishes, answered, refusal
        FROM ${this.#rows.table} WHERE owner = $1 AND id = $2`,
      values: [name.owner, name.id],
    })
    if (row === undefined) return undefined
    const { phase, worker, is_alive: isAlive, wishes, answered, refusal } = row
    return { phase, isOwn: worker === (this.#worker.of(name) ?? this.#worker.name), isAlive, wishes, answered, refusal }
  }

  async askCancel({ owner, id }: AgentTaskName): Promise<number | undefined> {
    const [row] = await this.#rows.write<{ readonly wishes: number }>({
      name: 'agent-task-ask',
      text: `WITH asked AS (
          UPDATE ${this.#rows.table} SET wishes = wishes + 1
          WHERE owner = $1 AND id = $2 AND phase <> 'ended' AND worker <> $3 AND ${this.#rows.schema}.is_at_work(worker) RETURNING wishes
        )
        SELECT wishes, ${this.#rows.schema}.tell_agent_task($1, $2, $4) FROM asked`,
      values: [owner, id, this.#worker.of({ owner, id }) ?? this.#worker.name, this.#rows.origin],
    })
    return row?.wishes
  }

  async refuseCancel({ owner, id }: AgentTaskName, { wish, text }: { wish: number; text: string }): Promise<void> {
    await this.#rows.write({
      name: 'agent-task-refuse',
      text: `WITH told AS (
          UPDATE ${this.#rows.table} SET answered = greatest(answered, $3), refusal = $4 WHERE owner = $1 AND id = $2 RETURNING id
        )
        SELECT ${this.#rows.schema}.tell_agent_task($1, $2, $5) FROM told`,
      // The server keeps no NUL in a text.
      values: [owner, id, wish, text.slice(0, REFUSAL_LENGTH_MAX).replaceAll('\0', ''), this.#rows.origin],
    })
  }
}
