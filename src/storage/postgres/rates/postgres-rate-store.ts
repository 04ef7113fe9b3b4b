import { CodedError } from '../../../base/errors.ts'
import type { RateReport, RateSlice, RateStore } from '../../../ports/rate-store.ts'
import type { PostgresConnection } from '../postgres-connection.ts'

export type PostgresRateStoreInit = {
  /** Tells this process from others, and from those that it was before. */
  readonly member: string
  readonly leaseMs: number
}

/** After so many exchanges what nobody uses any more is deleted. */
const PRUNE_EVERY = 512

/** Rates of all gateways on one store: an exchange is one statement. */
export function createPostgresRateStore(connection: PostgresConnection, init: PostgresRateStoreInit): RateStore {
  return new PostgresRateStore(connection, init)
}

class PostgresRateStore implements RateStore {
  readonly leaseMs: number
  readonly #connection: PostgresConnection
  readonly #member: string
  #exchanges = 0

  constructor(connection: PostgresConnection, { member, leaseMs }: PostgresRateStoreInit) {
    this.#connection = connection
    this.#member = member
    this.leaseMs = leaseMs
  }

  async exchange(reports: readonly RateReport[]): Promise<readonly RateSlice[]> {
    const { schema } = this.#connection
    // In one order at all gateways: each locks the buckets that it comes to.
    const sorted = reports.toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1))
    const { rows } = await this.#connection.run(
      {
        name: 'rates',
        text: `SELECT ${schema}.exchange_rates($1, $2, $3) AS slices`,
        values: [this.#member, this.leaseMs, JSON.stringify(sorted)],
      },
      { action: 'write', isRepeatable: true },
    )
    const slices = readRateSlices((rows as readonly { readonly slices?: unknown }[])[0]?.slices, sorted.length)
    const byName = new Map(sorted.map((report, place) => [nameOf(report), slices[place]]))
    this.#exchanges += 1
    if (this.#exchanges % PRUNE_EVERY === 1) await this.#prune()
    return reports.map((report) => byName.get(nameOf(report)) ?? { has: 0, left: 0 })
  }

  async #prune(): Promise<void> {
    const text = `SELECT ${this.#connection.schema}.prune_rates($1)`
    // It is done with one of the next exchanges as well.
    await this.#connection
      .run({ text, values: [this.leaseMs] }, { action: 'write', isRepeatable: true })
      .catch(() => undefined)
  }
}

function nameOf({ scope, kind }: RateReport): string {
  return `${scope} ${kind}`
}

/** Reads what `exchange_rates` answers to so many reports. Throws `STORE_CORRUPTED`. */
export function readRateSlices(answer: unknown, count: number): readonly RateSlice[] {
  if (!Array.isArray(answer) || answer.length !== count) throw broken('another number of rates than was asked for')
  return answer.map((slice: unknown) => {
    const [has, left]: readonly unknown[] = Array.isArray(slice) ? slice : []
    if (!Number.isSafeInteger(has) || !Number.isSafeInteger(left) || Number(has) < 0)
      throw broken('a rate that is none')
    return { has: Number(has), left: Number(left) }
  })
}

function broken(what: string): CodedError {
  return new CodedError('STORE_CORRUPTED', { message: `The shared store answers ${what}` })
}
