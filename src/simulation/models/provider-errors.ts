import { CodedError } from '../../base/errors.ts'
import type { CallFault } from './provider-faults.ts'

/** What a caller is told when a call fails so. */
export function providerError(
  fault: Exclude<CallFault, 'nonsense' | 'hanging'>,
  modelId: string,
  retryAfterMs?: number,
): CodedError {
  switch (fault) {
    case 'unreachable':
      return new CodedError('MODEL_UNREACHABLE', { message: `The provider of ${modelId} cannot be reached` })
    case 'server-error':
      return new CodedError('MODEL_SERVER_ERROR', { message: `The provider of ${modelId} failed` })
    case 'rate-limited':
      return new CodedError('MODEL_RATE_LIMITED', {
        message: `The provider of ${modelId} takes no more calls now`,
        details: { ...(retryAfterMs !== undefined && { retryAfterMs }) },
      })
    case 'malformed':
      return new CodedError('MODEL_ANSWER_MALFORMED', { message: `What ${modelId} sent is no answer` })
    case 'truncated':
      return new CodedError('MODEL_STREAM_TRUNCATED', { message: `The answer of ${modelId} broke off` })
  }
}
