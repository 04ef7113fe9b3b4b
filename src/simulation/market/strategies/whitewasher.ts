import { cheapPrices, countPaid, junkOf } from './junk.ts'
import { fundsOf } from './parameters.ts'
import type { SellerPlay, Strategy } from './strategy.ts'

/** What it pays in for each name: bonds and deposits come out of it. */
const FUNDS_CREDITS = 10

/** Delivers junk, and comes back under another name. A fresh name has no more credit than any newcomer. @see Friedman and Resnick, The Social Cost of Cheap Pseudonyms, 2001 */
export const WHITEWASHER: Strategy = {
  name: 'whitewasher',
  seller: (agent): Partial<SellerPlay> => ({
    ...cheapPrices(agent),
    work: (task) => junkOf(agent, task),
    onEnd: async (ended) => {
      await countPaid(agent, ended)
      if (ended.role === 'worker' && ended.wasRight === false) await agent.changeIdentity(fundsOf(agent, FUNDS_CREDITS))
    },
  }),
}
