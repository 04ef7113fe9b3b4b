import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of the ledger and its journal. */
export const LEDGER_ERRORS = {} as const satisfies Record<string, ErrorCodeEntry>
