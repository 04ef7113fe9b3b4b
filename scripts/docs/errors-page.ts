import { formatErrorTable } from '../error-table.ts'

/** The page of error codes, from their tables. */
export function errorsPage(): string {
  return `# Errors

Made from the tables in \`src/base/error-codes\`. Over HTTP a failure has the shape of the interface that was asked, with the code; a command prints it, and with \`--json\`
as \`error.code\`. Codes do not change their meaning.

${formatErrorTable()}`
}
