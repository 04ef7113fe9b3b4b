import { cheapPrices, countPaid, junkOf } from './junk.ts'
import { rightWork } from './lazy.ts'
import { parameter } from './parameters.ts'
import type { SellerPlay, Strategy } from './strategy.ts'

/** Contracts that it works for honestly first. */
const TRUSTED_AFTER = 1
/** Of the highest price that it has seen, in millionths: from there on a contract is large. */
const LARGE_PER_MILLION = 800_000

/** Works honestly until it has a name, and then delivers junk where the price is high. It is worth no more than what the name allows it to have of others at one time. */
export const SLEEPER: Strategy = {
  name: 'sleeper',
  seller: (agent): Partial<SellerPlay> => {
    let done = 0
    let highest = 0n
    return {
      ...cheapPrices(agent),
      work: (task) => {
        const price = task.priceNanos ?? 0n
        highest = price > highest ? price : highest
        const isLarge = price * 1_000_000n >= highest * BigInt(parameter(agent, 'largePerMillion', LARGE_PER_MILLION))
        const isDue = done >= parameter(agent, 'trustedAfter', TRUSTED_AFTER) && isLarge
        return isDue ? junkOf(agent, task) : rightWork(agent)
      },
      onEnd: async (ended) => {
        if (ended.role === 'worker' && ended.wasRight === true) done += 1
        await countPaid(agent, ended)
      },
    }
  },
}
