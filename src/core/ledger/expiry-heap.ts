import type { Timestamp } from '../../base/time.ts'
import type { TransferId } from './ledger-names.ts'

/** When a hold expires. Ordered by instant, then by id. */
export type Expiry = { readonly at: Timestamp; readonly id: TransferId }

/**
 * A leftist heap: an immutable heap whose right spine is never longer than the logarithm of its size (Okasaki 1998, Purely Functional Data
 * Structures, section 3.1). Holds that end early stay in it until they come up or it is built anew.
 */
export type ExpiryHeap =
  | {
      readonly expiry: Expiry
      /** Length of the right spine. */
      readonly rank: number
      readonly size: number
      readonly left: ExpiryHeap
      readonly right: ExpiryHeap
    }
  | undefined

export function firstExpiry(heap: ExpiryHeap): Expiry | undefined {
  return heap?.expiry
}

export function addExpiry(heap: ExpiryHeap, expiry: Expiry): ExpiryHeap {
  return merge({ expiry, rank: 1, size: 1, left: undefined, right: undefined }, heap)
}

export function withoutFirstExpiry(heap: ExpiryHeap): ExpiryHeap {
  return heap === undefined ? undefined : merge(heap.left, heap.right)
}

export function expiryHeapSize(heap: ExpiryHeap): number {
  return heap?.size ?? 0
}

/** As deep as right spines are long: 2 log2 of the sizes. */
function merge(one: ExpiryHeap, other: ExpiryHeap): ExpiryHeap {
  if (one === undefined) return other
  if (other === undefined) return one
  const isOneFirst = isBefore(one.expiry, other.expiry)
  const first = isOneFirst ? one : other
  const rest = merge(first.right, isOneFirst ? other : one)
  const { expiry, left } = first
  const size = 1 + expiryHeapSize(left) + expiryHeapSize(rest)
  const leftRank = left?.rank ?? 0
  const restRank = rest?.rank ?? 0
  return leftRank >= restRank
    ? { expiry, rank: restRank + 1, size, left, right: rest }
    : { expiry, rank: leftRank + 1, size, left: rest, right: left }
}

function isBefore(one: Expiry, other: Expiry): boolean {
  return one.at < other.at || (one.at === other.at && one.id < other.id)
}
