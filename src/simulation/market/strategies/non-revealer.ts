import type { MarketFrame } from '../../../wire/v1/market-frames.ts'
import { happens, parameter } from './parameters.ts'
import type { SellerPlay, Strategy } from './strategy.ts'

/** Of the auctions in which it bids, in millionths. */
const HIDE_PER_MILLION = 1_000_000

/**
 * Commits to bids, and keeps them to itself: an option on the work that costs its deposit. It is worth having only where what the work brings changes, between the commitment and
 * the reveal, by more than the deposit.
 */
export const NON_REVEALER: Strategy = {
  name: 'non-revealer',
  seller: (agent): Partial<SellerPlay> => {
    /** Lists that it does not answer; asked again, it does not either. */
    const hidden = new Map<string, boolean>()
    return {
      hears: (frame) => {
        const list = listOf(frame)
        if (list === undefined) return true
        const known = hidden.get(list)
        if (known !== undefined) return !known
        const isHidden = happens(agent, parameter(agent, 'hidePerMillion', HIDE_PER_MILLION))
        hidden.set(list, isHidden)
        if (isHidden) agent.count('attempt')
        return !isHidden
      },
    }
  },
}

/** The list of commitments that asks for the reveals, where a message is one. */
export function listOf(frame: MarketFrame): string | undefined {
  if (frame.type !== 'told' || frame.about !== undefined) return undefined
  return frame.envelope.includes('"type":"auction-commitments"') ? frame.envelope : undefined
}
