/** Why the directory refuses an event; a refusal changes nothing. */
export const MARKET_CODES = {
  MARKET_STAMP_BACKWARD: {
    cause: 'The stamp is smaller than the one before.',
    remedy: 'Give events in the order of their stamps.',
  },
  MARKET_OFFER_INVALID: {
    cause: 'The offer is valid for no time or for too long, takes nobody, or names a capability twice.',
    remedy: 'Correct the offer and sign it again.',
  },
  MARKET_OFFER_EXPIRED: {
    cause: 'The offer is not valid any more at this stamp.',
    remedy: 'Sign a new offer.',
  },
  MARKET_OFFER_EXISTS: {
    cause: 'The offer is listed already.',
    remedy: 'None is needed.',
  },
  MARKET_OFFER_UNKNOWN: {
    cause: 'No offer of this name is listed.',
    remedy: 'None is needed where it was withdrawn; otherwise look the offer up again.',
  },
  MARKET_SIGNER_WRONG: {
    cause: 'An offer is withdrawn by somebody else than its seller.',
    remedy: 'Have the seller withdraw it.',
  },
  MARKET_FULL: {
    cause: 'The directory holds as many offers as it takes.',
    remedy: 'Try again when offers have expired, or ask another directory.',
  },
  MARKET_SELLER_FULL: {
    cause: 'The seller has as many offers listed as one may have.',
    remedy: 'Withdraw an offer first.',
  },
  MARKET_CAPACITY_SPENT: {
    cause: 'The offer takes no more work at the same time.',
    remedy: 'Choose another offer, or wait.',
  },
  MARKET_CAPACITY_FREE: {
    cause: 'Work ends on an offer that has none.',
    remedy: 'None is needed: it was told before.',
  },
} as const satisfies Record<string, { readonly cause: string; readonly remedy: string }>

export type MarketCode = keyof typeof MARKET_CODES
