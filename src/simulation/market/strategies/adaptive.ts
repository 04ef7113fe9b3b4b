import { countPaid, junkOf } from './junk.ts'
import { rightWork } from './lazy.ts'
import { listOf, revealing } from './non-revealer.ts'
import { happens, parameter, partOf } from './parameters.ts'
import type { AgentSelf, SellerPlay, Strategy } from './strategy.ts'

/** Numbers that a search may choose, with the least and the largest; all at their first leave an honest seller. */
export const ADAPTIVE_RANGES = {
  /** What it asks and bids, of what an honest seller would. */
  pricePerMillion: { honest: 1_000_000, least: 850_000, most: 1_500_000 },
  junkPerMillion: { honest: 0, least: 0, most: 1_000_000 },
  idlePerMillion: { honest: 0, least: 0, most: 1_000_000 },
  hidePerMillion: { honest: 0, least: 0, most: 1_000_000 },
  /** Honest contracts before it begins with any of that. */
  trustedAfter: { honest: 0, least: 0, most: 5 },
  /** Whether it makes results up where a predicate would see it, too. */
  junkCheckedPerMillion: { honest: 0, least: 0, most: 1_000_000 },
} as const satisfies Readonly<
  Record<string, { readonly honest: number; readonly least: number; readonly most: number }>
>

/** Whatever pays: its numbers are found by a search against the market's defaults. */
export const ADAPTIVE: Strategy = {
  name: 'adaptive',
  seller: (agent): Partial<SellerPlay> => {
    let done = 0
    const answers = revealing(agent, () => parameter(agent, 'hidePerMillion', ADAPTIVE_RANGES.hidePerMillion.honest))
    const of = (name: keyof typeof ADAPTIVE_RANGES): number => parameter(agent, name, ADAPTIVE_RANGES[name].honest)
    return {
      ...pricesOf(agent),
      work: (task) => {
        const [idle, junk] = [happens(agent, of('idlePerMillion')), happens(agent, of('junkPerMillion'))]
        const isSeen = task.isChecked && !happens(agent, of('junkCheckedPerMillion'))
        if (done < of('trustedAfter')) return rightWork(agent)
        if (idle) {
          agent.count('attempt')
          return { kind: 'never' }
        }
        return junk && !isSeen ? junkOf(agent, task) : rightWork(agent)
      },
      hears: (frame) => {
        const list = listOf(frame)
        return list === undefined || done < of('trustedAfter') || answers(list)
      },
      onEnd: async (ended) => {
        if (ended.role === 'worker' && ended.wasRight === true) done += 1
        await countPaid(agent, ended)
      },
    }
  },
}

/** Honest prices, raised or lowered; never below what the work costs. */
function pricesOf(agent: AgentSelf): Pick<SellerPlay, 'ask' | 'bid'> {
  const factor = parameter(agent, 'pricePerMillion', ADAPTIVE_RANGES.pricePerMillion.honest)
  const priceOf = (costNanos: bigint) => partOf(costNanos + costNanos / 4n, factor)
  return {
    ask: ({ costNanos }) => priceOf(costNanos),
    bid: (_, { costNanos }) => priceOf(costNanos),
  }
}
