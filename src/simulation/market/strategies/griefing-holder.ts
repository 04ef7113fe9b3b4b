import type { ContractId } from '../../../core/evidence/names.ts'
import { capturedOf, cheapPrices } from './junk.ts'
import { rightWork } from './lazy.ts'
import { happens, parameter } from './parameters.ts'
import type { AgentSelf, BuyerPlay, SellerPlay, Strategy } from './strategy.ts'

/** Of its contracts, in millionths: does not deliver; as a buyer, says nothing to a delivery, and rejects what is right. */
const IDLE_PER_MILLION = 1_000_000
const SILENT_PER_MILLION = 500_000
const REJECT_PER_MILLION = 500_000

/**
 * Lets what others have at stake lie: a seller starts and never delivers, a buyer neither accepts nor rejects, or rejects what is right. It ends by the timers and by rulings, and
 * costs the seller its penalty and the buyer what the arbiters are paid; meanwhile its own price and bond lie there as well.
 *
 * @see Perez-Sola et al., Another coin bites the dust: Griefing attacks, 2020, for the ratio of what both sides have locked
 */
export const GRIEFING_HOLDER: Strategy = {
  name: 'griefing-holder',
  seller: (agent): Partial<SellerPlay> => {
    const idlePerMillion = parameter(agent, 'idlePerMillion', IDLE_PER_MILLION)
    if (idlePerMillion === 0) return {}
    return {
      ...cheapPrices(agent),
      work: () => {
        if (!happens(agent, idlePerMillion)) return rightWork(agent)
        agent.count('attempt')
        return { kind: 'never' }
      },
      onEnd: ({ role, ended }) => {
        if (role === 'worker' && (ended === 'EXPIRED' || ended === 'VOIDED')) agent.count('success')
      },
    }
  },
  buyer: (agent): Partial<BuyerPlay> => {
    const silentPerMillion = parameter(agent, 'silentPerMillion', SILENT_PER_MILLION)
    const rejectPerMillion = parameter(agent, 'rejectPerMillion', REJECT_PER_MILLION)
    if (silentPerMillion + rejectPerMillion === 0) return {}
    const griefed = new Set<ContractId>()
    return {
      decide: ({ contract }, isRight) => {
        const answer = answerOf(agent, { silentPerMillion, rejectPerMillion, isRight })
        if (answer !== 'accept' && isRight !== false) griefed.add(contract)
        return answer
      },
      // Right work that was paid for with less than its price.
      onEnd: async ({ role, contract, priceNanos }) => {
        if (role !== 'payer' || !griefed.delete(contract)) return
        if ((await capturedOf(agent, contract)) < priceNanos) agent.count('success')
      },
    }
  },
}

type Griefing = {
  readonly silentPerMillion: number
  readonly rejectPerMillion: number
  readonly isRight: boolean | undefined
}

function answerOf(
  agent: AgentSelf,
  { silentPerMillion, rejectPerMillion, isRight }: Griefing,
): ReturnType<BuyerPlay['decide']> {
  const draw = agent.random.nextBelow(1_000_000)
  if (isRight === false) return 'reject'
  if (draw >= silentPerMillion + rejectPerMillion) return 'accept'
  agent.count('attempt')
  return draw < silentPerMillion ? 'silent' : 'reject'
}
