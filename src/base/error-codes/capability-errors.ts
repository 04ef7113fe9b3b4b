import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of capability tokens. */
export const CAPABILITY_ERRORS = {
  CAPABILITY_CHAIN_REFUSED: {
    cause: 'The capability tokens by which something was to be done grant nothing to this key, or cannot be read.',
    remedy:
      '`details.code` says which rule; look at the chain with `kernell capability show`, or `kernell grant show` where it lets programs run.',
    httpStatus: 422,
    isRetryable: false,
  },
  CAPABILITY_CALL_REFUSED: {
    cause: 'The capability tokens that were shown do not let this program run, or not now, or not once more.',
    remedy: '`details.code` says which rule; `kernell audit list` shows what was refused.',
    httpStatus: 403,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
