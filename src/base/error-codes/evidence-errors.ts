import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of keys and signed envelopes. */
export const EVIDENCE_ERRORS = {
  KEY_MISSING: {
    cause: 'There is no key of this role in the key store.',
    remedy: 'Make one with `kernell key create --role ROLE`, or import a bundle.',
    httpStatus: 404,
    isRetryable: false,
  },
  KEY_EXISTS: {
    cause: 'The key store has a key of this role already, and it is never overwritten.',
    remedy: 'Use it, rotate it, or name another data directory.',
    httpStatus: 409,
    isRetryable: false,
  },
  KEY_ANSWERS_LATER: {
    cause:
      'The key of this party lies where it can only be asked for signatures, such as in the keys of a browser, and what was to be signed cannot wait: an auction that it calls, or a capability token.',
    remedy: 'Buy at standing offers, or give the party a key that signs at once.',
    httpStatus: 501,
    isRetryable: false,
  },
  KEY_PLATFORM_LACKS: {
    cause:
      'The browser has no Ed25519 keys of its own, does not give the same signature twice, or the page was not served from a place that it trusts.',
    remedy:
      'Serve the page over https or from this machine to a browser that has Ed25519 in WebCrypto (Chromium since 137), or give the peer signers of your own.',
    httpStatus: 501,
    isRetryable: false,
  },
  KEY_PASSPHRASE_WRONG: {
    cause: 'The passphrase is not the one that the key was encrypted with.',
    remedy: 'Give the passphrase of this key; nothing else opens it.',
    httpStatus: 403,
    isRetryable: false,
  },
  KEY_PASSPHRASE_UNUSABLE: {
    cause: 'The passphrase is empty, or longer than 1,024 bytes.',
    remedy: 'Set KERNELL_KEY_PASSPHRASE, or type a passphrase where it is asked for.',
    httpStatus: 400,
    isRetryable: false,
  },
  KEY_PASSPHRASE_WEAK: {
    cause: 'The passphrase that a key should be encrypted with is shorter than 12 characters.',
    remedy: 'Take a longer one, several words for example; keys that have a shorter one still open.',
    httpStatus: 400,
    isRetryable: false,
  },
  KEY_RECOVERY_UNUSABLE: {
    cause: 'The recovery key is the key itself or one before it, or its delay is below 1 hour or above 365 days.',
    remedy: 'Name a key that is kept elsewhere, and a delay within which its owner looks.',
    httpStatus: 400,
    isRetryable: false,
  },
  KEY_STORE_PERMISSIONS: {
    cause: 'Others than the owner may enter the folder of the keys or read a file in it.',
    remedy:
      'Run `chmod 700` on the folder and `chmod 600` on the file that the message names; if others could read it, rotate the key.',
    httpStatus: 500,
    isRetryable: false,
  },
  KEY_IN_CONTRACTS: {
    cause: 'Contracts that have not ended reach this node by the name of its key, and would not under another one.',
    remedy: 'Rotate it when they have ended: `kernell escrow list` shows them. Nothing was changed.',
    httpStatus: 409,
    isRetryable: false,
  },
  KEY_IN_NOTARY_SET: {
    cause:
      'The notary set that this data directory works with names the key, so that another one in its place could sign nothing of what the notary keeps.',
    remedy:
      'Hand the log of a lone notary on to another key with `kernell notary-set advance --rotate-key`; else keep the key as long as the set is in use. Nothing was changed.',
    httpStatus: 409,
    isRetryable: false,
  },
  KEY_FILE_CORRUPTED: {
    cause: 'A key file or a bundle is not as it was written, or is none.',
    remedy: 'Restore it from a backup or import an exported bundle.',
    httpStatus: 500,
    isRetryable: false,
  },
  KEY_FORMAT_NEWER: {
    cause: 'A key file or a bundle was written by a newer version of this package.',
    remedy: 'Use that version or a newer one; nothing was changed.',
    httpStatus: 500,
    isRetryable: false,
  },
  KEY_PAIR_MISMATCHED: {
    cause: 'A secret key and the public key beside it do not belong together.',
    remedy: 'Import the seed alone, or restore the key from a backup.',
    httpStatus: 400,
    isRetryable: false,
  },
  KEY_ROTATIONS_EXHAUSTED: {
    cause: 'The key was rotated as often as its chain of statements can hold.',
    remedy: 'Make a key in a new data directory once the contracts of this one have ended.',
    httpStatus: 409,
    isRetryable: false,
  },
  KEY_POOL_CLOSED: {
    cause: 'Signatures were to be checked or made after the pool for them was closed.',
    remedy: 'Keep the node running while requests are served.',
    httpStatus: 503,
    isRetryable: true,
  },
  KEY_POOL_OVERLOADED: {
    cause: 'More signatures wait for the pool than it holds.',
    remedy: 'Send the request again after a moment, or send fewer at once.',
    httpStatus: 503,
    isRetryable: true,
  },
  KEY_POOL_WORKER_LOST: {
    cause: 'The thread that checked or made signatures ended before it answered; another has taken its place.',
    remedy: 'Send the request again: nothing was judged.',
    httpStatus: 503,
    isRetryable: true,
  },
  EVIDENCE_FULL: {
    cause: 'A party keeps as many contracts, messages, notes or files as it may.',
    remedy:
      'Try again later: what ended longest ago is forgotten where room is short. Or raise the limits of the party.',
    httpStatus: 507,
    isRetryable: true,
  },
  EVIDENCE_FILE_LARGE: {
    cause: 'A file of evidence, a task or a result has more bytes than a party keeps.',
    remedy: 'Send less, or put it elsewhere and send its hash.',
    httpStatus: 413,
    isRetryable: false,
  },
  EVIDENCE_KEY_CHANGED: {
    cause: 'A message was to be signed in a contract whose party has another key than this installation.',
    remedy: 'Sign with the key that the contract names; without it the contract ends by its timers.',
    httpStatus: 409,
    isRetryable: false,
  },
  EVIDENCE_PLACE_TAKEN: {
    cause: 'Something else was signed at this place before, and two statements at one place are a lie.',
    remedy: 'Use what was signed first; make a new contract for other terms.',
    httpStatus: 409,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
