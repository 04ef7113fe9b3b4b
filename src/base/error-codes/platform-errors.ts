import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of the program, its configuration and its way out. */
export const PLATFORM_ERRORS = {
  INTERNAL_ERROR: {
    cause: 'The program met a state that it does not know.',
    remedy: 'Report it with the trace id; the request was not charged unless its record says so.',
    httpStatus: 500,
    isRetryable: false,
  },
  CONFIG_INVALID: {
    cause: 'The configuration file, an environment variable or a flag has an unknown key or a wrong value.',
    remedy: 'Correct the key that the message names; `kernell init` writes a commented example.',
    httpStatus: 500,
    isRetryable: false,
  },
  COMMAND_INVALID: {
    cause: 'The command line names an unknown command or flag, or a value is missing or wrong.',
    remedy: 'Run `kernell help`, or `kernell help COMMAND` for its flags.',
    httpStatus: 400,
    isRetryable: false,
  },
  DATA_LEAKAGE: {
    cause: 'A feature field or a prompt of the dataset holds what is known only after the task was carried out.',
    remedy:
      'Remove the field that the message names from the features or the metadata of the records, and build again.',
    httpStatus: 422,
    isRetryable: false,
  },
  DATA_INPUT_CHANGED: {
    cause: 'A data file or the records changed while they were read; they are read twice.',
    remedy: 'Give a file that nobody writes to, not a pipe, and run the command again.',
    httpStatus: 409,
    isRetryable: true,
  },
  OUTBOUND_NOT_ALLOWED: {
    cause:
      'The process was asked to connect to an address that the operator did not configure, or by a URL that is not plain http(s), or to a name that leads to a network that is not the internet.',
    remedy:
      'Add the base URL to the configuration if the connection is wanted; `outbound.privateHosts` names hosts that may lead to private networks.',
    httpStatus: 403,
    isRetryable: false,
  },
  OUTBOUND_UNREACHABLE: {
    cause: 'A server could not be reached, or the connection broke.',
    remedy: 'Check that the server runs and that its base URL is right.',
    httpStatus: 502,
    isRetryable: true,
  },
  OUTBOUND_TIMEOUT: {
    cause: 'A server did not accept the connection, answer, or go on with its answer in time.',
    remedy: 'Retry later, or raise the timeout in the configuration.',
    httpStatus: 504,
    isRetryable: true,
  },
  OUTBOUND_BUSY: {
    cause: 'As many requests to the internet as may be under way at one time are under way.',
    remedy: 'Try again when some of them are over.',
    httpStatus: 503,
    isRetryable: true,
  },
  OUTBOUND_RESPONSE_TOO_LARGE: {
    cause: 'A server sent more than the accepted size.',
    remedy: 'Raise the size limit in the configuration if answers of this size are expected.',
    httpStatus: 502,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
