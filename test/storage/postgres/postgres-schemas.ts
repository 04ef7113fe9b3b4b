import { createSystemClock } from '../../../src/node/system-clock.ts'
import { createSystemTimers } from '../../../src/node/system-timers.ts'
import { openSchema } from '../../../src/storage/postgres/migrate-schema.ts'
import { PostgresConnection, type PostgresInit } from '../../../src/storage/postgres/postgres-connection.ts'

/** Connections of a test, each call without a schema in a new one, all closed together. */
export class PostgresSchemas {
  readonly #url: () => string
  readonly #connections: PostgresConnection[] = []
  #count = 0

  constructor(url: () => string) {
    this.#url = url
  }

  /** The schema of the last call without one. */
  get last(): string {
    return `s${this.#count}`
  }

  async connect(init: Partial<PostgresInit> = {}): Promise<PostgresConnection> {
    if (init.schema === undefined) this.#count += 1
    const connection = await PostgresConnection.create(
      { timers: createSystemTimers(), clock: createSystemClock() },
      { url: this.#url(), schema: this.last, ...init },
    )
    this.#connections.push(connection)
    return connection
  }

  async open(init: Partial<PostgresInit> = {}): Promise<PostgresConnection> {
    const connection = await this.connect(init)
    await openSchema(connection)
    return connection
  }

  async closeAll(): Promise<void> {
    for (const connection of this.#connections.splice(0)) await connection.close()
  }
}
