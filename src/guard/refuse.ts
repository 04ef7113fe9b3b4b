import { CodedError } from '../base/errors.ts'

/** The error of a connection that is not made. The message names no path, query or credentials, and no address that a name led to: whoever asks may not learn what a network is like inside. */
export function refuse(message: string, details: Readonly<Record<string, unknown>> = {}): CodedError {
  return new CodedError('OUTBOUND_NOT_ALLOWED', { message, details })
}
