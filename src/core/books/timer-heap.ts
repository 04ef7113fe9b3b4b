import type { Timestamp } from '../../base/time.ts'
import type { EscrowTimerName } from '../escrow/escrow-timers.ts'
import type { ContractId } from '../evidence/names.ts'

/** When a timer of a contract fires. Ordered by instant, then contract, then name. */
export type Firing = { readonly at: Timestamp; readonly contract: ContractId; readonly name: EscrowTimerName }

/**
 * A leftist heap: an immutable heap whose right spine is never longer than the logarithm of its size (Okasaki 1998, Purely Functional Data Structures,
 * section 3.1). Timers that were cancelled stay in it until they come up or it is built anew.
 */
export type TimerHeap =
  | {
      readonly firing: Firing
      /** Length of the right spine. */
      readonly rank: number
      readonly size: number
      readonly left: TimerHeap
      readonly right: TimerHeap
    }
  | undefined

export function addFiring(heap: TimerHeap, firing: Firing): TimerHeap {
  return merge({ firing, rank: 1, size: 1, left: undefined, right: undefined }, heap)
}

export function withoutFirstFiring(heap: TimerHeap): TimerHeap {
  return heap === undefined ? undefined : merge(heap.left, heap.right)
}

/** As deep as right spines are long: 2 log2 of the sizes. */
function merge(one: TimerHeap, other: TimerHeap): TimerHeap {
  if (one === undefined) return other
  if (other === undefined) return one
  const isOneFirst = isFiringBefore(one.firing, other.firing)
  const first = isOneFirst ? one : other
  const rest = merge(first.right, isOneFirst ? other : one)
  const { firing, left } = first
  const size = 1 + (left?.size ?? 0) + (rest?.size ?? 0)
  const leftRank = left?.rank ?? 0
  const restRank = rest?.rank ?? 0
  return leftRank >= restRank
    ? { firing, rank: restRank + 1, size, left, right: rest }
    : { firing, rank: leftRank + 1, size, left: rest, right: left }
}

function isFiringBefore(one: Firing, other: Firing): boolean {
  if (one.at !== other.at) return one.at < other.at
  if (one.contract !== other.contract) return one.contract < other.contract
  return one.name < other.name
}
