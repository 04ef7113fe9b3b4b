type CodeEntry = { readonly cause: string; readonly remedy: string }

/** Why an auction refuses an event; a refusal changes nothing. */
export const AUCTION_CODES = {
  AUCTION_CALL_INVALID: {
    cause: 'The call for proposals has a value outside its range, or two that contradict each other.',
    remedy: 'Correct the member that the reason names and publish a new call.',
  },
  AUCTION_STATE_WRONG: {
    cause: 'The auction is in a state in which this message has no meaning.',
    remedy: 'Ask for the state of the auction and send what it waits for.',
  },
  AUCTION_SIGNER_WRONG: {
    cause: 'The message is signed by somebody who may not send it.',
    remedy: 'Have it signed by the party that the call names for it.',
  },
  AUCTION_OTHER: {
    cause: 'The message belongs to another auction.',
    remedy: 'Make it for this auction; commitments and bids cannot be carried over.',
  },
  AUCTION_STAMP_BACKWARD: {
    cause: 'The stamp is smaller than the one before.',
    remedy: 'Give events in the order of their stamps.',
  },
  AUCTION_NOT_OPEN: {
    cause: 'The stamp is before the opening of the window.',
    remedy: 'Send it again once the window is open.',
  },
  AUCTION_LATE: {
    cause: 'The stamp is at or behind the deadline; a message is effective only before it.',
    remedy: 'None for this auction; send earlier next time.',
  },
  AUCTION_REVEAL_EARLY: {
    cause: 'A bid was revealed while commitments are still taken, which would show it to others.',
    remedy: 'Reveal when the list of commitments is published.',
  },
  AUCTION_REVEAL_UNKNOWN: {
    cause: 'The bidder has no funded commitment in this auction.',
    remedy: 'None for this auction: only who has committed may reveal.',
  },
  AUCTION_REVEAL_ALTERED: {
    cause: 'The revealed bid, salt and bidder do not hash to the commitment.',
    remedy: 'Reveal exactly the bid and the salt that were committed to.',
  },
  AUCTION_REVEAL_SECOND: {
    cause: 'The bidder has revealed already, with another message.',
    remedy: 'None is needed: the first one counts.',
  },
  AUCTION_COMMITMENT_SECOND: {
    cause: 'The bidder has another commitment in this auction.',
    remedy: 'None for this auction: the first one counts and cannot be withdrawn.',
  },
  AUCTION_FULL: {
    cause: 'As many bids as the call allows are in.',
    remedy: 'None for this auction; the buyer may allow more in the next call.',
  },
  AUCTION_CAPABILITY_MISSING: {
    cause: 'The bidder does not show a capability that the call asks for.',
    remedy: 'Have the capability attested before bidding.',
  },
  AUCTION_REPUTATION_LOW: {
    cause: 'The score of the bidder is below what the call asks for.',
    remedy: 'Bid where less is asked, or post a bond where the call allows newcomers.',
  },
  AUCTION_DEPOSIT_REFUSED: {
    cause: 'The ledger did not hold the deposit.',
    remedy: 'Have the deposit available and send a new commitment before the deadline.',
  },
  AUCTION_DEPOSIT_UNKNOWN: {
    cause: 'No deposit of this bidder waits for an answer.',
    remedy: 'None is needed: the answer was taken before.',
  },
  AUCTION_BEACON_EARLY: {
    cause: 'The checkpoint is from before the end of the commit window, so that it could be known to a bidder.',
    remedy: 'Give the first checkpoint that is certified at or behind the end.',
  },
  AUCTION_BEACON_OTHER: {
    cause: 'The checkpoint is not of the notary set that the call names.',
    remedy: 'Give a checkpoint of the named set.',
  },
  AUCTION_BEACON_KNOWN: {
    cause: 'The beacon is known already; only the first counts.',
    remedy: 'None is needed.',
  },
  AUCTION_CANCEL_LATE: {
    cause: 'The call cannot be cancelled any more: the commit window is over or a bid is standing.',
    remedy: 'Let the auction end.',
  },
  AUCTION_TIMER_EARLY: {
    cause: 'The timer fired before its instant.',
    remedy: 'Fire it when the stamp has reached the instant.',
  },
  AUCTION_TIMER_UNKNOWN: {
    cause: 'The timer is not running in this state.',
    remedy: 'None is needed: it fired before or was replaced.',
  },
  AUCTION_BID_TOO_HIGH: {
    cause: 'The price is above the reserve price or does not undercut the standing bid by the minimum decrement.',
    remedy: 'Bid at most the standing price less the decrement.',
  },
  AUCTION_BID_LIMIT: {
    cause: 'The bid is outside a limit of the call: latency, or the exposure cap of newcomers.',
    remedy: 'Bid within the limits.',
  },
  AUCTION_BID_LEADS: {
    cause: 'The bidder has the standing bid; it would bid against itself.',
    remedy: 'Wait for another bid.',
  },
} as const satisfies Record<string, CodeEntry>

export type AuctionCode = keyof typeof AUCTION_CODES

/** What is wrong with a transcript; each names who broke the rules or which part does not add up. */
export const TRANSCRIPT_CODES = {
  AUCTION_TRANSCRIPT_CALL: {
    cause: 'The call is invalid or does not hash to the id of the auction.',
    remedy: 'Do not accept the outcome; ask the auctioneer for the call that was published.',
  },
  AUCTION_TRANSCRIPT_ORDER: {
    cause: 'Bids are not in their canonical order or one is there twice.',
    remedy: 'Do not accept the outcome; one set of bids has one transcript.',
  },
  AUCTION_TRANSCRIPT_OMITTED: {
    cause: 'A message for which the auctioneer signed a receipt is missing or differs from the receipt.',
    remedy: 'Publish the receipt beside the signed transcript: together they prove it.',
  },
  AUCTION_TRANSCRIPT_ADDED: {
    cause: 'A commitment was not in the list that was published before the bids were revealed.',
    remedy: 'Publish the signed list beside the signed transcript: together they prove it.',
  },
  AUCTION_TRANSCRIPT_LATE: {
    cause: 'A bid counts whose stamp lies outside of its window.',
    remedy: 'Do not accept the outcome.',
  },
  AUCTION_TRANSCRIPT_ALTERED: {
    cause: 'A revealed bid does not hash to its commitment.',
    remedy: 'Do not accept the outcome.',
  },
  AUCTION_TRANSCRIPT_REFUSABLE: {
    cause: 'A bid is listed that the rules of the call refuse.',
    remedy: 'Do not accept the outcome.',
  },
  AUCTION_TRANSCRIPT_UNSIGNED: {
    cause: 'A bid is listed for which there is no message that its bidder has signed.',
    remedy: 'Ask the auctioneer for the file with the messages of the bidders; without them the bid may be invented.',
  },
  AUCTION_TRANSCRIPT_DEPOSIT: {
    cause: 'A bid is listed whose deposit the notary set has not held.',
    remedy: 'Do not accept the outcome: the bid cost nothing and may be invented.',
  },
  AUCTION_TRANSCRIPT_BEACON: {
    cause: 'The beacon is missing, too early, not the first checkpoint, or given where no notary set is named.',
    remedy: 'Do not accept the outcome; compare with the first certified checkpoint behind the commit window.',
  },
  AUCTION_TRANSCRIPT_OUTCOME: {
    cause: 'Winner, price or reason differ from what the bids come to.',
    remedy: 'Do not accept the outcome; the recomputed one is the right one.',
  },
} as const satisfies Record<string, CodeEntry>

export type TranscriptCode = keyof typeof TRANSCRIPT_CODES
