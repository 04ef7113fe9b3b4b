/** How a purchase that came to no contract ended. */
export const BUY_CODES = {
  BUY_NO_OFFER: {
    cause: 'No standing offer that was found fits: skill, currency, price, latency, size or standing.',
    remedy: 'Ask more nodes, pay more, or ask for less.',
  },
  BUY_NODES_SILENT: {
    cause: 'None of the nodes that were asked for offers answered.',
    remedy:
      'Check that they run and where: the ready line of a node has its addresses, and --bootstrap names one. Then buy under another key.',
  },
  BUY_NODES_UNKNOWN: {
    cause: 'There was no node to ask for offers: this one knows none, and none is connected.',
    remedy: 'Start it with --bootstrap and the address of a node that sells, or wait until one connects.',
  },
  BUY_EXPOSURE: {
    cause:
      'What is known of the sellers whose offers fit is too little for their price: a newcomer may have no more of open contracts than its bond and what the buyer allows.',
    remedy:
      'Buy something smaller first, choose C3 so that the seller has a bond at stake, or allow a newcomer more with --newcomer-max.',
  },
  BUY_CREDIT_SPENT: {
    cause: 'With this price the buyer would owe the worker more than it lets itself owe one.',
    remedy: 'Ask the worker to give credits back first, buy for less, or choose C2.',
  },
  BUY_BALANCE_SHORT: {
    cause:
      'The buyer has less than the price with its bond and dispute bond, what its other contracts may still take counted: it could not reject.',
    remedy: 'Get credits first, wait for contracts under way, buy for less, or name a smaller --dispute-bond.',
  },
  BUY_TERMS_WRONG: {
    cause: 'The contract would break a rule of its custody model or of its parameter set, so nothing was signed.',
    remedy: 'The details name the rule; change the terms.',
  },
  BUY_NOT_AWARDED: {
    cause: 'The auction ended without a winner.',
    remedy: 'Read its transcript; raise the highest price or the slowest answer.',
  },
  BUY_DECLINED: {
    cause: 'Every seller that was chosen declined the contract, or did not answer.',
    remedy: 'The details name the last code; change the terms.',
  },
  BUY_GIVEN_UP: {
    cause:
      'Whoever wanted it does not wait any more, and this buyer had not signed: nothing was held, and nothing can be.',
    remedy: 'Buy it again under another key, where it is still wanted.',
  },
  BUY_NOT_HELD: {
    cause: 'The notary set did not hold the money for the contract.',
    remedy: 'The details name its code, such as a balance that is too small.',
  },
} as const satisfies Record<string, { readonly cause: string; readonly remedy: string }>

export type BuyCode = keyof typeof BUY_CODES

/** Why somebody who has bid does not get the work, though nobody before it in the ranking does; beside `BUY_EXPOSURE`. */
export const BIDDER_CODES = {
  BIDDER_NOT_WANTED: {
    cause: 'It has bid, and is not among the sellers of this purchase.',
    remedy: 'Name it among them, or buy from anybody.',
  },
  BIDDER_NOT_FOUND: {
    cause: 'It has bid, and no node says any more that it is there.',
    remedy: 'Ask more nodes, or buy again when it is back.',
  },
} as const satisfies Record<string, { readonly cause: string; readonly remedy: string }>

export type BidderCode = keyof typeof BIDDER_CODES | Extract<BuyCode, 'BUY_EXPOSURE'>
