import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of keys and signed envelopes. */
export const EVIDENCE_ERRORS = {} as const satisfies Record<string, ErrorCodeEntry>
