import { CodedError } from '../../../base/errors.ts'
import { storedKindOf } from './stored-value.ts'
import type { ReferenceCodec, StoredBytes } from './stored-value.ts'

/** Whether two values are stored as the same. `left` is sound; `right` may hold anything. */
export function isSameValue(left: unknown, right: unknown, references?: ReferenceCodec): boolean {
  if (Object.is(left, right)) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  const kind = storedKindOf(left, references)
  if (storedKindOf(right, references) !== kind) return false
  switch (kind) {
    case 'array':
      return isSameList(left as readonly unknown[], right as readonly unknown[], references)
    case 'object':
      return isSameList(Object.entries(left).flat(), Object.entries(right).flat(), references)
    case 'map':
      return isSameList(
        [...(left as Map<unknown, unknown>)].flat(),
        [...(right as Map<unknown, unknown>)].flat(),
        references,
      )
    case 'set':
      return isSameList([...(left as Set<unknown>)], [...(right as Set<unknown>)], references)
    case 'date':
      return Object.is((left as Date).getTime(), (right as Date).getTime())
    case 'bytes':
      return isSameBytes(left as StoredBytes, right as StoredBytes)
    case 'error':
      return (
        (left as Error).name === (right as Error).name &&
        (left as Error).message === (right as Error).message &&
        CodedError.is(left) === CodedError.is(right)
      )
    case 'reference':
      return references?.idOf(left) === references?.idOf(right)
    case 'unstorable':
      return false
  }
}

function isSameList(
  left: readonly unknown[],
  right: readonly unknown[],
  references: ReferenceCodec | undefined,
): boolean {
  return left.length === right.length && left.every((item, index) => isSameValue(item, right[index], references))
}

function isSameBytes(left: StoredBytes, right: StoredBytes): boolean {
  return (
    Object.getPrototypeOf(left).constructor === Object.getPrototypeOf(right).constructor &&
    left.length === right.length &&
    left.every((item, index) => Object.is(item, right[index]))
  )
}
