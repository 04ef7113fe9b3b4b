/**
 * Logger: what a service says about itself while it runs, line by line. It is not what a command prints, not the record of a task
 * and not a trace. A line has a message that is always the same words, and fields that differ; secrets in fields are redacted, and
 * nobody puts what was asked or answered into them.
 *
 * ```ts
 * const reporting = (logger: Logger): void => {
 *   const log = logger.child({ request_id: '5f3e-1' })
 *   if (log.isEnabled('info')) log.info('request', { status: 200, duration_ms: 12 })
 * }
 * ```
 */

/** From what is seldom wanted to nothing at all. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/** Names in snake_case. An `Error` as `error` is told by its class and code; its message, which may quote a task, at level debug only. */
export type LogFields = Readonly<Record<string, unknown>>

export interface Logger {
  /** False: lines of this level are dropped; ask before gathering fields that cost something. */
  isEnabled(level: Exclude<LogLevel, 'silent'>): boolean
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A logger whose lines all have these fields as well. */
  child(fields: LogFields): Logger
}
