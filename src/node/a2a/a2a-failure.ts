import { A2AError, ContentTypeNotSupportedError, RequestMalformedError } from '@a2a-js/sdk/errors'
import { CodedError, httpStatusOf, remedyOf } from '../../base/errors.ts'
import { outgoingText } from '../outgoing-text.ts'

/** A coded error of this project on its way to an A2A client: its code and remedy are in the metadata. */
export class CodedA2aError extends A2AError {
  readonly httpStatus: number
  readonly isRetryable: boolean

  constructor(error: CodedError) {
    super({ message: outgoingText(error.message), metadata: metadataOf(error), cause: error })
    this.name = 'CodedA2aError'
    this.httpStatus = httpStatusOf(error.code)
    this.isRetryable = error.isRetryable
  }
}

/**
 * What a client is told of a failure: the protocol's own errors as they are, a request that is not well formed as `RequestMalformedError`, other coded errors with
 * their code, and of anything else nothing but that it happened.
 */
export function toA2aError(error: unknown): A2AError {
  if (error instanceof A2AError) return error
  if (!CodedError.is(error)) return new A2AError('The node failed to serve the request.')
  const told = { message: outgoingText(error.message), metadata: metadataOf(error), cause: error }
  if (error.code === 'GATEWAY_MEDIA_TYPE') return new ContentTypeNotSupportedError(told)
  return httpStatusOf(error.code) === 400 ? new RequestMalformedError(told) : new CodedA2aError(error)
}

function metadataOf(error: CodedError): Record<string, string> {
  const { param } = error.details
  return {
    code: error.code,
    remedy: remedyOf(error.code),
    ...(typeof param === 'string' && { param }),
  }
}
