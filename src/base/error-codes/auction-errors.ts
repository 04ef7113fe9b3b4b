import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of auctions and the market. */
export const AUCTION_ERRORS = {
  AUCTION_HOUSE_BUSY: {
    cause: 'More requests wait for their turn in an auction than it takes.',
    remedy: 'Send the same message again a little later; it is taken once.',
    httpStatus: 503,
    isRetryable: true,
  },
  MARKET_KEY_CONFLICT: {
    cause: 'The idempotency key names another purchase, with another request.',
    remedy: 'Use a new key for a new purchase; send the same request to ask for the one that the key names.',
    httpStatus: 409,
    isRetryable: false,
  },
  MARKET_ORDER_UNKNOWN: {
    cause: 'There is no purchase with this key.',
    remedy: 'Look at the purchases of this node, or begin one with this key.',
    httpStatus: 404,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
