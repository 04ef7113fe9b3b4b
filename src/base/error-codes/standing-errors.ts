import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of reputation and governance. */
export const STANDING_ERRORS = {} as const satisfies Record<string, ErrorCodeEntry>
