import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of connections between nodes. */
export const NETWORK_ERRORS = {
  NETWORK_ADDRESS_INVALID: {
    cause: 'An address is no multiaddr of a kind that this transport can open.',
    remedy:
      'Write it as /unix/PATH or /ip4/127.0.0.1/tcp/PORT on this machine; between machines as /ip4/HOST/tcp/PORT, /dns4/NAME/tcp/PORT/tls/ws, or RELAY/p2p-circuit.',
    httpStatus: 400,
    isRetryable: false,
  },
  NETWORK_LISTEN_FAILED: {
    cause: 'The address to listen on is in use, or this user may not open it.',
    remedy: 'Choose another address, or stop what uses it.',
    httpStatus: 500,
    isRetryable: false,
  },
  NETWORK_PEER_UNKNOWN: {
    cause: 'No address of this node is known, and it has no connection to us.',
    remedy: 'Name its address, or wait until it connects.',
    httpStatus: 404,
    isRetryable: false,
  },
  NETWORK_PEER_WRONG: {
    cause: 'Somebody answered at the address who does not hold the expected key.',
    remedy: 'Check the address and the DID with whoever runs that node.',
    httpStatus: 502,
    isRetryable: false,
  },
  NETWORK_UNREACHABLE: {
    cause: 'The node does not answer at its address, or the connection broke before its answer was here.',
    remedy: 'Ask again: every question may be asked twice. If it stays away, ask whoever runs it.',
    httpStatus: 502,
    isRetryable: true,
  },
  NETWORK_TIMEOUT: {
    cause: 'The answer did not come in the time that was set for it.',
    remedy: 'Ask again, with more time where the work takes longer.',
    httpStatus: 504,
    isRetryable: true,
  },
  NETWORK_PROTOCOL_UNKNOWN: {
    cause: 'The other node does not serve this protocol.',
    remedy: 'Ask a node with the role that serves it, or one with a newer version.',
    httpStatus: 501,
    isRetryable: false,
  },
  NETWORK_BODY_TOO_LARGE: {
    cause: 'A question or an answer is larger than one message may be.',
    remedy: 'Send large things in pieces.',
    httpStatus: 413,
    isRetryable: false,
  },
  NETWORK_FRAME_INVALID: {
    cause: 'The other side sent what is not of the protocol; the connection was closed.',
    remedy: 'Check that the other node runs a version that speaks this one.',
    httpStatus: 502,
    isRetryable: false,
  },
  NETWORK_OVERLOADED: {
    cause: 'As many questions as may wait for this node or on this connection.',
    remedy: 'Ask again after a moment, or ask less at a time.',
    httpStatus: 503,
    isRetryable: true,
  },
  NETWORK_CLOSED: {
    cause: 'The transport was stopped, or not started yet.',
    remedy: 'Start it before the first question and ask nothing after its end.',
    httpStatus: 503,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
