import { CodedError } from './errors.ts'

const ERROR_CODE = /^[A-Z][A-Z0-9_]{2,63}$/

/** The code or the class of an error, both of a small set; a message could quote a task. A code alone does as well. */
export function errorTypeOf(error: unknown): string {
  if (typeof error === 'string') return ERROR_CODE.test(error) ? error : 'unknown'
  if (CodedError.is(error)) return error.code
  return error instanceof Error ? error.name : 'unknown'
}
