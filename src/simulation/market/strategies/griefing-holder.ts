import { happens, parameter } from './parameters.ts'
import { rightWork } from './lazy.ts'
import type { BuyerPlay, SellerPlay, Strategy } from './strategy.ts'

/** Of the contracts, in millionths. */
const IDLE_PER_MILLION = 1_000_000

/** Lets what others have at stake lie: a seller starts and never delivers, a buyer neither accepts nor rejects. It ends by the timers, and costs the seller its penalty. */
export const GRIEFING_HOLDER: Strategy = {
  name: 'griefing-holder',
  seller: (self): Partial<SellerPlay> => ({
    work: () => {
      if (!happens(self, parameter(self, 'idlePerMillion', IDLE_PER_MILLION))) return rightWork(self)
      self.count('attempt')
      return { kind: 'never' }
    },
    onEnd: ({ role, ended }) => {
      if (role === 'worker' && (ended === 'EXPIRED' || ended === 'VOIDED')) self.count('success')
    },
  }),
  buyer: (self): Partial<BuyerPlay> => ({
    decide: () => {
      self.count('attempt')
      return 'silent'
    },
    onEnd: ({ role, ended }) => {
      if (role === 'payer' && ended === 'FINAL') self.count('success')
    },
  }),
}
