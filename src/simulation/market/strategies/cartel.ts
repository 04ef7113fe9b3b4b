import { auctionIdOf, type AuctionCall } from '../../../core/auction/auction-call.ts'
import { countEarned } from './junk.ts'
import { parameter, partOf } from './parameters.ts'
import type { AgentSelf, SellerPlay, SkillView, Strategy } from './strategy.ts'

/** What they agreed to bid, of the highest price that a call takes, in millionths. */
const BID_PER_MILLION = 950_000
/** What they agreed to ask of everybody, of what buyers pay at most. */
const ASK_PER_MILLION = 950_000

/**
 * Sellers who take turns: of each call only one of them bids, and near the reserve price. They need no word with each other, since the name of the auction says whose turn it
 * is. What they gain is at most the reserve less what competition would have brought, and nothing where somebody outside asks less.
 *
 * @see McAfee and McMillan, Bidding Rings, American Economic Review 82, 1992; Graham and Marshall 1987
 */
export const CARTEL: Strategy = {
  name: 'cartel',
  seller: (agent): Partial<SellerPlay> => ({
    ask: ({ costNanos, usualNanos }) =>
      atLeast(partOf(usualNanos, parameter(agent, 'askPerMillion', ASK_PER_MILLION)), costNanos),
    bid: (call, skill) => bidOf(agent, call, skill),
    onEnd: async (ended) => await countEarned(agent, ended),
  }),
}

function bidOf(agent: AgentSelf, call: AuctionCall, { costNanos }: SkillView): SkillView['costNanos'] | undefined {
  agent.count('attempt')
  const names = agent.ring.map(({ name }) => name).toSorted()
  const turn = Number.parseInt(auctionIdOf(call).slice(0, 8), 16) % names.length
  if (names[turn] !== agent.name) return undefined
  const bid = partOf(call.reservePriceNanos, parameter(agent, 'bidPerMillion', BID_PER_MILLION))
  // Nobody works at a loss for the others.
  return bid < costNanos ? undefined : bid
}

function atLeast<Nanos extends bigint>(nanos: Nanos, least: Nanos): Nanos {
  return nanos < least ? least : nanos
}
