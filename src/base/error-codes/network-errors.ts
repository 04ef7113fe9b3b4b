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
  NETWORK_KEY_INVALID: {
    cause: 'The file of `network.keyFile` holds no key of a private network, cannot be read, or can be read by others.',
    remedy: 'Make one with `openssl rand -hex 32`, in a file that only its owner may read, the same on every node.',
    httpStatus: 500,
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
  PEER_ID_INVALID: {
    cause: 'A text is no name of a node: neither a did:key of an Ed25519 key, nor the same key as a peer id.',
    remedy: 'Copy it from `kernell peers list`, or from the ready line of that node: did:key:z6Mk... or 12D3KooW...',
    httpStatus: 400,
    isRetryable: false,
  },
  PEER_UNKNOWN: {
    cause: 'This node has never heard of that peer: no address, no connection, no conduct, no ban.',
    remedy: '`kernell peers list --limit 10000` shows all that it knows.',
    httpStatus: 404,
    isRetryable: false,
  },
  PEER_IS_SELF: {
    cause: 'The peer that was to be banned is the node itself.',
    remedy: 'Name the key of another node.',
    httpStatus: 409,
    isRetryable: false,
  },
  PEER_BANS_FULL: {
    cause: 'As many peers are banned as may be; the list does not grow beyond that.',
    remedy:
      'Take a ban back with `kernell peers unban`, or give bans an end with --for. Keys cost nothing: against many of them a firewall that blocks their addresses is the better tool.',
    httpStatus: 409,
    isRetryable: false,
  },
  PEER_NETWORK_MISSING: {
    cause:
      'The running node has no connections between machines: it listens on sockets of this machine and knows nobody beyond them.',
    remedy:
      'Start it with an address between machines, such as --listen /ip4/127.0.0.1/tcp/0, or with a node to know: --bootstrap.',
    httpStatus: 409,
    isRetryable: false,
  },
  NETWORK_CLOSED: {
    cause: 'The transport was stopped, or not started yet.',
    remedy: 'Start it before the first question and ask nothing after its end.',
    httpStatus: 503,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
