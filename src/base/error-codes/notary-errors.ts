import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of notary sets. */
export const NOTARY_ERRORS = {
  NOTARY_MEMBER_CONVICTED: {
    cause:
      'A member of the notary set has signed two things of which one must be false; the proof is kept and was told to others.',
    remedy:
      'Ask the operators of the set to hand its log on without this member: `kernell notary-set advance`. Certificates need a quorum, so one liar alone changes nothing.',
    httpStatus: 500,
    isRetryable: false,
  },
  NOTARY_INSTANCE_OTHER: {
    cause: 'Another running process has taken over the high-water file of this notary, or signs with its key.',
    remedy: 'Run one process for each notary, and never copy its directory.',
    httpStatus: 503,
    isRetryable: false,
  },
  NOTARY_HIGH_WATER_DAMAGED: {
    cause: 'The file that says what this notary signed last is damaged where an interrupted write cannot explain it.',
    remedy: 'Do not remove it; replace the disk, and start this member in a new epoch of its set.',
    httpStatus: 500,
    isRetryable: false,
  },
  NOTARY_CLONE_SEEN: {
    cause: 'A signature under the key of this notary came from elsewhere, so that a copy of it runs.',
    remedy: 'Stop both, keep one data directory, and start a new epoch with a new key for this member.',
    httpStatus: 503,
    isRetryable: false,
  },
  NOTARY_STATE_BEHIND: {
    cause: 'The journal of this notary is older than what it has signed already.',
    remedy:
      'Let it catch up from its peers; a set of one goes on only in a new epoch, which its operator confirms: `kernell notary-set advance --confirm-restored`.',
    httpStatus: 503,
    isRetryable: true,
  },
  NOTARY_RESTORED: {
    cause: 'The data directory was restored from a backup, and nobody else knows what this notary has signed since.',
    remedy:
      'Start a new epoch: for a set of one its operator says with `kernell notary-set advance --confirm-restored` that the log goes on where the backup ends.',
    httpStatus: 503,
    isRetryable: false,
  },
  NOTARY_JOURNAL_OTHER: {
    cause: 'The journal in the directory belongs to another notary set or another epoch.',
    remedy: 'Start a new epoch on a new journal, and keep the old one as evidence.',
    httpStatus: 500,
    isRetryable: false,
  },
  NOTARY_DIRECTORY_COPIED: {
    cause: 'The data directory of this notary is a copy: what it signed last is counted for another directory.',
    remedy:
      'Start the directory that was used before. Where it is lost, or was moved to another disk, say with `kernell notary-set advance` that the log goes on from this one.',
    httpStatus: 503,
    isRetryable: false,
  },
  NOTARY_EPOCH_SHARED: {
    cause: 'The epoch of a set of several members ends where 2f + 1 of them say so, and not by the word of one.',
    remedy: 'Let 2f + 1 of its running members end the epoch for the same next set.',
    httpStatus: 409,
    isRetryable: false,
  },
  NOTARY_SET_OTHER: {
    cause: 'This node works with another notary set, and the one that was named does not follow it.',
    remedy:
      'Name the set that it works with, or the document that `kernell notary-set advance` wrote for it; another log needs another data directory.',
    httpStatus: 409,
    isRetryable: false,
  },
  NOTARY_ADDRESS_UNREACHABLE: {
    cause: 'An address of a notary set is one at which nobody can reach that member.',
    remedy:
      'Name the address at which others reach it, with a port of its own: `/ip4/127.0.0.1/tcp/4100` or `/unix/PATH`.',
    httpStatus: 400,
    isRetryable: false,
  },
  NOTARY_OVERLOADED: {
    cause: 'As many envelopes or questions wait at this notary as it keeps waiting.',
    remedy: 'Send the same bytes again in a moment; sending twice is safe.',
    httpStatus: 503,
    isRetryable: true,
  },
  NOTARY_CLOSED: {
    cause: 'This notary has stopped, or its disk failed, so that it signs nothing any more.',
    remedy: 'Send the same bytes again when it runs; the operator finds the reason in its log.',
    httpStatus: 503,
    isRetryable: true,
  },
  NOTARY_LEDGER_OTHER: {
    cause:
      'The books in the data directory of a notary are not the beginning of those in the shared store, or cannot go on there.',
    remedy:
      'Start this notary without `storage`, or name a schema in which its log has no books yet; a log whose segments were closed stays in its data directory.',
    httpStatus: 409,
    isRetryable: false,
  },
  NOTARY_UNREACHABLE: {
    cause: 'Too few members of the notary set answered in time.',
    remedy: 'Send the same bytes again; sending twice is safe.',
    httpStatus: 503,
    isRetryable: true,
  },
  NOTARY_ANSWER_WRONG: {
    cause: 'A member of the notary set answered with something that its signatures do not bear out.',
    remedy: 'Keep the answer as evidence and ask another member; the set has a liar or a defect.',
    httpStatus: 502,
    isRetryable: true,
  },
  NOTARY_QUESTION_UNKNOWN: {
    cause: 'A notary was asked something that is no question of its protocol.',
    remedy: 'Ask as `/kernell/notary/1.0.0` says; another version of this package may ask differently.',
    httpStatus: 400,
    isRetryable: false,
  },
  NOTARY_MAY_NOT_SIGN: {
    cause:
      'What this notary signed last is not known here: its directory is older than its high-water file, was restored, or is of a later set.',
    remedy:
      'Read the code in the details; begin a new epoch (`kernell notary-set advance` for a set of one), or let this member ask the others.',
    httpStatus: 503,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
