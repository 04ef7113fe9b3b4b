import { CodedError } from '../../base/errors.ts'

/** Whether a failure comes from a disk that refused, by itself or by what caused it; whoever has such a store starts anew. */
export function isBrokenStore(error: unknown): boolean {
  for (let each: unknown = error; CodedError.is(each); each = each.cause)
    if (each.code.startsWith('STORE_') || each.code.startsWith('LOG_')) return true
  return false
}

/** What a disk has once synced it gives back, whatever else befalls it: whoever finds a damaged store has not synced what he relied on. */
export function corruptionIn(where: string, error: unknown): string | undefined {
  for (let each: unknown = error; CodedError.is(each); each = each.cause)
    if (each.code === 'STORE_CORRUPTED') return `${where} finds its store damaged: ${each.message}`
  return undefined
}
