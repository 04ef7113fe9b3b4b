import type { CallToolResult } from '@modelcontextprotocol/server'
import { CodedError, remedyOf } from '../../base/errors.ts'
import { outgoingDocument, outgoingText } from '../../node/outgoing-text.ts'

/** Where programs find the code of a failure; people and models read it in the text. */
export const ERROR_META = 'kernell-os/error'

/**
 * A failure as the result of a call: its message, code and remedy as text, and the same for programs in `_meta`. What is not coded is a fault of
 * the program, whose text stays inside.
 */
export function failedCall(error: unknown, onFailure: (error: unknown) => void): CallToolResult {
  if (!CodedError.is(error)) {
    onFailure(error)
    return callError({ code: 'INTERNAL_ERROR', message: 'The node failed to serve the call', isRetryable: false })
  }
  const { code, message, isRetryable, details } = error
  const { param: _param, ...more } = details
  return callError({
    code,
    message: outgoingText(message),
    isRetryable,
    ...(Object.keys(more).length > 0 && { details: outgoingDocument(more) }),
  })
}

type Failure = {
  readonly code: CodedError['code']
  readonly message: string
  readonly isRetryable: boolean
  readonly details?: Readonly<Record<string, unknown>>
}

function callError(failure: Failure): CallToolResult {
  const { code, message } = failure
  const remedy = remedyOf(code)
  const text = `${message}${/[.!?]$/.test(message) ? '' : '.'} (${code}) ${remedy}`
  // Amounts among the details are no JSON otherwise.
  const told = JSON.stringify({ ...failure, remedy }, (_name, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
  return {
    content: [{ type: 'text', text }],
    isError: true,
    _meta: { [ERROR_META]: JSON.parse(told) as Record<string, unknown> },
  }
}
