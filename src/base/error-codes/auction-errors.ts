import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of auctions and the market. */
export const AUCTION_ERRORS = {
  AUCTION_HOUSE_BUSY: {
    cause: 'More requests wait for their turn in an auction than it takes.',
    remedy: 'Send the same message again a little later; it is taken once.',
    httpStatus: 503,
    isRetryable: true,
  },
  AUCTION_DEPOSIT_MISSING: {
    cause: 'The hold of a deposit that a bidder signed is not here any more, after a restart.',
    remedy: 'None is needed: the bidder gives it again with its commitment, or its commitment does not count.',
    httpStatus: 409,
    isRetryable: true,
  },
  MARKET_STAMP_REFUSED: {
    cause: 'The notary set does not stamp a hash for this key, which has no account in the currency.',
    remedy: 'Have an account in the currency, or do without the stamps of the set.',
    httpStatus: 403,
    isRetryable: false,
  },
  MARKET_ATTESTED_FULL: {
    cause: 'A seller has as many attested capabilities as one may have.',
    remedy: 'Take one back first.',
    httpStatus: 409,
    isRetryable: false,
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
