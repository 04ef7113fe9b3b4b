import type { Client } from 'pg'
import type { ScheduledTimer } from '../../ports/timers.ts'
import type { StoreChanges, StoreListener } from '../../ports/store-changes.ts'
import type { PostgresConnection } from './postgres-connection.ts'

export type ChangeFeedInit = {
  /** What this process announces its own changes with: it is not told of them. */
  readonly origin: string
  /** How often it looks without being notified: a pooler between may swallow notifications. Default 1,000 ms. */
  readonly pollMs?: number
  /** How long changes are kept for those who were away; who was away for longer is told that anything may have changed. Default 600,000 ms. */
  readonly keptMs?: number
}

export interface ChangeFeed extends StoreChanges {
  /** Connects, and resolves once nothing that is announced from now on is missed. Throws `STORE_*`. */
  start(): Promise<void>
  /** Idempotent. */
  stop(): Promise<void>
  /** Whether notifications arrive; without, changes are seen by looking. */
  readonly isListening: boolean
  /** Reads what was announced, now. Throws `STORE_*`. */
  catchUp(): Promise<void>
}

const POLL_MS_DEFAULT = 1_000
const KEPT_MS_DEFAULT = 600_000
const RECONNECT_MS = 250
const PAGE = 1_000

/**
 * Notifications say only that there is something; what it is stands in a table, so that nothing is missed over a lost connection. Transactions may end in another
 * order than they began: changes are read from the oldest transaction on that was still open at the last reading, and some come twice.
 */
export function createChangeFeed(connection: PostgresConnection, init: ChangeFeedInit): ChangeFeed {
  return new PostgresChangeFeed(connection, init)
}

type Reading = { readonly xmin: string; readonly is_missed: boolean; readonly keys: readonly Buffer[] | null }

class PostgresChangeFeed implements ChangeFeed {
  readonly #connection: PostgresConnection
  readonly #init: ChangeFeedInit
  readonly #listeners = new Map<string, Set<StoreListener>>()
  readonly #decoder = new TextDecoder()
  #client: Client | undefined
  #timer: ScheduledTimer | undefined
  #position: string | undefined
  /** Server time of the last reading, in seconds, as text. */
  #readAt = '0'
  #reading: Promise<void> | undefined
  #isDirty = false
  #isRunning = false
  #polls = 0

  constructor(connection: PostgresConnection, init: ChangeFeedInit) {
    this.#connection = connection
    this.#init = init
  }

  get isListening(): boolean {
    return this.#client !== undefined
  }

  watch(name: string, listener: StoreListener): () => void {
    const listeners = this.#listeners.get(name) ?? new Set<StoreListener>()
    this.#listeners.set(name, listeners)
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  async start(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      await this.#listen()
      await this.catchUp()
    } catch (error: unknown) {
      await this.stop()
      throw error
    }
    this.#pollLater()
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    this.#timer?.cancel()
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(ignore)
    await this.#reading?.catch(ignore)
  }

  async catchUp(): Promise<void> {
    this.#isDirty = true
    this.#reading ??= this.#readAll().finally(() => (this.#reading = undefined))
    await this.#reading
  }

  async #listen(): Promise<void> {
    const client = this.#connection.makeClient()
    client.on('error', () => this.#lose(client))
    client.on('end', () => this.#lose(client))
    client.on('notification', ({ payload }) => {
      // One's own changes are no news.
      if (payload !== this.#init.origin) this.catchUp().catch(ignore)
    })
    try {
      await client.connect()
      await client.query(`LISTEN "${this.#connection.channel}"`)
    } catch (error: unknown) {
      await client.end().catch(ignore)
      throw this.#connection.failureOf(error, 'open')
    }
    if (this.#isRunning) this.#client = client
    else await client.end().catch(ignore)
  }

  #lose(client: Client): void {
    if (this.#client !== client) return
    this.#client = undefined
    client.end().catch(ignore)
    this.#timer?.cancel()
    this.#schedule(RECONNECT_MS)
  }

  #pollLater(): void {
    this.#schedule(this.#init.pollMs ?? POLL_MS_DEFAULT)
  }

  #schedule(delayMs: number): void {
    if (!this.#isRunning) return
    this.#timer = this.#connection.timers.schedule(delayMs, () => {
      this.#poll()
        .catch(ignore)
        .finally(() => this.#pollLater())
        .catch(ignore)
    })
  }

  /** A server that is away is asked again. */
  async #poll(): Promise<void> {
    if (this.#client === undefined) await this.#listen()
    await this.catchUp()
    this.#polls += 1
    if (this.#polls % 64 === 1) await this.#prune()
  }

  async #readAll(): Promise<void> {
    while (this.#isDirty) {
      this.#isDirty = false
      const { xmin, is_missed: isMissed, keys } = await this.#read()
      this.#position = xmin
      if (isMissed) this.#tell(undefined)
      else if (keys !== null && keys.length > 0) this.#tell(keys.map((key) => this.#decoder.decode(key)))
    }
  }

  async #read(): Promise<Reading> {
    const { schema } = this.#connection
    const { rows } = await this.#connection.run(
      {
        name: 'changes',
        text: `WITH now AS (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xmin),
            found AS (SELECT key FROM ${schema}.change WHERE xid >= $1::text::xid8 AND origin <> $2 LIMIT ${PAGE + 1})
          SELECT now.xmin::text AS xmin, extract(epoch FROM clock_timestamp())::text AS at,
            extract(epoch FROM clock_timestamp()) - $3::numeric > $4::numeric OR (SELECT count(*) FROM found) > ${PAGE} AS is_missed,
            (SELECT array_agg(DISTINCT key) FROM found) AS keys
          FROM now`,
        values: [
          this.#position ?? '18446744073709551615',
          this.#init.origin,
          this.#position === undefined ? '9999999999' : this.#readAt,
          (this.#init.keptMs ?? KEPT_MS_DEFAULT) / 2_000,
        ],
      },
      { action: 'read', isRepeatable: true },
    )
    const [row] = rows as readonly (Reading & { readonly at: string })[]
    this.#readAt = row?.at ?? this.#readAt
    return row ?? { xmin: '0', is_missed: true, keys: null }
  }

  #tell(keys: readonly string[] | undefined): void {
    for (const [name, listeners] of this.#listeners) {
      const prefix = `${name}/`
      const below = keys?.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length))
      if (below?.length === 0) continue
      for (const listener of listeners) listener(below)
    }
  }

  async #prune(): Promise<void> {
    await this.#connection.run(
      {
        text: `DELETE FROM ${this.#connection.schema}.change WHERE at < clock_timestamp() - make_interval(secs => $1::float8 / 1000)`,
        values: [this.#init.keptMs ?? KEPT_MS_DEFAULT],
      },
      { action: 'write', isRepeatable: true },
    )
  }
}

function ignore(): void {}
