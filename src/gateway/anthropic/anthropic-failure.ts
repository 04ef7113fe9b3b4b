import type { FailureDescription } from '../describe-failure.ts'

/** The words of the Messages interface for failures, by status; any other status below 500 is a fault of the request. */
const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
}

/** The failure with the status that clients of the Messages interface know it by: a spent budget is no limit of rate there. */
export function asAnthropicFailure(description: FailureDescription): FailureDescription {
  return description.error.code === 'insufficient_quota' ? { ...description, status: 402 } : description
}

/** The body `{"type":"error","error":{...}}`. `code`, `param` and `details` are those of the other interfaces. */
export function formatAnthropicFailure(description: FailureDescription, requestId: string): string {
  const { message, code, param, details } = description.error
  const { status } = asAnthropicFailure(description)
  const type = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')
  const error = { type, message, code, ...(param !== null && { param }), ...(details !== undefined && { details }) }
  return JSON.stringify({ type: 'error', error, request_id: requestId }, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
}
