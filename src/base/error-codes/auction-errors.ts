import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of auctions and the market. */
export const AUCTION_ERRORS = {
  AUCTION_HOUSE_BUSY: {
    cause: 'More requests wait for their turn in an auction than it takes.',
    remedy: 'Send the same message again a little later; it is taken once.',
    httpStatus: 503,
    isRetryable: true,
  },
} as const satisfies Record<string, ErrorCodeEntry>
