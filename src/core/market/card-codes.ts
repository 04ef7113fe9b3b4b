/** Why the directory of cards refuses an event; a refusal changes nothing. */
export const CARD_CODES = {
  CARD_EXPIRED: {
    cause: 'The card is not valid any more at this stamp.',
    remedy: 'None is needed: whoever is there says so again.',
  },
  CARD_SEQUENCE_OLD: {
    cause: 'A card of the same node at the same position, or a later one, is known.',
    remedy: 'None is needed.',
  },
  CARD_NO_ROOM: {
    cause: 'The directory holds as many cards as it takes from strangers, or from this neighbour.',
    remedy:
      'None is needed: places become free when cards expire. A node that is named, or was dealt with, has a place.',
  },
  CARD_UNKNOWN: {
    cause: 'No card of this node is known.',
    remedy: 'None is needed.',
  },
} as const satisfies Record<string, { readonly cause: string; readonly remedy: string }>

export type CardCode = keyof typeof CARD_CODES

/** Why a card is not what a node may say of itself, beside what is wrong with any signed message. */
export const CARD_READ_REFUSALS = {
  CARD_TYPE_WRONG: {
    cause: 'The message is no card, or is about a contract.',
    remedy: 'Send each kind of message under its own topic.',
  },
  CARD_VALIDITY_WRONG: {
    cause: 'The card is valid for longer than a card may be.',
    remedy: 'Sign it for a day at most, and again before it expires.',
  },
  CARD_OFFER_WRONG: {
    cause: 'An offer of the card is none, or its seller has not signed it for everybody of this network.',
    remedy: 'Put offers into the card as their seller has signed them.',
  },
  CARD_OFFER_ELSEWHERE: {
    cause: 'An offer of the card names another node.',
    remedy: 'Put only offers into a card that name its node.',
  },
  CARD_OFFER_STRANGER: {
    cause: 'The seller of an offer is none of the accounts of the card.',
    remedy: 'Name every seller among the accounts.',
  },
  CARD_RECEIPT_WRONG: {
    cause: 'A receipt of the card is none that a payer has signed for one of its accounts.',
    remedy: 'Put only receipts into a card that others have signed for its accounts.',
  },
} as const satisfies Record<string, { readonly cause: string; readonly remedy: string }>

export type CardReadRefusal = keyof typeof CARD_READ_REFUSALS
