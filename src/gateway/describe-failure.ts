import { CodedError, httpStatusOf, remedyOf } from '../base/errors.ts'
import { outgoingDocument, outgoingText } from '../node/outgoing-text.ts'

/** A failure as OpenAI's clients read it, and what their retry logic is told. */
export type FailureDescription = {
  readonly status: number
  readonly isRetryable: boolean
  /** Absent unless waiting helps. A retry that is earlier is refused again. */
  readonly retryAfterMs?: number
  /** More headers, names and values alternating: what is left of the rates that refused. */
  readonly headers?: readonly string[]
  readonly error: {
    readonly message: string
    readonly type:
      | 'invalid_request_error'
      | 'permission_error'
      | 'rate_limit_error'
      | 'insufficient_quota'
      | 'server_error'
    readonly param: string | null
    /** OpenAI's own word where it has one, else the project's code. */
    readonly code: string
    readonly details?: Readonly<Record<string, unknown>>
  }
}

/** Where OpenAI's interface has a word of its own, clients look for that word. */
const WORDS: ReadonlyMap<string, { readonly code: string; readonly status?: number; readonly param?: string }> =
  new Map([
    ['GATEWAY_KEY_INVALID', { code: 'invalid_api_key' }],
    ['GATEWAY_OVERLOADED', { code: 'rate_limit_exceeded' }],
    ['ACCESS_RATE_LIMITED', { code: 'rate_limit_exceeded' }],
    ['MODEL_NOT_FOUND', { code: 'model_not_found', status: 404, param: 'model' }],
    ['ROUTER_MODEL_UNKNOWN', { code: 'model_not_found', status: 404, param: 'model' }],
    // The table says 402; clients of this interface know a spent budget as 429 with this code.
    ['BUDGET_EXCEEDED', { code: 'insufficient_quota', status: 429 }],
  ])

/**
 * Describes anything thrown. A coded error keeps its message, followed by the remedy of its code; any other error is a fault of the program,
 * whose text stays inside: the caller gets a request id to report.
 */
export function describeFailure(error: unknown, requestId: string): FailureDescription {
  if (!CodedError.is(error)) return describeFault(requestId)
  const word = WORDS.get(error.code)
  const status = word?.status ?? statusForCaller(error)
  const { param, headers, ...details } = error.details
  return {
    status,
    isRetryable: error.isRetryable,
    ...retryAfterOf(error),
    ...(isTextList(headers) && { headers }),
    error: {
      message: outgoingText(withRemedy(error)),
      type: typeOf(status, word?.code),
      param: typeof param === 'string' ? param : (word?.param ?? null),
      code: word?.code ?? error.code,
      ...(Object.keys(details).length > 0 && { details: outgoingDocument(details) }),
    },
  }
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

/** A message that names the fault in the request is its own remedy; one that already begins like the remedy of its code knows a more precise one. */
function withRemedy({ code, message, details }: CodedError): string {
  const remedy = typeof details['remedy'] === 'string' ? details['remedy'] : remedyOf(code)
  if (code === 'REQUEST_INVALID' || message.includes(remedy.slice(0, 24))) return message
  return `${withFullStop(message)} ${remedy}`
}

/** What the providers asked for, where they did. */
function retryAfterOf({ code, details, isRetryable }: CodedError): { readonly retryAfterMs?: number } {
  if (code === 'GATEWAY_OVERLOADED') return { retryAfterMs: 1_000 }
  const { retryAfterMs } = details
  return isRetryable && typeof retryAfterMs === 'number' ? { retryAfterMs } : {}
}

function describeFault(requestId: string): FailureDescription {
  return {
    status: 500,
    isRetryable: false,
    error: {
      message: `The node failed to serve the request. Report it with the request id ${requestId}.`,
      type: 'server_error',
      param: null,
      code: 'INTERNAL_ERROR',
    },
  }
}

/** An upstream that refuses the node's own key (401, 403) is not the caller's fault: the caller would look for it in its own key. */
function statusForCaller(error: CodedError): number {
  const status = httpStatusOf(error.code)
  return (status === 401 || status === 403) && !error.code.startsWith('GATEWAY_') ? 502 : status
}

function typeOf(status: number, code: string | undefined): FailureDescription['error']['type'] {
  if (code === 'insufficient_quota') return 'insufficient_quota'
  if (status === 429) return 'rate_limit_error'
  if (status === 403) return 'permission_error'
  return status < 500 ? 'invalid_request_error' : 'server_error'
}

function withFullStop(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`
}

/** The body `{"error":{...}}`. Amounts in `details` are written as decimal strings. */
export function formatFailure(description: FailureDescription): string {
  return JSON.stringify({ error: description.error }, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
}
