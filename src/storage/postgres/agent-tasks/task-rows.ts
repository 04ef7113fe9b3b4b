import { createHash } from 'node:crypto'
import { hexOfBytes } from '../../../base/hex.ts'
import type { Random } from '../../../ports/random.ts'
import type { PostgresConnection, PostgresStatement } from '../postgres-connection.ts'

export type TaskRowsComponents = { readonly connection: PostgresConnection; readonly random: Pick<Random, 'bytes'> }

/** The table of tasks, and how it is asked. Every statement does no harm when it is sent again. */
export class TaskRows {
  readonly connection: PostgresConnection
  readonly schema: string
  readonly table: string
  /** What this process announces its own changes with. */
  readonly origin: string
  readonly #random: Pick<Random, 'bytes'>

  constructor({ connection, random }: TaskRowsComponents, { origin }: { readonly origin: string }) {
    this.connection = connection
    this.schema = connection.schema
    this.table = `${connection.schema}.agent_task`
    this.origin = origin
    this.#random = random
  }

  async read<Row>(statement: PostgresStatement): Promise<readonly Row[]> {
    const { rows } = await this.connection.run(statement, { action: 'read', isRepeatable: true })
    return rows as readonly Row[]
  }

  async write<Row>(statement: PostgresStatement): Promise<readonly Row[]> {
    const { rows } = await this.connection.run(statement, { action: 'write', isRepeatable: true })
    return rows as readonly Row[]
  }

  /** Tells a write from all others: of one call alone, sent again it is the same. */
  newWrite(): string {
    return hexOfBytes(this.#random.bytes(12))
  }
}

/** A context is named by a client: in the store it has one length, and no text that the server refuses. */
export function digestOf(contextId: string): Buffer {
  return createHash('sha256').update(contextId).digest()
}
