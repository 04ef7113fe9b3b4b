import type { EscrowEdgeName } from './escrow-edges.ts'
import type { EscrowEffect } from './escrow-effect.ts'
import type { EscrowRefusalCode } from './escrow-refusals.ts'
import type { EscrowState } from './escrow-state.ts'

/** What one event does to a contract: the edge, the next state without the message itself, and the money. Timers, receipts and reputation follow from the states. */
export type Move =
  | { readonly edge: EscrowEdgeName; readonly state: EscrowState; readonly money?: readonly EscrowEffect[] }
  | { readonly refusal: EscrowRefusalCode }
  /** Nothing new. */
  | { readonly exists: true }

export function refuse(refusal: EscrowRefusalCode): Move {
  return { refusal }
}
