import { CodedError } from '../base/errors.ts'
import type { ErrorCode } from '../base/error-codes.ts'

/** A part of the node that is opened when somebody first needs it: most nodes never do, and a damaged one must not keep them from starting. */
export type OpenedOnDemand<Part> = {
  /** Always the same part. Throws the code for a closed one after `close`, and what kept it from opening, each time. */
  open(): Promise<Part>
  /** Stops it if it was opened. Idempotent. */
  close(): Promise<void>
}

/** @param closed  Code of what `open` throws after `close`. */
export function openOnDemand<Part extends { stop(): Promise<void> }>(
  closed: ErrorCode,
  start: () => Promise<Part>,
): OpenedOnDemand<Part> {
  let opening: Promise<Part> | undefined
  let isClosed = false
  return {
    async open() {
      if (isClosed) throw new CodedError(closed, { message: 'The node is closed' })
      opening ??= start()
      return await opening
    },
    async close() {
      isClosed = true
      // Whoever opened it has heard why it could not be.
      const part = await opening?.catch(() => undefined)
      await part?.stop()
    },
  }
}
