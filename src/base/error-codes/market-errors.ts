import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of a node's part in the market. */
export const MARKET_ERRORS = {
  MARKET_NODE_MISSING: {
    cause: 'No node that takes part in the market serves from the data directory.',
    remedy: 'Start one with `kernell node`, or name its address with --node and its token with --token-file.',
    httpStatus: 503,
    isRetryable: false,
  },
  MARKET_NOT_OPEN: {
    cause: 'This node was started without its keys, or is closing: it takes no part in the market.',
    remedy: 'Start it with `kernell node`, which opens the keys.',
    httpStatus: 409,
    isRetryable: false,
  },
  MARKET_ROLE_MISSING: {
    cause: 'The node does not have the role or the notary set that the command needs.',
    remedy: 'Start it with the flags that the message names.',
    httpStatus: 409,
    isRetryable: false,
  },
  MARKET_REFUSED: {
    cause: 'The ledger, the contract or the market refused what was asked; nothing has changed.',
    remedy: '`details.code` says which rule, and `details.remedy` what to do.',
    httpStatus: 422,
    isRetryable: false,
  },
  MARKET_KEY_REUSED: {
    cause: 'The idempotency key was used for another request.',
    remedy: 'Use a new key for a new request; repeat a request with exactly what it said.',
    httpStatus: 422,
    isRetryable: false,
  },
  MARKET_OBJECT_UNKNOWN: {
    cause: 'The node knows no contract, auction, offer or purchase of this name.',
    remedy: 'Look the name up with the list of its kind, such as `kernell escrow list` or `kernell market list`.',
    httpStatus: 404,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
