import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of sandboxes. */
export const SANDBOX_ERRORS = {
  SANDBOX_UNAVAILABLE: {
    cause: 'No runtime of this machine is as strong as required and runs this kind of program.',
    remedy:
      '`details.passedOver` says of each runtime why not and what would help; `kernell doctor` shows all of them.',
    httpStatus: 501,
    isRetryable: false,
  },
  SANDBOX_POLICY_INVALID: {
    cause: 'The policy of a sandbox is no policy: a limit, a host, a path or a name in it cannot be used.',
    remedy: 'Correct the member that the message names; `kernell help sandbox run` shows a whole policy.',
    httpStatus: 400,
    isRetryable: false,
  },
  SANDBOX_PROGRAM_INVALID: {
    cause: 'What is to run cannot be run: an empty command, a module that is none, a function that is not exported.',
    remedy: 'Correct what the message names.',
    httpStatus: 400,
    isRetryable: false,
  },
  SANDBOX_PART_MISSING: {
    cause: 'What containers and machines of sandboxes are made from is not on this machine.',
    remedy: 'Install what the message names, and run `kernell sandbox prepare` again.',
    httpStatus: 501,
    isRetryable: false,
  },
  SANDBOX_BROKEN: {
    cause: 'The runtime itself failed, so that nothing is known of the program.',
    remedy: 'Read the cause; `kernell doctor` tries each runtime and says which ones work here.',
    httpStatus: 500,
    isRetryable: true,
  },
  SANDBOX_BUSY: {
    cause: 'As many runs as may wait for a sandbox are waiting.',
    remedy: 'Try again when some of them are over; from code, give the runtime a larger `concurrencyMax`.',
    httpStatus: 503,
    isRetryable: true,
  },
} as const satisfies Record<string, ErrorCodeEntry>
