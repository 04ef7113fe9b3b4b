import type { Client, ClientConfig, Pool, PoolClient, QueryResult } from 'pg'
import { CodedError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Timers } from '../../ports/timers.ts'
import { loadPostgres } from './load-postgres.ts'
import { isBegunAnew, isConnectionLost, postgresErrorOf } from './postgres-errors.ts'

export type PostgresComponents = { readonly timers: Timers; readonly clock: Pick<Clock, 'monotonicMs'> }

export type PostgresInit = {
  /** `postgresql://USER@HOST:PORT/DATABASE`, with `sslmode` and the like as parameters. May hold a password; it is in no message. */
  readonly url: string
  /** Takes the place of the one in the address. */
  readonly password?: string
  /** Small letters, digits and underscores, 1 to 40, not beginning with a digit. */
  readonly schema: string
  /** Connections at most, 1 to 1,000, beside those of long readings (4) and of notifications (1). Default 10. */
  readonly poolMax?: number
  /** Default 10,000 ms. */
  readonly statementTimeoutMs?: number
  /** Longest wait for a connection. Default 5,000 ms. */
  readonly connectTimeoutMs?: number
}

export type PostgresStatement = {
  /** Names a statement that is prepared once in each connection. */
  readonly name?: string
  readonly text: string
  readonly values?: readonly unknown[]
}

export type RunOptions = {
  readonly action: 'read' | 'write'
  /** Whether it does no harm where the server has carried it out already and the answer was lost. */
  readonly isRepeatable: boolean
}

export type PostgresStatistics = {
  readonly connections: number
  readonly idle: number
  readonly waiting: number
  readonly statements: number
  readonly failures: number
  /** Statements that were sent again. */
  readonly repeats: number
  /** Of all statements together, seconds, waiting for a connection included. */
  readonly seconds: number
}

const POOL_MAX_DEFAULT = 10
/** Readings that need a transaction of their own for as long as their reader takes. */
const READINGS_MAX = 4
const STATEMENT_TIMEOUT_MS_DEFAULT = 10_000
const CONNECT_TIMEOUT_MS_DEFAULT = 5_000
/** Waits before a statement is sent again whose connection was lost; the server may be starting. */
const LOST_DELAYS_MS = [20, 200, 800, 2_000]
const MEETINGS_MAX = 8
const SCHEMA_NAME = /^[a-z_][a-z0-9_]{0,39}$/

/** Connections to one schema of one database. What it throws is coded, and holds neither address parameters nor passwords. */
export class PostgresConnection {
  readonly schemaName: string
  /** The schema's name, quoted. */
  readonly schema: string
  /** Channel of notifications. */
  readonly channel: string
  /** Host, port and database, for messages. */
  readonly place: string
  readonly timers: Timers
  readonly #config: ClientConfig
  readonly #makeClient: (config: ClientConfig) => Client
  readonly #pool: Pool
  readonly #readings: Pool
  readonly clock: Pick<Clock, 'monotonicMs'>
  #isOpen = true
  #statements = 0
  #failures = 0
  #repeats = 0
  #seconds = 0

