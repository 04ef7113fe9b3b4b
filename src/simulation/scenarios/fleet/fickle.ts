import { amountFromNanos } from '../../../base/money.ts'
import { honestBuyer, honestSeller } from '../../market/strategies/honest.ts'
import type { AgentSelf, BuyerPlay, SellerPlay, Strategy } from '../../market/strategies/strategy.ts'

/** Whether the time of trouble is over, and everybody does what was agreed. */
export type Mood = { isGood: boolean }

/** Of the tasks of a seller, what it delivers wrongly, and what it never delivers. */
const WRONG_SHARE = 0.2
const NEVER_SHARE = 0.1
/** Of the deliveries to a buyer, those that it says nothing to, rejects, or accepts whatever they are. */
const SILENT_SHARE = 0.1
const REJECTED_SHARE = 0.1
const ACCEPTED_SHARE = 0.1
/** A seller asks for it of a payer that has kept its price where the arbiters were gone, and whoever wants the work gives it. */
const FALLBACK_PER_MILLION = 500_000

/** Parties of every conduct: most of the time they do what was agreed, and often enough something else, so that contracts go all the ways that there are. */
export function fickleStrategy(mood: Mood): Strategy {
  return {
    name: 'fickle',
    seller: (agent): Partial<SellerPlay> => sellerPlay(agent, mood),
    buyer: (agent): Partial<BuyerPlay> => buyerPlay(agent, mood),
  }
}

function sellerPlay(agent: AgentSelf, mood: Mood): Partial<SellerPlay> {
  const honest = honestSeller(agent)
  return {
    work: (task) => {
      const draw = agent.random.nextUnit()
      if (mood.isGood || draw >= WRONG_SHARE + NEVER_SHARE) return honest.work(task)
      if (draw < NEVER_SHARE) return { kind: 'never' }
      return { kind: 'wrong', spanMs: 1 + agent.random.nextBelow(500), costNanos: amountFromNanos(1n) }
    },
  }
}

function buyerPlay(agent: AgentSelf, mood: Mood): Partial<BuyerPlay> {
  const honest = honestBuyer(agent)
  return {
    request: (task) => (mood.isGood ? { ...honest.request(task), fallbackPerMillion: FALLBACK_PER_MILLION } : {}),
    decide: (delivery, isRight) => {
      const draw = agent.random.nextUnit()
      if (mood.isGood) return honest.decide(delivery, isRight)
      if (draw < SILENT_SHARE) return 'silent'
      if (draw < SILENT_SHARE + REJECTED_SHARE) return 'reject'
      return draw < SILENT_SHARE + REJECTED_SHARE + ACCEPTED_SHARE ? 'accept' : honest.decide(delivery, isRight)
    },
  }
}
