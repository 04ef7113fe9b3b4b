import { assert } from '../../base/assert.ts'
import { ZERO_AMOUNT } from '../../base/money.ts'
import { type EscrowState, isTerminal } from '../escrow/escrow-state.ts'
import type { ContractRecord } from './books-state.ts'

/** What stays of a contract that is pruned. */
export function recordOf(state: EscrowState): ContractRecord {
  assert(isTerminal(state), 'only what has ended is pruned')
  const { contract, kind } = state
  if (state.kind === 'ABORTED') {
    const none = ZERO_AMOUNT
    return { contract, kind, capturedNanos: none, feeNanos: none, refundedNanos: none, fault: 'none' }
  }
  const { capturedNanos, feeNanos, refundedNanos, fault } = state
  return { contract, kind, capturedNanos, feeNanos, refundedNanos, fault }
}
