import { CodedError } from '../../../base/errors.ts'
import type { Claim, Claims } from '../../../ports/claims.ts'
import type { ScheduledTimer } from '../../../ports/timers.ts'
import type { PostgresConnection } from '../postgres-connection.ts'

export type PostgresClaimsInit = {
  /** Tells this process from others, and from those that it was before. */
  readonly owner: string
  /** How long a claim lasts without a sign, by the server's clock, milliseconds. */
  readonly leaseMs: number
}

export interface SharedClaims extends Claims {
  /** Gives no more signs: what is still held ends with its lease. Idempotent. */
  stop(): void
}

/** A name is in an index, whose rows have a bound. */
const NAME = /^[\x21-\x7e]{1,1000}$/
/** Signs in the time of a lease. */
const RENEWALS = 4
/** After so many claims those of processes that died are deleted. */
const PRUNE_EVERY = 256

/** Claims of all processes on one store. One statement each quarter of the lease renews all of this process. */
export function createPostgresClaims(connection: PostgresConnection, init: PostgresClaimsInit): SharedClaims {
  return new PostgresClaims(connection, init)
}

type Held = { readonly token: string; readonly controller: AbortController; renewedMs: number }

class PostgresClaims implements SharedClaims {
  readonly leaseMs: number
  readonly #connection: PostgresConnection
  readonly #owner: string
  readonly #held = new Map<string, Held>()
  #timer: ScheduledTimer | undefined
  #taken = 0

  constructor(connection: PostgresConnection, { owner, leaseMs }: PostgresClaimsInit) {
    this.#connection = connection
    this.#owner = owner
    this.leaseMs = leaseMs
  }

  async take(name: string): Promise<Claim | undefined> {
    if (!NAME.test(name)) throw new TypeError(`Not a name for a claim: ${JSON.stringify(name)}`)
    this.#taken += 1
    const token = `${this.#owner}-${this.#taken}`
    const { schema } = this.#connection
    const askedMs = this.#connection.clock.monotonicMs()
    // Sent again it is the same: the token is of this call alone.
    const { rowCount } = await this.#connection.run(
      {
        name: 'claim',
        text: `INSERT INTO ${schema}.claim AS c (name, owner, lease_until)
          VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3::float8 / 1000))
          ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until
            WHERE c.lease_until < clock_timestamp() OR c.owner = excluded.owner`,
        values: [name, token, this.leaseMs],
      },
      { action: 'write', isRepeatable: true },
    )
    if (this.#taken % PRUNE_EVERY === 0) await this.#prune()
    if (rowCount !== 1) return undefined
    // One of this process whose time was over without a look.
    const over = this.#held.get(name)
    if (over !== undefined) this.#lose(name, over)
    const held = { token, controller: new AbortController(), renewedMs: askedMs }
    this.#held.set(name, held)
    this.#renewLater()
    return { lost: held.controller.signal, release: async () => await this.#release(name, held) }
  }

  async isTaken(name: string): Promise<boolean> {
    if (!NAME.test(name)) return false
    const { rowCount } = await this.#connection.run(
      {
        name: 'claimed',
        text: `SELECT FROM ${this.#connection.schema}.claim WHERE name = $1 AND lease_until >= clock_timestamp()`,
        values: [name],
      },
      { action: 'read', isRepeatable: true },
    )
    return rowCount === 1
  }

  stop(): void {
    this.#timer?.cancel()
    this.#held.clear()
  }

  async #release(name: string, { token }: Held): Promise<void> {
    if (this.#held.get(name)?.token !== token) return
    this.#held.delete(name)
    await this.#connection
      .run(
        {
          name: 'unclaim',
          text: `DELETE FROM ${this.#connection.schema}.claim WHERE name = $1 AND owner = $2`,
          values: [name, token],
        },
        { action: 'write', isRepeatable: true },
      )
      .catch(() => undefined)
  }

  #renewLater(): void {
    this.#timer ??= this.#connection.timers.schedule(this.leaseMs / RENEWALS, () => {
      this.#timer = undefined
      this.#loseOld()
      if (this.#held.size === 0) return
      // A server that is away is asked again, until the leases are over.
      this.#renew().catch(() => undefined)
      this.#renewLater()
    })
  }

  async #renew(): Promise<void> {
    const asked = [...this.#held]
    if (asked.length === 0) return
    const askedMs = this.#connection.clock.monotonicMs()
    const { rows } = await this.#connection.run(
      {
        name: 'reclaim',
        text: `UPDATE ${this.#connection.schema}.claim AS c
          SET lease_until = clock_timestamp() + make_interval(secs => $3::float8 / 1000)
          FROM unnest($1::text[], $2::text[]) AS mine (name, owner)
          WHERE c.name = mine.name AND c.owner = mine.owner RETURNING c.name`,
        values: [asked.map(([name]) => name), asked.map(([, { token }]) => token), this.leaseMs],
      },
      { action: 'write', isRepeatable: true },
    )
    const renewed = new Set((rows as readonly { readonly name: string }[]).map(({ name }) => name))
    for (const [name, held] of asked)
      if (renewed.has(name)) held.renewedMs = askedMs
      else this.#lose(name, held)
  }

  /** Those whose time would be over before the next look: this process lets go before another one may begin. */
  #loseOld(): void {
    const nextLookMs = this.#connection.clock.monotonicMs() + this.leaseMs / RENEWALS
    for (const [name, held] of this.#held) if (held.renewedMs + this.leaseMs < nextLookMs) this.#lose(name, held)
  }

  #lose(name: string, held: Held): void {
    if (this.#held.get(name) !== held) return
    this.#held.delete(name)
    held.controller.abort(
      new CodedError('STORE_LOCKED', {
        message: 'The shared store was not heard of for too long: another process may do this work now',
        details: { remedy: 'Nothing; what was done is kept, and another one goes on with it.' },
      }),
    )
  }

  async #prune(): Promise<void> {
    const text = `DELETE FROM ${this.#connection.schema}.claim WHERE lease_until < clock_timestamp() - interval '1 hour'`
    // One of the next ones does it, too.
    await this.#connection.run({ text }, { action: 'write', isRepeatable: true }).catch(() => undefined)
  }
}
