import { type Amount, amountFromNanos, ZERO_AMOUNT } from '../../../base/money.ts'
import type { BudgetAccount, BudgetCounter } from '../../../core/budget/budget-account.ts'
import { BUDGET_WINDOWS, type BudgetWindow } from '../../../core/budget/budget-window.ts'
import type { PostgresConnection } from '../postgres-connection.ts'

/** Under which changes of limits are announced. */
export const LIMITS_TOPIC = 'budget-limits'

type LineRow = {
  readonly scope: string
  readonly place: number
  readonly window_id: string
  readonly limit_nanos: string | null
  readonly spent: string
  readonly held: string
}

type BudgetLines = {
  readonly lines: readonly { readonly scope: string; readonly account: BudgetAccount }[]
  readonly openCount: number
}

/** Every account with a limit, sorted by name, in the windows of now. */
export async function readLines(connection: PostgresConnection): Promise<BudgetLines> {
  const { schema } = connection
  const { rows } = await connection.run(
    {
      name: 'lines',
      text: `WITH ids AS (SELECT ${schema}.window_ids(clock_timestamp()) AS ids)
        SELECT n.scope, s.place::int AS place, ids.ids[s.place] AS window_id, l.limit_nanos::text,
          coalesce(w.spent_nanos, 0)::text AS spent, coalesce(w.held_nanos, 0)::text AS held
        FROM (SELECT DISTINCT scope FROM ${schema}.budget_limit) AS n CROSS JOIN ids
        CROSS JOIN unnest(ARRAY['hour', 'day', 'month', 'total']) WITH ORDINALITY AS s (span, place)
        LEFT JOIN ${schema}.budget_limit AS l ON l.scope = n.scope AND l.span = s.span
        LEFT JOIN ${schema}.budget_window AS w ON w.scope = n.scope AND w.span = s.span AND w.window_id = ids.ids[s.place]
        ORDER BY n.scope, s.place`,
    },
    { action: 'read', isRepeatable: true },
  )
  const byScope = Map.groupBy(rows as readonly LineRow[], ({ scope }) => scope)
  const open = await connection.run(
    { name: 'open', text: `SELECT count(*)::int AS open FROM ${schema}.budget_reservation` },
    { action: 'read', isRepeatable: true },
  )
  return {
    lines: Array.from(byScope, ([scope, spans]) => ({ scope, account: accountOf(spans) })),
    openCount: (open.rows as readonly { open: number }[])[0]?.open ?? 0,
  }
}

type KnownLimit = {
  readonly scope: string
  readonly window: BudgetWindow
  readonly limitNanos: Amount
  readonly isConfigured: boolean
}

/** Every limit there is, and whether it came from a configuration. */
export async function readLimits(connection: PostgresConnection): Promise<readonly KnownLimit[]> {
  const { rows } = await connection.run(
    { text: `SELECT scope, span, limit_nanos::text AS nanos, is_configured FROM ${connection.schema}.budget_limit` },
    { action: 'read', isRepeatable: true },
  )
  type Row = {
    readonly scope: string
    readonly span: BudgetWindow
    readonly nanos: string
    readonly is_configured: boolean
  }
  return (rows as readonly Row[]).map(({ scope, span, nanos, is_configured: isConfigured }) => ({
    scope,
    window: span,
    limitNanos: amountFromNanos(BigInt(nanos)),
    isConfigured,
  }))
}

/** What every account holds has to be what its open reservations hold. */
export async function findMismatches(connection: PostgresConnection): Promise<readonly string[]> {
  const { schema } = connection
  const { rows } = await connection.run(
    {
      text: `WITH expected AS (
          SELECT n.scope, s.span, r.window_ids[s.place] AS window_id, sum(r.amount_nanos) AS held
          FROM ${schema}.budget_reservation AS r CROSS JOIN unnest(r.scopes) AS n (scope)
          CROSS JOIN unnest(ARRAY['hour', 'day', 'month', 'total']) WITH ORDINALITY AS s (span, place)
          GROUP BY 1, 2, 3
        )
        SELECT count(*)::int AS wrong FROM ${schema}.budget_window AS w FULL JOIN expected AS e USING (scope, span, window_id)
        WHERE coalesce(w.held_nanos, 0) <> coalesce(e.held, 0) OR w.held_nanos < 0 OR w.spent_nanos < 0`,
    },
    { action: 'read', isRepeatable: true },
  )
  const wrong = (rows as readonly { wrong: number }[])[0]?.wrong ?? 0
  return wrong === 0 ? [] : ['what is held equals the open reservations']
}

function accountOf(spans: readonly LineRow[]): BudgetAccount {
  const limits: Partial<Record<BudgetWindow, Amount>> = {}
  const counters: Partial<Record<BudgetWindow, BudgetCounter>> = {}
  for (const { place, window_id, limit_nanos, spent, held } of spans) {
    const window = BUDGET_WINDOWS[place - 1] ?? 'total'
    if (limit_nanos !== null) limits[window] = amountFromNanos(BigInt(limit_nanos))
    const [spentNanos, heldNanos] = [amountFromNanos(BigInt(spent)), amountFromNanos(BigInt(held))]
    const over = limit_nanos === null ? 0n : spentNanos + heldNanos - BigInt(limit_nanos)
    counters[window] = {
      windowId: Number(window_id),
      spentNanos,
      heldNanos,
      overNanos: over > 0n ? amountFromNanos(over) : ZERO_AMOUNT,
    }
  }
  const empty: BudgetCounter = { windowId: 0, spentNanos: ZERO_AMOUNT, heldNanos: ZERO_AMOUNT, overNanos: ZERO_AMOUNT }
  const counterOf = (window: BudgetWindow): BudgetCounter => counters[window] ?? empty
  return {
    limits,
    counters: { hour: counterOf('hour'), day: counterOf('day'), month: counterOf('month'), total: counterOf('total') },
  }
}
