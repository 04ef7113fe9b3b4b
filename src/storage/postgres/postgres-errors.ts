import { CodedError, type ErrorCode } from '../../base/errors.ts'

/** Two transactions met in a way that one of them has to begin anew: serialization failure, deadlock. */
const BEGIN_ANEW: ReadonlySet<string> = new Set(['40001', '40P01'])
/** The server goes down, starts, or has no connection to spare. */
const SERVER_AWAY: ReadonlySet<string> = new Set(['57P01', '57P02', '57P03', '53300'])
/** Of the operating system, and of the library for a socket that closed. */
const SOCKET_FAILURES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
])
/** What the library says where it has no code. */
const LOST_CONNECTION =
  /connection terminated|connection ended|connection error|not queryable|timeout expired|timeout exceeded when trying to connect/i
const TIMED_OUT = /query read timeout/i

export type FailureContext = {
  readonly action: 'open' | 'read' | 'write'
  /** Where, without a password. */ readonly place: string
}

/** Whether the same statement may succeed when it is sent again at once. */
export function isBegunAnew(error: unknown): boolean {
  return BEGIN_ANEW.has(codeOf(error) ?? '')
}

/** Whether nobody can tell from the failure what the server did, because the connection is gone. */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error)
  if (code !== undefined && (SOCKET_FAILURES.has(code) || SERVER_AWAY.has(code) || code.startsWith('08'))) return true
  if (error instanceof AggregateError) return error.errors.some(isConnectionLost)
  return code === undefined && error instanceof Error && LOST_CONNECTION.test(error.message)
}

/** The coded error for what the library threw. What the server says of a statement may hold values: only its code is passed on. */
export function postgresErrorOf(error: unknown, context: FailureContext): CodedError {
  if (CodedError.is(error)) return error
  const serverCode = codeOf(error)
  const code = errorCodeOf(error, context)
  return new CodedError(code, {
    message: `Cannot ${context.action} the store at ${context.place}: ${wordsOf(code, serverCode)}`,
    details: {
      place: context.place,
      ...(serverCode !== undefined && { serverCode }),
      ...remedyFor(code, serverCode),
    },
  })
}

function errorCodeOf(error: unknown, { action }: FailureContext): ErrorCode {
  const serverCode = codeOf(error) ?? ''
  if (serverCode.startsWith('28') || serverCode === '3D000') return 'STORE_AUTH_FAILED'
  if (isConnectionLost(error)) return 'STORE_UNREACHABLE'
  if (['57014', '55P03', '25P03'].includes(serverCode)) return 'STORE_TIMEOUT'
  if (error instanceof Error && TIMED_OUT.test(error.message)) return 'STORE_TIMEOUT'
  if (isBegunAnew(error)) return 'STORE_OVERLOADED'
  if (serverCode === '42501') return 'STORE_PERMISSIONS'
  if (serverCode === 'XX001' || serverCode === 'XX002') return 'STORE_CORRUPTED'
  if (action === 'write') return 'STORE_WRITE_FAILED'
  return action === 'read' ? 'STORE_READ_FAILED' : 'STORE_NOT_OPEN'
}

function wordsOf(code: ErrorCode, serverCode: string | undefined): string {
  const words: Partial<Record<ErrorCode, string>> = {
    STORE_AUTH_FAILED: 'the server refuses the user, the password or the database',
    STORE_UNREACHABLE: 'the server does not answer',
    STORE_TIMEOUT: 'the server took too long',
    STORE_OVERLOADED: 'too many changes of the same rows meet',
    STORE_PERMISSIONS: 'the user may not do this in the schema',
    STORE_CORRUPTED: 'the server found its own files damaged',
  }
  const said = words[code] ?? 'the server refused the statement'
  return serverCode === undefined ? said : `${said} (${serverCode})`
}

function remedyFor(code: ErrorCode, serverCode: string | undefined): { readonly remedy?: string } {
  if (code === 'STORE_PERMISSIONS')
    return {
      remedy:
        'Let the user own the schema, or run `kernell migrate` as its owner and grant the user what the README names.',
    }
  if (code === 'STORE_WRITE_FAILED' && (serverCode === '53100' || serverCode === '58030'))
    return { remedy: 'Free or replace the disk of the database server, then restart the node.' }
  return {}
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
