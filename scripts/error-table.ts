/** Writes the error table of README.md from src/base/error-codes.ts: `node scripts/error-table.ts`. */

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ERROR_CODES, type ErrorCodeEntry } from '../src/base/error-codes.ts'

/** The table as Markdown, codes in alphabetical order. */
export function formatErrorTable(): string {
  const entries: [string, ErrorCodeEntry][] = Object.entries(ERROR_CODES)
  entries.sort(([left], [right]) => (left < right ? -1 : 1))
  const rows = entries.map(
    ([code, entry]) =>
      `| \`${code}\` | ${entry.httpStatus} | ${entry.isRetryable ? 'yes' : 'no'} | ${entry.cause} | ${entry.remedy} |`,
  )
  return ['| code | HTTP | retry | cause | what to do |', '|---|---|---|---|---|', ...rows, ''].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const readme = new URL('../README.md', import.meta.url)
  const text = readFileSync(readme, 'utf8')
  const updated = text.replace(
    /(<!-- errors:start -->\n)[\s\S]*?(<!-- errors:end -->)/,
    (_all, start: string, end: string) => `${start}${formatErrorTable()}${end}`,
  )
  if (updated !== text) writeFileSync(readme, updated)
}
