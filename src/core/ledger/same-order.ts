import { assertNever } from '../../base/assert.ts'
import type { HoldOrder, TransferOrder } from './transfer-order.ts'

/** Whether two orders of one id are one order, sent twice: every member is equal. */
export function isSameOrder(one: TransferOrder, other: TransferOrder): boolean {
  if (one.kind !== other.kind || one.id !== other.id || one.isLinked !== other.isLinked) return false
  if (one.contract !== other.contract || one.reference !== other.reference) return false
  switch (one.kind) {
    case 'post':
      return other.kind === 'post' && isSameMovement(one, other)
    case 'hold':
      return other.kind === 'hold' && isSameMovement(one, other) && isSameHold(one, other)
    case 'post-held':
      return (
        other.kind === 'post-held' &&
        one.heldId === other.heldId &&
        one.credit === other.credit &&
        one.amount === other.amount
      )
    case 'void-held':
      return other.kind === 'void-held' && one.heldId === other.heldId
    default:
      return assertNever(one)
  }
}

type Ending = Pick<HoldOrder, 'expiresAt' | 'agent'>

function isSameHold(one: Ending, other: Ending): boolean {
  return one.expiresAt === other.expiresAt && one.agent === other.agent
}

type Movement = { readonly debit: string; readonly credit: string; readonly amount: bigint }

function isSameMovement(one: Movement, other: Movement): boolean {
  return one.debit === other.debit && one.credit === other.credit && one.amount === other.amount
}
