import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of capability tokens. */
export const CAPABILITY_ERRORS = {} as const satisfies Record<string, ErrorCodeEntry>
