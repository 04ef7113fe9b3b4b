/** One row of the table: what the code means, what to do, what HTTP says, whether the same call may succeed later. */
export type ErrorCodeEntry = {
  readonly cause: string
  readonly remedy: string
  readonly httpStatus: number
  readonly isRetryable: boolean
}

/**
 * Every coded error of the project, grouped by area. A code never changes its meaning within a major version; messages may.
 * The table in the README is made from this one, and a test holds the two together.
 */
export const ERROR_CODES = {
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
  ROUTER_NO_MODEL: {
    cause: 'No model is configured that may answer this request.',
    remedy: 'Set OPENAI_API_KEY or ANTHROPIC_API_KEY, start a local server such as Ollama, or name models in the configuration file.',
    httpStatus: 503,
    isRetryable: false,
  },
  ROUTER_NO_CAPABLE_MODEL: {
    cause: 'Models are configured, but none has everything that the request needs.',
    remedy: 'Add a model with the capability that the message names, or drop that need from the request.',
    httpStatus: 422,
    isRetryable: false,
  },
  ROUTER_ALL_FAILED: {
    cause: 'Every candidate was tried and failed or was refused by the verifier.',
    remedy: 'Look at `attempts` for the reason of each; retry later or allow a higher tier.',
    httpStatus: 502,
    isRetryable: true,
  },
  REQUEST_INVALID: {
    cause: 'The request is not well formed.',
    remedy: 'Correct the field that the message names.',
    httpStatus: 400,
    isRetryable: false,
  },
  REQUEST_ABORTED: {
    cause: 'The caller went away or its deadline passed.',
    remedy: 'Send the request again, with a longer deadline if it was too short.',
    httpStatus: 499,
    isRetryable: true,
  },
  STORE_NOT_OPEN: {
    cause: 'The store or journal was used before it was opened or after it was closed.',
    remedy: 'Keep the node running while requests are served; a stopped node must be started again.',
    httpStatus: 503,
    isRetryable: true,
  },
  STORE_LOCKED: {
    cause: 'Another process has the data directory open.',
    remedy: 'Stop the other `kernell` process, or name another directory with `--data-dir`.',
    httpStatus: 503,
    isRetryable: false,
  },
  STORE_CORRUPTED: {
    cause: 'Stored bytes failed their checksum in a place where an interrupted write cannot explain it.',
    remedy: 'Restore the data directory from a backup, or move the damaged part that the message names aside and start again.',
    httpStatus: 500,
    isRetryable: false,
  },
  STORE_WRITE_FAILED: {
    cause: 'The disk refused a write or a sync; what was to be stored may or may not be found after a restart.',
    remedy: 'Free or replace the disk, then restart the node.',
    httpStatus: 503,
    isRetryable: false,
  },
  STORE_READ_FAILED: {
    cause: 'The disk refused a read.',
    remedy: 'Check the disk and the permissions of the data directory.',
    httpStatus: 503,
    isRetryable: true,
  },
  STORE_FILE_MISSING: {
    cause: 'A file or folder that should exist is missing.',
    remedy: 'Restore the data directory from a backup, or check the path that the message names.',
    httpStatus: 500,
    isRetryable: false,
  },
  STORE_FORMAT_NEWER: {
    cause: 'The data directory was written by a newer version of this package.',
    remedy: 'Run that version or a newer one, or name another directory with `--data-dir`; nothing was changed.',
    httpStatus: 500,
    isRetryable: false,
  },
  LOG_POISONED: {
    cause: 'An earlier write or sync of the journal failed, so nothing more is accepted on this handle.',
    remedy: 'Free or replace the disk, then restart the node: it keeps what really reached the disk.',
    httpStatus: 503,
    isRetryable: false,
  },
  BUDGET_EXCEEDED: {
    cause: 'The call could cost more than is left of a budget.',
    remedy: 'Raise the limit that the message names, wait for its window to end, or allow a cheaper tier.',
    httpStatus: 402,
    isRetryable: false,
  },
  BUDGET_OVERLOADED: {
    cause: 'More reservations wait for the budget owner than its queue holds.',
    remedy: 'Send the request again after a moment.',
    httpStatus: 503,
    isRetryable: true,
  },
  TELEMETRY_PACKAGE_MISSING: {
    cause: 'Trace export is asked for, but an optional OpenTelemetry package is not installed.',
    remedy: 'Run `npm install @opentelemetry/sdk-trace-base @opentelemetry/exporter-trace-otlp-http`, or unset OTEL_EXPORTER_OTLP_ENDPOINT.',
    httpStatus: 500,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>

/** Name of a coded error: `AREA_WHAT`. */
export type ErrorCode = keyof typeof ERROR_CODES
