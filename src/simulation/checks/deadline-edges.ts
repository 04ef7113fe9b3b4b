import type { EscrowStateKind } from '../../core/escrow/escrow-state.ts'
import type { ContractId, Hash } from '../../core/evidence/names.ts'
import type { BookedStep } from '../../market/notary/books/journaled-books.ts'
import { contractOf, type ContractStep } from './market-steps.ts'

/** A message that was sent to count a moment before a deadline, at it, or behind it. Times are milliseconds of the notary's clock. */
export type DeadlineEdge = {
  readonly contract: ContractId
  readonly message: Hash
  /** Type of the message, for the reader. */
  readonly type: string
  /** The state that the deadline ends. */
  readonly kind: EscrowStateKind
  readonly deadline: number
  /** When the notary was handed the message, and when its answer was there: its stamp is between the two. */
  readonly askedAt: number
  readonly answeredAt: number
  readonly effect: 'applied' | 'exists' | 'refused'
  readonly code: string | undefined
  /** Whether it was handed to a notary that is alone, which orders by itself what is due. */
  readonly isAlone: boolean
}

/**
 * A message counts exactly if its stamp is less than the deadline, to the millisecond; and what was due by a stamp has happened before anything that bears it is answered.
 *
 * @param steps  What the books took, in order.
 */
export function findEdgeFault(edge: DeadlineEdge, steps: readonly BookedStep[]): string | undefined {
  const { type, deadline, askedAt, answeredAt, effect, code, isAlone } = edge
  const named = `${type} of ${edge.contract}, asked at ${askedAt} and answered at ${answeredAt} with ${effect}`
  if (effect !== 'refused') {
    const counted = steps.find(({ booked }) => booked.message === edge.message)
    const at = counted && contractOf(counted)?.at
    if (at !== undefined && at >= deadline) return `${named}, counted at ${at}, and its deadline was ${deadline}`
    return at === undefined && askedAt >= deadline ? `${named}, counted behind ${deadline}` : undefined
  }
  const end = endOf(edge, steps)
  // What others said may have ended the state before, and what is wrong with a message itself has no time.
  if (end === undefined || code?.startsWith('ESCROW_') !== true) return undefined
  if (answeredAt < deadline && end.at >= deadline) return `${named}: ${code}, and its deadline was ${deadline}`
  if (isAlone && askedAt >= deadline && end.at > answeredAt)
    return `${named}, and what was due at ${deadline} happened at ${end.at}`
  return undefined
}

/** The step by which the contract left the state. */
function endOf({ contract, kind }: DeadlineEdge, steps: readonly BookedStep[]): ContractStep | undefined {
  for (const step of steps) {
    const about = contractOf(step)
    if (about?.contract === contract && about.from?.kind === kind && about.to?.kind !== kind) return about
  }
  return undefined
}
