import type { ErrorCode } from '../base/error-codes.ts'
import { CodedError } from '../base/errors.ts'
import type { OutboundResponse } from '../ports/outbound-fetch.ts'
import { asRecord, asString, parseJson } from './json-access.ts'

/** Who is being called, for messages; and the secrets that must never be in one. */
export type ProviderIdentity = {
  readonly provider: string
  readonly modelId: string
  readonly secrets: readonly string[]
}

const MESSAGE_CHARACTERS_MAX = 300
const RETRY_AFTER_MS_MAX = 3_600_000

/** Anything that looks like a credential, masked or not: providers repeat the key they were given in their refusals. */
const CREDENTIAL = /\b(?:sk|pk|rk|key|token|bearer|api[-_]?key)(?:[-_ :=]+["']?)[A-Za-z0-9_\-*.]{6,}/gi

/** Text of a provider, fit for a message: one line, bounded, without secrets. */
export function sanitiseProviderText(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets) if (secret.length > 3) clean = clean.replaceAll(secret, '[redacted]')
  clean = clean.replaceAll(CREDENTIAL, '[redacted]').replaceAll(/\s+/g, ' ').trim()
  return clean.length > MESSAGE_CHARACTERS_MAX ? `${clean.slice(0, MESSAGE_CHARACTERS_MAX)}…` : clean
}

/** The coded error for a response whose status is not 200. Reads its body. */
export async function describeErrorResponse(
  response: OutboundResponse,
  identity: ProviderIdentity,
): Promise<CodedError> {
  const body = await response.text().catch(() => '')
  const reported = readReportedError(parseJson(body))
  return errorOfStatus({
    status: response.status,
    identity,
    reported,
    retryAfterMs: readRetryAfterMs(response),
  })
}

/** What a provider says about its failure: OpenAI's `{error: {message, type, code}}`, Anthropic's `{error: {type, message}}`, or `{error: "text"}`. */
export type ReportedError = { readonly message: string; readonly kind: string }

export function readReportedError(body: unknown): ReportedError {
  const error = asRecord(body)?.['error']
  const record = asRecord(error)
  const text = asString(error) ?? asString(record?.['message']) ?? asString(asRecord(body)?.['message']) ?? ''
  const kind = asString(record?.['code']) ?? asString(record?.['type']) ?? ''
  return { message: text, kind }
}

export type StatusFailure = {
  readonly status: number
  readonly identity: ProviderIdentity
  readonly reported: ReportedError
  readonly retryAfterMs: number | undefined
}

export function errorOfStatus(failure: StatusFailure): CodedError {
  const { status, identity, reported, retryAfterMs } = failure
  const code = codeOfFailure(status, reported)
  const said = sanitiseProviderText(reported.message, identity.secrets)
  return new CodedError(code, {
    message: `${identity.provider} answered ${status} for ${identity.modelId}${said === '' ? '' : `: ${said}`}`,
    details: {
      provider: identity.provider,
      model: identity.modelId,
      status,
      ...(reported.kind !== '' && { reason: sanitiseProviderText(reported.kind, identity.secrets) }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    },
  })
}

/** Names that providers give to an empty account; OpenAI answers it with 429, which a retry would not help. */
const OUT_OF_CREDIT = new Set([
  'insufficient_quota',
  'billing_error',
  'billing_hard_limit_reached',
  'insufficient_balance',
])

function codeOfFailure(status: number, reported: ReportedError): ErrorCode {
  if (status === 402 || OUT_OF_CREDIT.has(reported.kind)) return 'MODEL_PAYMENT_REQUIRED'
  if (status === 401 || status === 403) return 'MODEL_AUTH_FAILED'
  if (status === 404) return 'MODEL_NOT_FOUND'
  if (status === 408 || status === 504) return 'MODEL_TIMEOUT'
  if (status === 429) return 'MODEL_RATE_LIMITED'
  if (status >= 500) return 'MODEL_SERVER_ERROR'
  return status >= 400 ? 'MODEL_REQUEST_REFUSED' : 'MODEL_ANSWER_MALFORMED'
}

/** `retry-after-ms`, or `retry-after` in seconds or as a date; at most an hour. */
function readRetryAfterMs(response: OutboundResponse): number | undefined {
  const milliseconds = Number(response.header('retry-after-ms') ?? Number.NaN)
  if (Number.isFinite(milliseconds)) return clampWait(milliseconds)
  const header = response.header('retry-after')
  if (header === undefined) return undefined
  const seconds = Number(header)
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(waitMs) ? clampWait(waitMs) : undefined
}

function clampWait(waitMs: number): number {
  return Math.round(Math.min(Math.max(waitMs, 0), RETRY_AFTER_MS_MAX))
}

const CODE_OF_OUTBOUND: Readonly<Record<string, ErrorCode>> = {
  OUTBOUND_TIMEOUT: 'MODEL_TIMEOUT',
  OUTBOUND_UNREACHABLE: 'MODEL_UNREACHABLE',
  OUTBOUND_RESPONSE_TOO_LARGE: 'MODEL_ANSWER_TOO_LARGE',
}

/**
 * The model's error for a failure of the connection. Errors that are already the model's own, the signal's reason and refusals of the
 * guard pass through as they are.
 *
 * @param isAnswering Whether the provider had begun to answer, whole or in parts: a connection that breaks then truncates an answer that is billed.
 */
export function describeConnectionFailure(error: unknown, identity: ProviderIdentity, isAnswering = false): unknown {
  const code = CodedError.is(error) ? CODE_OF_OUTBOUND[error.code] : undefined
  if (code === undefined || !CodedError.is(error)) return error
  const isTruncated = isAnswering && code === 'MODEL_UNREACHABLE'
  return new CodedError(isTruncated ? 'MODEL_STREAM_TRUNCATED' : code, {
    message: `${identity.provider} failed for ${identity.modelId}: ${error.message}`,
    cause: error,
    details: { provider: identity.provider, model: identity.modelId, ...error.details },
  })
}

/** The error for an answer that is not one. `what` names the fault and never quotes the answer. */
export function malformedAnswer(what: string, identity: ProviderIdentity): CodedError {
  return new CodedError('MODEL_ANSWER_MALFORMED', {
    message: `${identity.provider} gave no usable answer for ${identity.modelId}: ${what}`,
    details: { provider: identity.provider, model: identity.modelId },
  })
}

/** The error for a stream that stops before its end. */
export function truncatedStream(identity: ProviderIdentity): CodedError {
  return new CodedError('MODEL_STREAM_TRUNCATED', {
    message: `${identity.provider} stopped the stream for ${identity.modelId} before it was finished`,
    details: { provider: identity.provider, model: identity.modelId },
  })
}
