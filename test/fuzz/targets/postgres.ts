import { isDeepStrictEqual } from 'node:util'
import { BUDGET_WINDOWS } from '../../../src/core/budget/budget-window.ts'
import type { DocumentHead } from '../../../src/node/documents/document-names.ts'
import { readHead } from '../../../src/node/documents/document-shelves.ts'
import { readRefusal } from '../../../src/storage/postgres/budgets/budget-commands.ts'
import { readLimits, readLines } from '../../../src/storage/postgres/budgets/read-budget-lines.ts'
import type { PostgresConnection } from '../../../src/storage/postgres/postgres-connection.ts'
import { readRateSlices } from '../../../src/storage/postgres/rates/postgres-rate-store.ts'
import type { LazyTarget } from './automatic.ts'
import { byHand } from './by-hand.ts'

const LINE = { scope: 'tenant:acme', place: 1, window_id: '525600', limit_nanos: '5', spent: '3', held: '4' }

/** What a database answers that other programs, other versions and people at its console write to as well. */
export const POSTGRES_TARGETS: readonly LazyTarget[] = [
  byHand({
    name: 'node/documents/document-shelves:readHead',
    kind: 'json',
    inputs: [{ createdAt: 1_790_000_000_000, expiresAt: 1_792_592_000_000, bytes: 120 }, null],
    read: (input) => readHead('resp_1', headBytes(input)),
    recheck: (result) => {
      if (result === undefined) return undefined
      const { id, ...head } = result as DocumentHead
      return isDeepStrictEqual(readHead(id, headBytes(head)), result) ? undefined : 'it is not read back'
    },
  }),
  byHand({
    name: 'storage/postgres/budgets/budget-commands:readRefusal',
    kind: 'json',
    covers: ['storage/postgres/budgets/budget-commands:readNanos'],
    inputs: [
      { refused: { scope: 'tenant:acme', span: 'day', limit: '5000000000', available: '0' } },
      { refused: { scope: 'node', span: 'total', limit: '18446744073709551615', available: '1' } },
      {},
    ],
    read: readRefusal,
    recheck: (result) => {
      if (result === undefined) return undefined
      const { account: scope, window: span, limitNanos, availableNanos } = result as Refusal
      const again = readRefusal({ refused: { scope, span, limit: `${limitNanos}`, available: `${availableNanos}` } })
      return isDeepStrictEqual(again, result) ? undefined : 'it is not read back'
    },
  }),
  byHand({
    name: 'storage/postgres/budgets/read-budget-lines:readLines',
    kind: 'json',
    inputs: [
      { lines: [LINE, { ...LINE, place: 4, window_id: '0', limit_nanos: null }], open: [{ open: 2 }] },
      { lines: [{ ...LINE, scope: 'node', spent: '18446744073709551615', held: '0' }], open: [{ open: 0 }] },
    ],
    read: async (input) => await readLines(answering(input)),
    recheck: (result) => {
      const { lines } = result as Awaited<ReturnType<typeof readLines>>
      const isOver = ({ account: { limits, counters } }: (typeof lines)[number]): boolean =>
        BUDGET_WINDOWS.some((window) => {
          const { spentNanos, heldNanos, overNanos } = counters[window]
          return overNanos > 0n && spentNanos + heldNanos - overNanos !== limits[window]
        })
      if (lines.some(isOver)) return 'more is over a limit than was spent and is held'
      const scopes = lines.map(({ scope }) => scope)
      return new Set(scopes).size === scopes.length ? undefined : 'an account is there twice'
    },
  }),
  byHand({
    name: 'storage/postgres/rates/postgres-rate-store:readRateSlices',
    kind: 'json',
    inputs: [
      [
        [4, 6],
        [0, -3],
      ],
      [[9_007_199_254_740_991, 0]],
      [],
    ],
    read: (input) => readRateSlices(input, Array.isArray(input) ? input.length : 0),
    recheck: (slices) =>
      (slices as ReturnType<typeof readRateSlices>).every(({ has, left }) => has >= 0 && Number.isSafeInteger(left))
        ? undefined
        : 'a slice of nothing',
  }),
  byHand({
    name: 'storage/postgres/budgets/read-budget-lines:readLimits',
    kind: 'json',
    inputs: [{ limits: [{ scope: 'tenant:acme', span: 'day', nanos: '5', is_configured: true }] }],
    read: async (input) => await readLimits(answering(input)),
    recheck: (result) => {
      const limits = result as Awaited<ReturnType<typeof readLimits>>
      return limits.every(({ limitNanos }) => limitNanos >= 0n) ? undefined : 'a limit below zero'
    },
  }),
]

type Refusal = NonNullable<ReturnType<typeof readRefusal>>

/** A server that answers each statement with the rows that the input has for it; those without a name ask for limits. */
function answering(input: unknown): PostgresConnection {
  const answers = (typeof input === 'object' && input !== null ? input : {}) as Readonly<Record<string, unknown>>
  const connection: Pick<PostgresConnection, 'schema' | 'run'> = {
    schema: '"kernell"',
    run: async ({ name = 'limits' }) => {
      const rows = answers[name]
      return await Promise.resolve({ rows: Array.isArray(rows) ? rows : [] } as never)
    },
  }
  return connection as PostgresConnection
}

function headBytes(head: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(head))
}
