/** Why a party declines what another one asks of it; a refusal changes nothing. */
export const PARTY_CODES = {
  MARKET_FRAME_LARGE: { cause: 'A frame has more bytes than one may have.', remedy: 'Send less.' },
  MARKET_FRAME_MALFORMED: {
    cause: 'A frame is none of this version, or is not in its canonical form.',
    remedy: 'Write frames as the specification says.',
  },
  MARKET_QUESTION_UNKNOWN: {
    cause: 'This party does not answer such questions.',
    remedy: 'Ask a party that has the role.',
  },
  MARKET_ENVELOPE_REFUSED: {
    cause: 'A signed message inside is wrong, expired, for somebody else, or of another kind.',
    remedy: 'Send the message that is due, signed by its issuer.',
  },
  MARKET_SKILL_UNKNOWN: {
    cause: 'The seller has no standing offer for this skill in this currency.',
    remedy: 'Look at its offers first.',
  },
  MARKET_PRICE_LOW: {
    cause: 'The price is below what the seller works for.',
    remedy: 'Offer at least the price of its standing offer or of its bid.',
  },
  MARKET_LIMIT_PASSED: {
    cause: 'Input, spans, bonds or penalties pass the limits of the seller, or the bond of the payer is below its own.',
    remedy: 'Ask for less, or another seller.',
  },
  MARKET_ARBITERS_DECLINED: {
    cause: 'The contract names an arbiter that the seller does not take.',
    remedy: 'Name arbiters that the seller has named with --arbiter of its offer, or none.',
  },
  MARKET_FALLBACK_LOW: {
    cause:
      'The share that the worker gets where nobody rules on a dispute, as arbiters may, is below what the seller works for.',
    remedy: 'Name a larger --fallback.',
  },
  MARKET_PAYER_SHORT: {
    cause: 'The payer does not have the price and its bond, as the notary set has its account.',
    remedy: 'Get credits first: the seller signs for what can be held.',
  },
  MARKET_EXPOSURE_SPENT: {
    cause: 'The seller has as much at stake as it takes on at once.',
    remedy: 'Try again when contracts have ended.',
  },
  MARKET_QUOTA_SPENT: {
    cause: 'The seller does no more for this payer, or of this skill, for now: by number, at once, or by time of work.',
    remedy: 'Ask again in a while, or another seller.',
  },
  MARKET_NETWORK_WRONG: {
    cause: 'The contract is for another network than the one that this party works on.',
    remedy: 'Write the terms for the network that both are on.',
  },
  MARKET_INPUT_MISSING: {
    cause: 'The worker would lose a penalty without the input, and is fetching its pieces before it signs.',
    remedy: 'Answer its questions for them, and ask for the signature again.',
  },
  MARKET_SIGN_BY_WRONG: {
    cause: 'The instant before which the terms are to be signed is past, or further ahead than the seller signs.',
    remedy: 'Name one within two minutes; compare the clocks of both.',
  },
  MARKET_SET_UNKNOWN: {
    cause: 'The contract names a notary set, an epoch or a fee owner that this party does not know.',
    remedy: 'Name a set that both know.',
  },
  MARKET_PARAMETERS_UNKNOWN: {
    cause: 'The contract pins a parameter set that this party does not know.',
    remedy: 'Name a set that both know.',
  },
  MARKET_CUSTODY_DECLINED: {
    cause: 'The party does not work under this custody model.',
    remedy: 'Choose one of those that it names in its policy.',
  },
  MARKET_CREDIT_LINE: {
    cause:
      'In C1 the seller would lend this payer more than it is ready to, over all currencies that the payer issues.',
    remedy: 'Let it give credits back to you first, buy for less, choose C2, or ask it for a larger --credit-line.',
  },
  MARKET_CREDIT_TOTAL: {
    cause:
      'In C1 the seller has lent as much as it is ready to, to all payers together that have no line of their own.',
    remedy: 'Choose C2, or ask it for a --credit-line of your own, or for a larger --credit-total.',
  },
  MARKET_CREDIT_HEAD: {
    cause: 'The contract stands on another account than the one that this party has written down of the two.',
    remedy:
      'Try again when both have seen the contract before end; a party that lost its records goes on with C2, or with another currency.',
  },
  MARKET_CREDIT_OWED: {
    cause: 'The contract names another amount as owed than the ledger has.',
    remedy: 'Read the ledger again, and sign new terms.',
  },
  MARKET_CREDIT_OPEN: {
    cause: 'Another contract stands on the same account and has not ended; two over one account are never signed.',
    remedy: 'Wait until it has ended, or choose C2.',
  },
  MARKET_CAPABILITY_WRONG: {
    cause: 'The capability that the contract names is not one under which this party works.',
    remedy: 'Show a chain of capabilities that allows the task.',
  },
  MARKET_TASK_WRONG: {
    cause: 'Task, input or predicate do not have the hashes that the contract names.',
    remedy: 'Send those that belong to the contract.',
  },
  MARKET_CONTRACT_UNKNOWN: {
    cause: 'This party is not in such a contract, or not any more.',
    remedy: 'Name a contract of both.',
  },
  MARKET_STATEMENT_DECLINED: {
    cause: 'The amount of a joint statement is not one that this party agrees to now.',
    remedy: 'Propose what the contract and the work so far give.',
  },
  MARKET_RULING_DIFFERS: {
    cause: 'Other arbiters have signed another split of this record, and each signs one only.',
    remedy:
      'Look at theirs first (`kernell escrow show`). Sign one of them with --like DID, or your own beside it with --apart: without k signatures on one split the fallback of the contract rules.',
  },
  MARKET_RULING_UNKNOWN: {
    cause: 'The arbiter that was named has shown no split of this record.',
    remedy: 'Connect to its node (--bootstrap), or say with --amount what it has told you.',
  },
  MARKET_AUCTION_UNKNOWN: {
    cause: 'The seller has not bid in this auction.',
    remedy: 'Send the call first.',
  },
  MARKET_RESTORED: {
    cause:
      'This party came back from a backup, and this began before: it may have bid or ruled since the backup, which it does not know any more, and says nothing twice.',
    remedy: 'Go on without it; in what begins half a minute behind its return it takes part again.',
  },
  MARKET_BID_OMITTED: {
    cause: 'The list of commitments leaves out one that the auctioneer gave a receipt for.',
    remedy: 'The receipt and the list together prove it; the bid is not revealed.',
  },
  MARKET_FORFEIT_WRONG: {
    cause: 'Lost deposits of the auction would go to somebody, who then gains by having them lost.',
    remedy: 'Name the account that nobody has the key of, as the specification gives it.',
  },
  MARKET_DEPOSIT_LIMIT: {
    cause:
      'The deposit is more than a fifth of what the seller asks or less than a thousandth, would be held for too long, or with others that are open (of this caller too) or were lost of late is more than the seller puts up.',
    remedy: 'Ask for another --deposit or none, hold a shorter auction, or buy at the standing offer.',
  },
  MARKET_CALLER_SHORT: {
    cause: 'Whoever calls does not hold the credits to buy what it asks bids for, so the seller puts up no deposit.',
    remedy: 'Have the credits in your account before the call, or call without a deposit.',
  },
  MARKET_DEPOSIT_SHORT: {
    cause: 'The seller does not have the credits that the auction asks for as a deposit, so it cannot bid.',
    remedy: 'The seller needs credits of the currency first; or ask for no deposit with --deposit 0.',
  },
  MARKET_SIGN_LATE: {
    cause: 'The winner of an auction did not sign the contract in time.',
    remedy: 'Its deposit is lost; the next one in the ranking is asked.',
  },
  MARKET_TRANSCRIPT_WRONG: {
    cause: 'The bytes behind a signed transcript are not the ones that it names.',
    remedy: 'Send the transcript whose hash was signed.',
  },
  MARKET_FILE_UNKNOWN: { cause: 'There is no such file in this contract.', remedy: 'Ask the party that filed it.' },
  MARKET_BUSY: { cause: 'The party works on as much as it can.', remedy: 'Try again later.' },
} as const satisfies Record<string, { readonly cause: string; readonly remedy: string }>

/** Why a party declines; `PARTY_CODES` has cause and remedy of each. */
export type PartyCode = keyof typeof PARTY_CODES
