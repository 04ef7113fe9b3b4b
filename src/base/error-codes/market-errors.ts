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
  PEER_NOT_BOUGHT: {
    cause:
      'A peer did not sell an answer: its offer is gone or dearer, it declined or did not answer, or this node may not or cannot pay. No money was held.',
    remedy:
      '`details.reason` says which; the router asks a model instead. `kernell doctor` shows what the peer tier lacks on this node.',
    httpStatus: 502,
    isRetryable: true,
  },
  PEER_NOT_DELIVERED: {
    cause: 'A peer that had signed for an answer did not deliver it; what was held is free again.',
    remedy: 'None is needed: the router asks a model instead, and asks the peer less.',
    httpStatus: 502,
    isRetryable: true,
  },
  PEER_ANSWER_REFUSED: {
    cause: 'What a peer delivered is not in the form that both sides signed; it was rejected.',
    remedy:
      'None is needed: the router asks a model instead, and asks the peer less. `kernell escrow show` tells how the contract ends.',
    httpStatus: 502,
    isRetryable: true,
  },
  PEER_LATE: {
    cause:
      'An answer of a peer did not come within the time that is waited for. What it delivers within the time of the contract is still paid.',
    remedy: 'Raise `peers.latencyMs`, or leave it: the router asks a model instead, and asks the peer less.',
    httpStatus: 504,
    isRetryable: true,
  },
} as const satisfies Record<string, ErrorCodeEntry>
