/** Why the books refused an event before any contract or the ledger saw it, each with one sentence of cause and one of remedy. */
export const BOOKS_REFUSALS = {
  BOOKS_STAMP_BACKWARD: {
    cause: 'The stamp of the event is smaller than that of an event before.',
    remedy: 'Give stamps that never go backward.',
  },
  BOOKS_CONTRACT_UNKNOWN: {
    cause: 'No contract of this id is open or kept.',
    remedy: 'Send the offer with its terms first; look up ended contracts in the records.',
  },
  BOOKS_TERMS_MISSING: {
    cause: 'An offer came without the terms it is about.',
    remedy: 'Send the terms with the offer.',
  },
  BOOKS_SET_WRONG: {
    cause: 'The terms name another notary set, epoch, quorum or fee account than the one that keeps these books.',
    remedy: 'Send the contract to the set that it names.',
  },
  BOOKS_EPOCH_WRONG: {
    cause: 'A set is to keep these books whose epoch does not follow the one of the set that keeps them.',
    remedy: 'Name the set of the next epoch.',
  },
  BOOKS_PARAMETERS_UNKNOWN: {
    cause: 'No parameter set of this hash is known here.',
    remedy: 'Name one that the notary set publishes.',
  },
  BOOKS_PARAMETERS_OLD: {
    cause:
      'The contract names a parameter set that is not the one in force, and nothing is held for it yet; other sets count only as long as nobody has weight.',
    remedy: 'Sign the contract again under the set in force.',
  },
  BOOKS_GOVERNANCE_NONE: {
    cause: 'The notary set has no governance yet.',
    remedy: 'Ask its operators: governance begins when members that know it have started.',
  },
  BOOKS_GOVERNANCE_FOUNDED: {
    cause: 'The governance of the notary set has begun; it begins once.',
    remedy: 'Propose a change of the parameters instead.',
  },
  BOOKS_PARAMETERS_GOVERNED: {
    cause: 'Governance keeps the parameter set: it is in force, or contracts live under it.',
    remedy: 'Let governance change it; it retires sets that nothing names.',
  },
  BOOKS_PARAMETERS_FEES: {
    cause: 'A fee of the terms is above what the parameter set allows.',
    remedy: 'Agree on fees within the set.',
  },
  BOOKS_PARAMETERS_BONDS: {
    cause: 'A bond of a bonded contract is below the share of the price that the parameter set asks for.',
    remedy: 'Agree on larger bonds.',
  },
  BOOKS_PARAMETERS_FULL: {
    cause: 'As many parameter sets are known as the limits allow.',
    remedy: 'Try again when contracts under older sets have ended: governance retires sets that nothing names.',
  },
  BOOKS_CURRENCY_UNKNOWN: {
    cause: 'The currency of the terms is not registered in the ledger.',
    remedy: 'Let its issuer register it first.',
  },
  BOOKS_OFFER_LONG: {
    cause: 'The instant before which the terms are to be signed is more than an hour ahead.',
    remedy: 'Name an earlier `signBy`: what is only offered is kept until then.',
  },
  BOOKS_OFFERS_FULL: {
    cause:
      'As many contracts are kept for which nothing was held as the limits allow; half of them where the payer that offers does not have the price in credits of a listed issuer.',
    remedy: 'Try again soon: each is gone within an hour or two. Contracts that are agreed on go on.',
  },
  BOOKS_OPEN_FULL: {
    cause:
      'As many contracts are held as the limits allow; half of them in credits of issuers that the notary set has not listed.',
    remedy: 'Ask for the hold again when some have ended, or sign with another notary set.',
  },
  BOOKS_KEPT_FULL: {
    cause:
      'As many contracts that were held are kept, ended ones included, as the limits allow; half of them in credits of issuers that the notary set has not listed.',
    remedy: 'Ask for the hold again when some are kept no more, or sign with another notary set.',
  },
  BOOKS_ACCOUNTS_FULL: {
    cause: 'The ledger has no room for an account that the settlement may pay into.',
    remedy:
      'Name arbiters that have an account in the currency, pay in credits of a listed issuer, or sign with another notary set.',
  },
  BOOKS_ID_RESERVED: {
    cause: 'A transfer id begins with ffff, as those of contracts do.',
    remedy: 'Choose another id.',
  },
  BOOKS_KEY_REPLACED: {
    cause:
      'The message needs a key that another one has taken the place of: a party of a contract that is not held yet, or whoever signs with a key that was lost.',
    remedy: 'Make the contract with the key that counts now; a contract of a lost key ends by its timers.',
  },
  BOOKS_CREDIT_SHORT: {
    cause: 'What the payer owes the worker and what its open contracts may add would pass the credit line.',
    remedy: 'Pay off some of the account, or sign a contract with a larger line.',
  },
} as const

/** A code of `BOOKS_REFUSALS`, as the effect `event-refused` of the books names it. */
export type BooksRefusalCode = keyof typeof BOOKS_REFUSALS
