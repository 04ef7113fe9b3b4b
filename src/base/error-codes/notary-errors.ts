import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of notary sets. */
export const NOTARY_ERRORS = {
  NOTARY_INSTANCE_OTHER: {
    cause: 'Another running process has taken over the high-water file of this notary.',
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
    remedy: 'Read the code in the details; start this member in a new epoch of its set, or let it ask the others.',
    httpStatus: 503,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
