import { amountFromNanos } from '../../../base/money.ts'
import { cheapPrices, countPaid, junkOf } from './junk.ts'
import { parameter } from './parameters.ts'
import type { SellerPlay, Strategy } from './strategy.ts'

/** What it pays in for each name: bonds and deposits come out of it. */
const FUNDS_NANOS = 10_000_000_000

/** Delivers junk, and comes back under another name. A fresh name has no more credit than any newcomer. @see Friedman and Resnick, The Social Cost of Cheap Pseudonyms, 2001 */
export const WHITEWASHER: Strategy = {
  name: 'whitewasher',
  seller: (self): Partial<SellerPlay> => ({
    ...cheapPrices(self),
    work: (task) => junkOf(self, task),
    onEnd: async (ended) => {
      await countPaid(self, ended)
      if (ended.role === 'worker' && ended.wasRight === false)
        await self.changeIdentity(amountFromNanos(BigInt(parameter(self, 'fundsNanos', FUNDS_NANOS))))
    },
  }),
}
