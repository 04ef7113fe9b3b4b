import { CodedError } from '../../../base/errors.ts'

/** Whether a failure comes from a disk that refused, by itself or by what caused it; whoever has such a store starts anew. */
export function isBrokenStore(error: unknown): boolean {
  for (let each: unknown = error; CodedError.is(each); each = each.cause)
    if (each.code.startsWith('STORE_') || each.code.startsWith('LOG_')) return true
  return false
}
