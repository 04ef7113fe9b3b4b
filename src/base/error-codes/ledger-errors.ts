import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of the ledger and its journal. */
export const LEDGER_ERRORS = {
  LEDGER_RECOVERY_ASKED: {
    cause: "The recovery key of this node's escrow key asks that another key takes its place.",
    remedy:
      'If that is not yours, stop it before the delay has passed: `kernell ledger recovery cancel`. `kernell ledger recovery show` tells by when.',
    httpStatus: 409,
    isRetryable: false,
  },
  LEDGER_ACT_REFUSED: {
    cause:
      'The notary set refuses something that this node says about its own accounts by itself; the code of the refusal is in the message.',
    remedy:
      'Look the code up. The node says it anew, with pauses of up to an hour; `kernell ledger recovery collect` has it do so at once.',
    httpStatus: 409,
    isRetryable: true,
  },
  LEDGER_JOURNAL_BROKEN: {
    cause: 'A line of the journal does not follow from the lines before it.',
    remedy:
      'Verify the journal with `kernell ledger verify` and compare it with another copy; restore a backup that verifies.',
    httpStatus: 500,
    isRetryable: false,
  },
  LEDGER_JOURNAL_CLOSED: {
    cause: 'The journal was closed, or a write failed, so that it is behind what was computed.',
    remedy: 'Restart the node; what was acknowledged is in the journal.',
    httpStatus: 503,
    isRetryable: true,
  },
  LEDGER_JOURNAL_KEYLESS: {
    cause: 'A checkpoint was asked of a node that has no key to sign it.',
    remedy: 'Create a notary key with `kernell key create --role notary`.',
    httpStatus: 409,
    isRetryable: false,
  },
  LEDGER_SEGMENTS_MISSING: {
    cause: 'A segment was to be closed in a journal that has no place for its hashes and its state.',
    remedy: 'Open the journal with a folder for its segments.',
    httpStatus: 409,
    isRetryable: false,
  },
  LEDGER_PRUNE_REFUSED: {
    cause: 'A member of a notary set of several was to prune its books: blocks of the others come meanwhile.',
    remedy:
      'Prune the books of a notary that is alone in its set; a member closes a segment each time that it is stopped.',
    httpStatus: 409,
    isRetryable: false,
  },
  LEDGER_ARCHIVE_EXISTS: {
    cause: 'The file that pruned entries were to be archived in is there already.',
    remedy: 'Name another file; an archive is never overwritten.',
    httpStatus: 409,
    isRetryable: false,
  },
  LEDGER_ENTRY_PRUNED: {
    cause: 'The entry was archived and pruned: its hash is here, its text is not.',
    remedy: 'Take its line from the archive and ask for the proof with it.',
    httpStatus: 410,
    isRetryable: false,
  },
  LEDGER_ENTRY_UNKNOWN: {
    cause: 'The journal has no entry or checkpoint at this position.',
    remedy: 'Ask for a position below the number of entries that `kernell ledger list` names.',
    httpStatus: 404,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
