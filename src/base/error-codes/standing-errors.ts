import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of reputation and governance. */
export const STANDING_ERRORS = {
  REPUTATION_POLICY_CHANGED: {
    cause: 'The reputation journal was compacted under another policy than the one that it is opened with.',
    remedy: 'Open it with the policy that it was made by, or start a new journal and present the receipts again.',
    httpStatus: 409,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
