import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of notary sets. */
export const NOTARY_ERRORS = {} as const satisfies Record<string, ErrorCodeEntry>