  private constructor(
    { timers, clock }: PostgresComponents,
    init: PostgresInit,
    { Client, Pool }: Awaited<ReturnType<typeof loadPostgres>>,
  ) {
    this.timers = timers
    this.clock = clock
    this.schemaName = init.schema
    this.schema = `"${init.schema}"`
    this.channel = `${init.schema}_changes`
    this.place = placeOf(init.url)
    this.#config = configOf(init)
    this.#makeClient = (config) => new Client(config)
    this.#pool = new Pool({ ...this.#config, max: init.poolMax ?? POOL_MAX_DEFAULT })
    this.#readings = new Pool({ ...this.#config, max: READINGS_MAX })
    // A connection that breaks while it is idle is replaced by the next one that is asked for.
    for (const pool of [this.#pool, this.#readings]) pool.on('error', () => {})
  }

  /** Throws `STORE_PACKAGE_MISSING`, and `TypeError` for what is no address or no name of a schema. Connects with the first statement. */
  static async create(components: PostgresComponents, init: PostgresInit): Promise<PostgresConnection> {
    if (!SCHEMA_NAME.test(init.schema))
      throw new TypeError('A schema is named with 1 to 40 small letters, digits and underscores')
    if (!/^postgres(ql)?:\/\//.test(init.url) || !URL.canParse(init.url))
      throw new TypeError('An address of PostgreSQL begins with postgresql://')
    return new PostgresConnection(components, init, await loadPostgres())
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  statistics(): PostgresStatistics {
    const { totalCount, idleCount, waitingCount } = this.#pool
    return {
      connections: totalCount + this.#readings.totalCount,
      idle: idleCount + this.#readings.idleCount,
      waiting: waitingCount + this.#readings.waitingCount,
      statements: this.#statements,
      failures: this.#failures,
      repeats: this.#repeats,
      seconds: this.#seconds,
    }
  }

  /** One statement, in a transaction of its own. Throws `STORE_*`. */
  async run(statement: PostgresStatement, options: RunOptions): Promise<QueryResult> {
    const startedMs = this.clock.monotonicMs()
    this.#statements += 1
    try {
      return await this.#repeat(async () => await this.#pool.query(queryOf(statement)), options)
    } catch (error: unknown) {
      this.#failures += 1
      throw error
    } finally {
      this.#seconds += (this.clock.monotonicMs() - startedMs) / 1000
    }
  }

  /** Several statements on one connection. A failure of the connection is not repeated. */
  async use<Result>(work: (client: PoolClient) => Promise<Result>, action: 'open' | 'read' | 'write'): Promise<Result> {
    this.#checkOpen()
    return await useClient(this.#pool, work).catch((error: unknown) => this.#rethrow(error, action))
  }

  /** A connection for a transaction that lasts as long as its reader takes. Whoever takes it gives it back. */
  async takeReader(): Promise<PoolClient> {
    this.#checkOpen()
    const client = await this.#repeat(async () => await this.#readings.connect(), {
      action: 'read',
      isRepeatable: true,
    })
    // The pool hands the same connection out again and again.
    client.off('error', ignore)
    client.on('error', ignore)
    return client
  }

  /** A connection that nobody else uses, not connected yet. */
  makeClient(): Client {
    this.#checkOpen()
    // Notifications come whenever they come: nothing is said meanwhile, so that only keep-alives show that the other end is gone.
    return this.#makeClient({ ...this.#config, keepAlive: true })
  }

  failureOf(error: unknown, action: 'open' | 'read' | 'write'): CodedError {
    return postgresErrorOf(error, { action, place: this.place })
  }

  /** Idempotent. Waits for what is under way. */
  async close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    await Promise.all([this.#pool.end(), this.#readings.end()])
  }

  async #repeat<Result>(work: () => Promise<Result>, { action, isRepeatable }: RunOptions): Promise<Result> {
    let meetings = 0
    for (let losses = 0; ; this.#repeats += 1) {
      this.#checkOpen()
      try {
        return await work()
      } catch (error: unknown) {
        const delayMs = LOST_DELAYS_MS[losses]
        if (isBegunAnew(error) && meetings < MEETINGS_MAX) meetings += 1
        else if (isRepeatable && isConnectionLost(error) && delayMs !== undefined && this.#isOpen) {
          losses += 1
          await this.#wait(delayMs)
        } else this.#rethrow(error, action)
      }
    }
  }

  #rethrow(error: unknown, action: 'open' | 'read' | 'write'): never {
    if (!this.#isOpen) this.#checkOpen()
    throw this.failureOf(error, action)
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw new CodedError('STORE_NOT_OPEN', { message: `The store at ${this.place} is closed` })
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.timers.schedule(delayMs, resolve))
  }
}

function configOf({
  url,
  password,
  statementTimeoutMs = STATEMENT_TIMEOUT_MS_DEFAULT,
  connectTimeoutMs = CONNECT_TIMEOUT_MS_DEFAULT,
}: PostgresInit): ClientConfig {
  return {
    connectionString: withPassword(url, password),
    application_name: 'kernell-os',
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    // Where the server cannot say any more that it took too long.
    query_timeout: statementTimeoutMs + 2_000,
    idle_in_transaction_session_timeout: 10 * 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
  }
}

/** The library lets the address win over other settings. */
function withPassword(url: string, password: string | undefined): string {
  if (password === undefined) return url
  const address = new URL(url)
  address.password = encodeURIComponent(password)
  return address.href
}

function placeOf(url: string): string {
  const { hostname, port, pathname, searchParams } = new URL(url)
  const host = searchParams.get('host') ?? hostname
  return `${host}${port === '' ? '' : `:${port}`}${pathname}`
}

function queryOf({ name, text, values }: PostgresStatement): { name?: string; text: string; values: unknown[] } {
  return { text, values: [...(values ?? [])], ...(name !== undefined && { name }) }
}

async function useClient<Result>(pool: Pool, work: (client: PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect()
  client.on('error', ignore)
  try {
    const result = await work(client)
    client.release()
    return result
  } catch (error: unknown) {
    // Whatever state it is in, nobody gets it after this.
    client.release(true)
    throw error
  } finally {
    client.off('error', ignore)
  }
}

/** The statement under way fails with the same. */
function ignore(): void {}
