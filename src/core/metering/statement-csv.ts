import { NANOS_PER_UNIT } from '../../base/money.ts'
import type { Statement, StatementSum } from './statement.ts'

/** Columns, in this order in every version 1. Times are integer milliseconds, amounts exact decimals of the currency with nine decimals. */
export const STATEMENT_COLUMNS = [
  'row',
  'at',
  'contract',
  'counterparty',
  'currency',
  'unit',
  'quantity',
  'rated',
  'received',
  'paid',
  'transfer',
] as const

type Column = (typeof STATEMENT_COLUMNS)[number]
type Row = Partial<Readonly<Record<Column, string>>>

/**
 * A statement as CSV (RFC 4180: CRLF, a header). Rows are `usage`, `transfer`, `contract` and `counterparty` sums, and one `total`. No cell needs quotes, and none
 * starts with a character that a spreadsheet would calculate: they are words, DIDs, hashes and decimals, and no sum is negative.
 */
export function formatStatementCsv(statement: Statement): string {
  const { currency, usage, transfers, contracts, counterparties, total, to } = statement
  const rows: Row[] = []
  for (const { contract, counterparty, at, lines } of usage) {
    for (const { unit, quantity, nanos } of lines) {
      const place = { row: 'usage', at: String(at), contract, counterparty }
      rows.push({ ...place, unit, quantity: quantity.toString(), rated: formatDecimal(nanos) })
    }
  }
  for (const { id, at, contract, counterparty, direction, nanos } of transfers) {
    const place = { row: 'transfer', at: String(at), ...(contract !== undefined && { contract }), counterparty }
    rows.push({ ...place, [direction]: formatDecimal(nanos), transfer: id })
  }
  const end = String(to)
  for (const { contract, ...sum } of contracts)
    rows.push({ row: 'contract', at: end, ...(contract !== undefined && { contract }), ...formatSum(sum) })
  for (const { counterparty, ...sum } of counterparties)
    rows.push({ row: 'counterparty', at: end, counterparty, ...formatSum(sum) })
  rows.push({ row: 'total', at: end, ...formatSum(total) })
  const lines = rows.map((row) => STATEMENT_COLUMNS.map((column) => ({ currency, ...row })[column] ?? '').join(','))
  return [STATEMENT_COLUMNS.join(','), ...lines, ''].join('\r\n')
}

function formatSum({ ratedNanos, receivedNanos, paidNanos }: StatementSum): Row {
  return {
    rated: formatDecimal(ratedNanos),
    received: formatDecimal(receivedNanos),
    paid: formatDecimal(paidNanos),
  }
}

function formatDecimal(nanos: bigint): string {
  return `${nanos / NANOS_PER_UNIT}.${(nanos % NANOS_PER_UNIT).toString().padStart(9, '0')}`
}
