import { CodedError } from '../base/errors.ts'

/**
 * The error for a request that is not well formed: `REQUEST_INVALID` with the member that is wrong.
 *
 * @param param  Path of the member as the caller would write it, `messages[0].content`, or the name of a header; `undefined` for the body as a whole.
 * @param message  What is wrong and what is taken instead. The value itself is not repeated: it may be private.
 */
export function invalidRequest(param: string | undefined, message: string): CodedError {
  return new CodedError('REQUEST_INVALID', { message, details: param === undefined ? {} : { param } })
}
