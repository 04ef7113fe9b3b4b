import { CodedError } from '../../base/errors.ts'

/** Something that has to be on this machine before sandboxes can be prepared, and how it gets there. */
export function partMissing(reason: string, remedy: string, cause?: unknown): CodedError {
  return new CodedError('SANDBOX_PART_MISSING', { message: reason, details: { remedy }, cause })
}
