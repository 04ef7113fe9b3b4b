import { destination, pino, stdTimeFunctions, type DestinationStream, type Logger as PinoLogger } from 'pino'
import { CodedError } from '../base/errors.ts'
import { redactDocument, redactText } from '../core/redaction/redact-text.ts'
import type { LogFields, Logger, LogLevel } from '../ports/logger.ts'
import { prettyLine } from './pretty-line.ts'

/** Where lines go: a file that is written to in the background, or somebody who takes text at once. */
export type LogTarget = { readonly fd: number } | { write(text: string): unknown }

export type LogInit = {
  readonly level: LogLevel
  /** `json`: one document a line. `pretty`: for people. */
  readonly format: 'json' | 'pretty'
  readonly target: LogTarget
  /** Whether a pretty line may have colours. */
  readonly isColoured?: boolean
}

export type OpenLog = {
  readonly logger: Logger
  /** Writes what still waits. Call it before the process ends; an end without it is seen to as well, where it is no kill. */
  flush(): void
}

/** Text that may wait for a slow reader; lines beyond are dropped, so that a log that nobody reads takes no memory without end. */
const WAITING_BYTES_MAX = 16 * 1_048_576

/** Members that hold secrets by their name, whatever stands in them. */
const SECRET_PATHS = [
  'authorization',
  'cookie',
  'password',
  'passphrase',
  'secret',
  'token',
  'apiKey',
  'api_key',
].flatMap((name) => [name, `*.${name}`, `*.*.${name}`])

/** Opens the log of a service. */
export function openPinoLog(init: LogInit): OpenLog {
  const { stream, flush } = openTarget(init)
  const log = pino(
    {
      level: init.level,
      base: { pid: process.pid },
      redact: { paths: SECRET_PATHS, censor: '[redacted]' },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  )
  return { logger: new RedactingLogger(log), flush }
}

function openTarget({ format, target, isColoured }: LogInit): {
  readonly stream: DestinationStream
  readonly flush: () => void
} {
  if ('fd' in target && format === 'json') {
    const file = destination({ dest: target.fd, sync: false, minLength: 0, maxLength: WAITING_BYTES_MAX })
    return { stream: file, flush: () => flushNow(file) }
  }
  const write = writerOf(target)
  if (format === 'json') return { stream: { write }, flush: () => undefined }
  return { stream: { write: (line) => write(prettyLine(line, isColoured === true)) }, flush: () => undefined }
}

function writerOf(target: LogTarget): (text: string) => void {
  if (!('fd' in target)) return (text) => void target.write(text)
  const file = destination({ dest: target.fd, sync: true })
  return (text) => void file.write(text)
}

/** A reader that went away is no reason to fail at the end. */
function flushNow(file: { flushSync(): void }): void {
  try {
    file.flushSync()
  } catch {
    // There is nobody left to tell.
  }
}

class RedactingLogger implements Logger {
  readonly #log: PinoLogger

  constructor(log: PinoLogger) {
    this.#log = log
  }

  isEnabled(level: Exclude<LogLevel, 'silent'>): boolean {
    return this.#log.isLevelEnabled(level)
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields)
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields)
  }

  child(fields: LogFields): Logger {
    return new RedactingLogger(this.#log.child(this.#told(fields)))
  }

  #write(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: LogFields | undefined): void {
    if (!this.#log.isLevelEnabled(level)) return
    if (fields === undefined) this.#log[level](redactText(message))
    else this.#log[level](this.#told(fields), redactText(message))
  }

  #told(fields: LogFields): Record<string, unknown> {
    const { error, ...rest } = fields
    const told = redactDocument(rest) as Record<string, unknown>
    return error === undefined ? told : { ...told, error: describeError(error, this.#log.isLevelEnabled('debug')) }
  }
}

const CAUSES_MAX = 4

/**
 * An error without its words, which may quote a task or what a provider said of it: class, code and where in the program it
 * happened. With its words, without secrets, where the operator asked for that much.
 */
function describeError(error: unknown, isVerbose: boolean, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error }
  const { cause } = error
  return {
    type: error.name,
    ...(CodedError.is(error) && { code: error.code }),
    ...(isVerbose && { message: redactText(error.message) }),
    ...(!CodedError.is(error) && { stack: framesOf(error) }),
    ...(cause !== undefined && depth < CAUSES_MAX && { cause: describeError(cause, isVerbose, depth + 1) }),
  }
}

/** The lines of a stack that name places; the first ones repeat the message. */
function framesOf({ stack = '' }: Error): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim())
    .join('\n')
}
