/** Why an announcement is no call for proposals, beside what is wrong with any signed message. */
export const CALL_READ_REFUSALS = {
  CALL_TYPE_WRONG: {
    cause: 'The message is no announcement of an auction, or is about a contract.',
    remedy: 'Send each kind of message under its own topic.',
  },
  CALL_WRONG: {
    cause: 'The call inside is none, is for another network or audience, or contradicts itself.',
    remedy: 'Announce a call as the rules of auctions say.',
  },
  CALL_STRANGER: {
    cause: 'The announcement is signed by somebody else than the auctioneer.',
    remedy: 'Announce only auctions of your own.',
  },
  CALL_OVER: { cause: 'Nobody can bid any more.', remedy: 'None is needed.' },
} as const satisfies Record<string, { readonly cause: string; readonly remedy: string }>

export type CallReadRefusal = keyof typeof CALL_READ_REFUSALS

/** Why the directory of calls refuses one; a refusal changes nothing. */
export const CALL_CODES = {
  CALL_KNOWN: { cause: 'The call is known already.', remedy: 'None is needed.' },
  CALL_NO_ROOM: {
    cause: 'As many calls are open as are kept, or as neighbours of one block of addresses may tell of.',
    remedy: 'None is needed: places become free when calls are over.',
  },
} as const satisfies Record<string, { readonly cause: string; readonly remedy: string }>

export type CallCode = keyof typeof CALL_CODES
