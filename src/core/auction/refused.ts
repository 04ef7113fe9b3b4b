import type { Step } from '../machine.ts'
import type { AuctionCode } from './auction-codes.ts'
import type { AuctionEffect, AuctionState } from './auction-state.ts'

export type AuctionStep = Step<AuctionState, AuctionEffect>

/** Nothing changes. */
export function refused(state: AuctionState, code: AuctionCode, reason?: string): AuctionStep {
  return {
    state,
    effects: [reason === undefined ? { type: 'event-refused', code } : { type: 'event-refused', code, reason }],
  }
}
