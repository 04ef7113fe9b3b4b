/** Failures before the provider worked: it was not reached, or it said no. After any other, known or not, it may have worked, and may bill. */
const NEVER_BILLED: ReadonlySet<string> = new Set([
  'OUTBOUND_NOT_ALLOWED',
  'MODEL_UNREACHABLE',
  'MODEL_CIRCUIT_OPEN',
  'MODEL_AUTH_FAILED',
  'MODEL_PAYMENT_REQUIRED',
  'MODEL_RATE_LIMITED',
  'MODEL_NOT_FOUND',
  'MODEL_REQUEST_REFUSED',
  'MODEL_SERVER_ERROR',
  'MODEL_OVERLOADED',
  'MODEL_RUNTIME_MISSING',
  'MODEL_FILE_INVALID',
  'MODEL_RECORDING_MISSING',
  'PEER_NOT_BOUGHT',
  'PEER_NOT_DELIVERED',
  'PEER_ANSWER_REFUSED',
])

/** Whether a call that failed with this code cost nothing, without doubt. */
export function isNeverBilled(code: string): boolean {
  return NEVER_BILLED.has(code)
}
