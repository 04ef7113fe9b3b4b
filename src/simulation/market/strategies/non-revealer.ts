import type { MarketFrame } from '../../../wire/v1/market-frames.ts'
import { countEarned } from './junk.ts'
import { happens, parameter } from './parameters.ts'
import type { AgentSelf, SellerPlay, Strategy } from './strategy.ts'

/** Of the auctions in which it bids, in millionths. */
const HIDE_PER_MILLION = 1_000_000

/**
 * Commits to bids, and keeps them to itself: an option on the work that costs its deposit. It is worth having only where what the work brings changes, between the commitment and
 * the reveal, by more than the deposit.
 */
export const NON_REVEALER: Strategy = {
  name: 'non-revealer',
  seller: (agent): Partial<SellerPlay> => {
    const answers = revealing(agent, () => parameter(agent, 'hidePerMillion', HIDE_PER_MILLION))
    return {
      hears: (frame) => {
        const list = listOf(frame)
        return list === undefined || answers(list)
      },
      // What it did reveal, and was worth having.
      onEnd: async (ended) => await countEarned(agent, ended),
    }
  },
}

/** Whether a list of commitments is answered, drawn once for each: asked again, it does as before. */
export function revealing(agent: AgentSelf, hidePerMillion: () => number): (list: string) => boolean {
  const known = new Map<string, boolean>()
  return (list) => {
    const before = known.get(list)
    if (before !== undefined) return before
    const isAnswered = !happens(agent, hidePerMillion())
    known.set(list, isAnswered)
    if (!isAnswered) agent.count('attempt')
    return isAnswered
  }
}

/** The list of commitments that asks for the reveals, where a message is one. */
export function listOf(frame: MarketFrame): string | undefined {
  if (frame.type !== 'told' || frame.about !== undefined) return undefined
  return frame.envelope.includes('"type":"auction-commitments"') ? frame.envelope : undefined
}
