import { ProtocolError, SdkError, SdkErrorCode } from '@modelcontextprotocol/client'
import { CodedError } from '../base/errors.ts'

/** Letters of what a server says that are passed on. */
const SAID_CHARS_MAX = 300

/** Whatever went wrong with a server, by our code. What is coded already, as the guard's refusals are, keeps its own as the cause. */
export function serverFailure(server: string, error: unknown): CodedError {
  if (CodedError.is(error)) {
    if (error.code.startsWith('MCP_') || error.code === 'REQUEST_INVALID') return error
    const code = error.code === 'OUTBOUND_TIMEOUT' ? 'MCP_SERVER_TIMEOUT' : 'MCP_SERVER_UNAVAILABLE'
    if (error.code === 'OUTBOUND_RESPONSE_TOO_LARGE')
      return new CodedError('MCP_RESULT_TOO_LARGE', { message: `${server} answers too much`, cause: error })
    return new CodedError(code, {
      message: `${server}: ${error.message}`,
      cause: error,
      details: { server, cause: error.code },
    })
  }
  const said = (error instanceof Error ? error.message : String(error)).slice(0, SAID_CHARS_MAX)
  const because = { cause: error, details: { server } }
  if (SdkError.isInstance(error)) {
    if (error.code === SdkErrorCode.RequestTimeout)
      return new CodedError('MCP_SERVER_TIMEOUT', { message: `${server} did not answer in time`, ...because })
    const isSenseless = error.code === SdkErrorCode.InvalidResult || error.code === SdkErrorCode.UnsupportedResultType
    const code = isSenseless ? 'MCP_SERVER_MISBEHAVED' : 'MCP_SERVER_UNAVAILABLE'
    return new CodedError(code, { message: `${server}: ${said}`, ...because })
  }
  if (ProtocolError.isInstance(error))
    return new CodedError('MCP_SERVER_MISBEHAVED', { message: `${server} refused: ${said}`, ...because })
  return new CodedError('MCP_SERVER_UNAVAILABLE', { message: `${server}: ${said}`, ...because })
}
