import type { PostgresCluster } from '../../storage/postgres/postgres-cluster.ts'

/** An account by the tables alone, in nano-dollars. */
export type FleetAccount = {
  readonly limit: bigint
  readonly spent: bigint
  readonly held: bigint
  /** The most that it ever spent and held together. */
  readonly peak: bigint
}

export type FleetBooks = { readonly accounts: ReadonlyMap<string, FleetAccount>; readonly openHolds: number }

type Row = {
  readonly scope: string
  readonly limit: string
  readonly spent: string
  readonly held: string
  readonly peak: string
  readonly open: string
}

/** Reads the fleet's books as nobody of the fleet does, at one moment. */
export async function readFleetBooks(cluster: PostgresCluster, schema: string): Promise<FleetBooks> {
  const rows = await cluster.query<Row>(
    `SELECT scope, l.limit_nanos::text AS limit, coalesce(w.spent_nanos, 0)::text AS spent, coalesce(w.held_nanos, 0)::text AS held,
      coalesce(w.peak_nanos, 0)::text AS peak, (SELECT count(*) FROM ${schema}.budget_reservation)::text AS open
    FROM ${schema}.budget_limit AS l LEFT JOIN ${schema}.budget_window AS w USING (scope, span) WHERE span = 'total'`,
  )
  const accounts = rows.map(({ scope, limit, spent, held, peak }): [string, FleetAccount] => [
    scope,
    { limit: BigInt(limit), spent: BigInt(spent), held: BigInt(held), peak: BigInt(peak) },
  ])
  return { accounts: new Map(accounts), openHolds: Number(rows[0]?.open ?? 0) }
}
