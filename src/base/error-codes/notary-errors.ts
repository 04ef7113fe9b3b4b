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
} as const satisfies Record<string, ErrorCodeEntry>
