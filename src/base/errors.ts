import { ERROR_CODES, type ErrorCode } from './error-codes.ts'

export type { ErrorCode } from './error-codes.ts'

/** Plain data that may cross a thread or the wire: structured clone keeps an `Error` but drops its `code`. */
export type PlainError = {
  readonly code: ErrorCode
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
}

/** What a `CodedError` says beside its code. `message` and `details` go with it across threads and the wire (`toPlainError`); `cause` and `isRetryable` do not. */
export type CodedErrorInit = {
  /** What happened, with the values that matter and no secret. The remedy of the code is added when printed. */
  readonly message: string
  readonly cause?: unknown
  /** Plain data for programs: names, limits, counts. Never a secret, never task text. */
  readonly details?: Readonly<Record<string, unknown>>
  /** Overrides the table's answer when this very failure is known to be (or not to be) worth a retry. */
  readonly isRetryable?: boolean
}

const MARK: unique symbol = Symbol.for('kernell-os.coded-error') as never

/**
 * An operating error: something outside the program went wrong, or a request cannot be served.
 * Recognise it with `CodedError.is(error, 'STORE_NOT_OPEN')`, never with `instanceof`: duplicate package copies and threads break that.
 */
export class CodedError extends Error {
  override readonly name = 'CodedError'
  readonly code: ErrorCode
  readonly isRetryable: boolean
  readonly details: Readonly<Record<string, unknown>>
  readonly [MARK] = true

  constructor(code: ErrorCode, init: CodedErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause })
    this.code = code
    this.isRetryable = init.isRetryable ?? ERROR_CODES[code].isRetryable
    this.details = init.details ?? {}
  }

  /** Whether `error` is a coded error, and of this code when one is given. */
  static is(error: unknown, code?: ErrorCode): error is CodedError {
    if (typeof error !== 'object' || error === null || !(MARK in error)) return false
    return code === undefined || (error as CodedError).code === code
  }
}

/** HTTP status that the gateway answers for a code. */
export function httpStatusOf(code: ErrorCode): number {
  return ERROR_CODES[code].httpStatus
}

/** What the reader can do about a code, one sentence. */
export function remedyOf(code: ErrorCode): string {
  return ERROR_CODES[code].remedy
}

/** Whether what failed with a code, as records name it, may succeed when it is tried again; so is what has no code of the table. */
export function isWorthRetrying(code: string | undefined): boolean {
  return code === undefined || !isErrorCode(code) || ERROR_CODES[code].isRetryable
}

/** Turns anything thrown into plain data. An error without a code becomes `INTERNAL_ERROR`. */
export function toPlainError(error: unknown): PlainError {
  if (CodedError.is(error)) return { code: error.code, message: error.message, details: error.details }
  return { code: 'INTERNAL_ERROR', message: error instanceof Error ? error.message : String(error) }
}

/**
 * The coded error that `toPlainError` was given. Plain data may come from another version of this package, or from anybody: a
 * code that is not in the table becomes `INTERNAL_ERROR`.
 */
export function fromPlainError(plain: Omit<PlainError, 'code'> & { readonly code: string }): CodedError {
  const code = isErrorCode(plain.code) ? plain.code : 'INTERNAL_ERROR'
  return new CodedError(code, { message: plain.message, ...(plain.details && { details: plain.details }) })
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code)
}
