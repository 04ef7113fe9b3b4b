import { cheapPrices, countPaid, junkOf } from './junk.ts'
import { happens, parameter } from './parameters.ts'
import type { AgentSelf, SellerPlay, Strategy } from './strategy.ts'

/** Of its tasks, in millionths. */
const JUNK_PER_MILLION = 1_000_000

/**
 * Delivers what it has not worked for. It pays where a result that nobody looks at is paid for: with a share `q` of deliveries that are seen through, a price `p` and a cost `c`,
 * what is saved is less than what is lost as soon as `q > c / p`, a penalty aside.
 *
 * @see Becker, Crime and Punishment, 1968; Sarmenta, Sabotage-Tolerance Mechanisms for Volunteer Computing Systems, 2001, for spot-checks
 */
export const LAZY: Strategy = {
  name: 'lazy',
  seller: (agent): Partial<SellerPlay> => ({
    ...cheapPrices(agent),
    work: (task) => {
      const isJunk = happens(agent, parameter(agent, 'junkPerMillion', JUNK_PER_MILLION))
      return isJunk ? junkOf(agent, task) : rightWork(agent)
    },
    onEnd: async (ended) => await countPaid(agent, ended),
  }),
}

/** As long as others take. */
export function rightWork({ random }: Pick<AgentSelf, 'random'>): { readonly kind: 'right'; readonly spanMs: number } {
  return { kind: 'right', spanMs: 1 + random.nextBelow(2_000) }
}
