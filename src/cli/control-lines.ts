import type { ErrorCode } from '../base/error-codes.ts'
import { CodedError } from '../base/errors.ts'
import type { ControlArea, ControlRequest } from '../node/control/control-request.ts'
import type { Control } from './running-control.ts'

type Failure = {
  readonly event: 'failure'
  readonly code: ErrorCode
  readonly message: string
  readonly details: CodedError['details']
}

/** What a node tells of work by `toldLines`, as it comes, without its signs of life. Throws the failure that one of the lines is. */
export async function* toldBy<Line extends { readonly event: string }>(
  control: Control,
  request: ControlRequest,
  area: ControlArea,
): AsyncIterable<Line> {
  for await (const text of control.lines(request, area)) {
    // Written by `toldLines` of the same package.
    const line = JSON.parse(text) as Line | Failure | { readonly event: 'beat' }
    if (isFailure(line)) throw new CodedError(line.code, line)
    if (line.event !== 'beat') yield line as Line
  }
}

function isFailure(line: { readonly event: string }): line is Failure {
  return line.event === 'failure'
}
