import type { JsonValue } from '../../base/canonical-json.ts'

/** One record of CSV (RFC 4180) with its line break. */
export function formatCsvLine(cells: readonly (JsonValue | undefined)[]): string {
  return `${cells.map(cellOf).join(',')}\r\n`
}

/** A text that a spreadsheet would take for a formula gets an apostrophe before it; numbers are left as they are. */
function cellOf(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'string') return JSON.stringify(value)
  if (/^-?\d+(?:\.\d+)?$/.test(value)) return value
  const safe = /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
