import { type Amount, ZERO_AMOUNT } from '../../../base/money.ts'
import type { BudgetAccount, BudgetCounter } from '../../../core/budget/budget-account.ts'
import { BUDGET_WINDOWS, type BudgetWindow } from '../../../core/budget/budget-window.ts'
import type { PostgresConnection } from '../postgres-connection.ts'
import { brokenBooks, memberOf, readNanos } from './budget-commands.ts'

/** Under which changes of limits are announced. */
export const LIMITS_TOPIC = 'budget-limits'

/** What one scope has, holds and may in one window. */
type Line = {
  readonly scope: string
  readonly window: BudgetWindow
  readonly windowId: number
  readonly limitNanos: Amount | undefined
  readonly spentNanos: Amount
  readonly heldNanos: Amount
}

type BudgetLines = {
  readonly lines: readonly { readonly scope: string; readonly account: BudgetAccount }[]
  readonly openCount: number
}

/** Every account with a limit, sorted by name, in the windows of now. Throws `STORE_*`. */
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
  const byScope = Map.groupBy(rows.map(lineOf), ({ scope }) => scope)
  const open = await connection.run(
    { name: 'open', text: `SELECT count(*)::int AS open FROM ${schema}.budget_reservation` },
    { action: 'read', isRepeatable: true },
  )
  return {
    lines: Array.from(byScope, ([scope, spans]) => ({ scope, account: accountOf(spans) })),
    openCount: wholeOf(memberOf(open.rows[0], 'open')),
  }
}

type KnownLimit = {
  readonly scope: string
  readonly window: BudgetWindow
  readonly limitNanos: Amount
  readonly isConfigured: boolean
}

/** Every limit there is, and whether it came from a configuration. Throws `STORE_*`. */
export async function readLimits(connection: PostgresConnection): Promise<readonly KnownLimit[]> {
  const { rows } = await connection.run(
    { text: `SELECT scope, span, limit_nanos::text AS nanos, is_configured FROM ${connection.schema}.budget_limit` },
    { action: 'read', isRepeatable: true },
  )
  return rows.map(limitOf)
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

function limitOf(row: unknown): KnownLimit {
  const [scope, isConfigured] = [memberOf(row, 'scope'), memberOf(row, 'is_configured')]
  const window = BUDGET_WINDOWS.find((name) => name === memberOf(row, 'span'))
  if (typeof scope !== 'string' || typeof isConfigured !== 'boolean' || window === undefined)
    throw brokenBooks('a limit has no scope, no window or no origin')
  return { scope, window, limitNanos: readNanos(memberOf(row, 'nanos')), isConfigured }
}

function lineOf(row: unknown): Line {
  const [scope, limit] = [memberOf(row, 'scope'), memberOf(row, 'limit_nanos')]
  const window = BUDGET_WINDOWS[wholeOf(memberOf(row, 'place')) - 1]
  if (typeof scope !== 'string' || window === undefined) throw brokenBooks('a line has no scope or no window')
  return {
    scope,
    window,
    windowId: wholeOf(memberOf(row, 'window_id')),
    limitNanos: limit === null ? undefined : readNanos(limit),
    spentNanos: readNanos(memberOf(row, 'spent')),
    heldNanos: readNanos(memberOf(row, 'held')),
  }
}

/** The library gives integers of 64 bits as text. */
function wholeOf(value: unknown): number {
  const whole = typeof value === 'string' && /^[0-9]{1,16}$/.test(value) ? Number(value) : value
  if (typeof whole !== 'number' || !Number.isSafeInteger(whole) || whole < 0)
    throw brokenBooks('what should be a number is none')
  return whole
}

function accountOf(lines: readonly Line[]): BudgetAccount {
  const limits: Partial<Record<BudgetWindow, Amount>> = {}
  const counters: Partial<Record<BudgetWindow, BudgetCounter>> = {}
  for (const { window, windowId, limitNanos, spentNanos, heldNanos } of lines) {
    if (limitNanos !== undefined) limits[window] = limitNanos
    const over = limitNanos === undefined ? 0n : spentNanos + heldNanos - limitNanos
    const overNanos = over > 0n ? readNanos(over.toString()) : ZERO_AMOUNT
    counters[window] = { windowId, spentNanos, heldNanos, overNanos }
  }
  const empty: BudgetCounter = { windowId: 0, spentNanos: ZERO_AMOUNT, heldNanos: ZERO_AMOUNT, overNanos: ZERO_AMOUNT }
  const counterOf = (window: BudgetWindow): BudgetCounter => counters[window] ?? empty
  return {
    limits,
    counters: { hour: counterOf('hour'), day: counterOf('day'), month: counterOf('month'), total: counterOf('total') },
  }
}
