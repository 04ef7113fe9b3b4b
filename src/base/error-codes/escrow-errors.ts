import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of escrow contracts. */
export const ESCROW_ERRORS = {} as const satisfies Record<string, ErrorCodeEntry>
