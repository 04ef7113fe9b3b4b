import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of stores, journals, records and the memory graph. */
export const STORAGE_ERRORS = {
  STORE_PERMISSIONS: {
    cause: 'Others than the owner may read or write a file of the data directory that holds a secret.',
    remedy: 'Run `chmod 600` on the file that the message names; if others could read it, take a new data directory.',
    httpStatus: 500,
    isRetryable: false,
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
    remedy:
      'Restore the data directory from a backup, or move the damaged part that the message names aside and start again.',
    httpStatus: 500,
    isRetryable: false,
  },
  STORE_WRITE_FAILED: {
    cause: 'The disk refused a write or a sync; what was to be stored may or may not be found after a restart.',
    remedy: 'Free or replace the disk, then restart the node.',
    httpStatus: 503,
    isRetryable: false,
  },
  STORE_OVERLOADED: {
    cause: 'More writes wait for the disk than are held in memory.',
    remedy: 'Send the request again after a moment; a faster disk raises the limit.',
    httpStatus: 503,
    isRetryable: true,
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
  STORE_FORMAT_OLDER: {
    cause: 'The data directory has an older layout, which has no place for what is asked.',
    remedy: 'Stop what uses the directory and run `kernell migrate`; it keeps the old one.',
    httpStatus: 409,
    isRetryable: false,
  },
  STORE_MIGRATION_UNFINISHED: {
    cause:
      'A migration of the data directory was interrupted when the old one was put aside and the new one not yet in its place.',
    remedy: 'Run `kernell migrate` once more; it goes on where it stopped. Nothing is lost.',
    httpStatus: 503,
    isRetryable: false,
  },
  STORE_FORMAT_NEWER: {
    cause: 'The data directory was written by a newer version of this package.',
    remedy: 'Run that version or a newer one, or name another directory with `--data-dir`; nothing was changed.',
    httpStatus: 500,
    isRetryable: false,
  },
  STORE_PACKAGE_MISSING: {
    cause: 'The configuration names PostgreSQL as the shared store, but the optional package `pg` is not installed.',
    remedy: 'Run `npm install pg`, or take `storage` out of the configuration.',
    httpStatus: 500,
    isRetryable: false,
  },
  STORE_UNREACHABLE: {
    cause: 'The server of the shared store does not answer: it is down, starts again, or the connection was cut.',
    remedy: 'Start the server or repair the way to it; the node goes on by itself once it answers.',
    httpStatus: 503,
    isRetryable: true,
  },
  STORE_AUTH_FAILED: {
    cause: 'The server of the shared store refused the user, the password, or the database.',
    remedy:
      'Check the address in the variable that `storage.urlEnv` names, the file in `storage.passwordFile`, and pg_hba.conf of the server.',
    httpStatus: 500,
    isRetryable: false,
  },
  STORE_SERVER_UNSUPPORTED: {
    cause: 'The server of the shared store is older than this version can work with.',
    remedy: 'Use PostgreSQL 14 or later.',
    httpStatus: 500,
    isRetryable: false,
  },
  STORE_TIMEOUT: {
    cause: 'A statement at the server of the shared store took longer than it may, or waited too long for a lock.',
    remedy:
      'Send the request again after a moment; look at the load of the server, or raise `storage.statementTimeoutMs`.',
    httpStatus: 503,
    isRetryable: true,
  },
  LOG_POISONED: {
    cause: 'An earlier write or sync of the journal failed, so nothing more is accepted on this handle.',
    remedy: 'Free or replace the disk, then restart the node: it keeps what really reached the disk.',
    httpStatus: 503,
    isRetryable: false,
  },
  TELEMETRY_PACKAGE_MISSING: {
    cause: 'Export of traces or metrics is asked for, but an optional OpenTelemetry package is not installed.',
    remedy:
      'Run `npm install @opentelemetry/resources @opentelemetry/sdk-trace-base @opentelemetry/exporter-trace-otlp-http @opentelemetry/sdk-metrics @opentelemetry/exporter-metrics-otlp-http`, name only the signals that you have in `telemetry.otlpSignals`, or unset OTEL_EXPORTER_OTLP_ENDPOINT.',
    httpStatus: 500,
    isRetryable: false,
  },
  MEMORY_NOT_OPEN: {
    cause: 'The memory was used before it was started or after it was stopped.',
    remedy: 'Await `start()` before the first use, and stop the memory after the last.',
    httpStatus: 503,
    isRetryable: true,
  },
  MEMORY_OVERLOADED: {
    cause: 'More changes of the memory wait for the disk than it holds.',
    remedy: 'Send the change again after a moment; a faster disk raises the limit.',
    httpStatus: 503,
    isRetryable: true,
  },
  MEMORY_TENANTS_FULL: {
    cause: 'As many tenants as allowed have a memory already.',
    remedy: 'Erase a tenant that is gone, or raise `tenantsMax` where the memory is created.',
    httpStatus: 503,
    isRetryable: false,
  },
  MEMORY_TEXT_TOO_LARGE: {
    cause: 'The text is longer than the memory keeps in one piece.',
    remedy: 'Remember it in parts that are linked, or raise `textBytesMax` of the settings.',
    httpStatus: 413,
    isRetryable: false,
  },
  MEMORY_NODE_UNKNOWN: {
    cause:
      'The memory of this tenant has no node with this id: it was never there, was forgotten, or left to make room.',
    remedy: 'Remember the text again and use the id that this returns.',
    httpStatus: 404,
    isRetryable: false,
  },
  MEMORY_RECALL_UNKNOWN: {
    cause:
      'The recall that the feedback is about was of another tenant or of an earlier run, or too many came after it.',
    remedy: 'Give feedback soon after the recall, to the memory that answered it.',
    httpStatus: 404,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
