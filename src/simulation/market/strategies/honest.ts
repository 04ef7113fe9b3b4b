import { type Amount, amountFromNanos } from '../../../base/money.ts'
import type { AgentSelf, BuyerPlay, SellerPlay, Strategy } from './strategy.ts'

/** How long right work takes. */
const WORK_MS = 2_000
/** What an honest seller adds to its cost, in millionths, where it says its price to everybody. */
const MARGIN_PER_MILLION = 250_000n
/** Deliveries that no predicate judges, of which it looks at one. */
const INSPECTED_OF = 1

/** Works for what it asks, says what the work costs where the second price protects it, looks at what it gets, and pays for it. */
export const HONEST: Strategy = { name: 'honest', seller: honestSeller, buyer: honestBuyer }

export function honestSeller(agent: AgentSelf): SellerPlay {
  return {
    ask: ({ costNanos }) => withMargin(costNanos),
    // The winner is paid the price of the next one: nothing is gained by another number than the true one.
    bid: ({ kind }, { costNanos }) => (kind === 'second' ? costNanos : withMargin(costNanos)),
    work: () => ({ kind: 'right', spanMs: 1 + Math.floor(agent.random.nextUnit() * WORK_MS) }),
    hears: HEARS_ALL,
    onEnd: () => undefined,
  }
}

export function honestBuyer(agent: AgentSelf): BuyerPlay {
  return {
    request: () => ({}),
    inspects: () => agent.random.nextBelow(INSPECTED_OF) === 0,
    decide: (_, isRight) => (isRight === false ? 'reject' : 'accept'),
    hears: HEARS_ALL,
    onEnd: () => undefined,
  }
}

/** Whoever has nothing to hide takes notice of everything. */
const HEARS_ALL = (): boolean => true

/** Whether a play takes notice of everything, so that nobody has to ask it. */
export function hearsAllOf(play: Pick<SellerPlay, 'hears'> | Pick<BuyerPlay, 'hears'>): boolean {
  return Reflect.get(play, 'hears') === HEARS_ALL
}

function withMargin(costNanos: Amount): Amount {
  return amountFromNanos(costNanos + (costNanos * MARGIN_PER_MILLION) / 1_000_000n)
}
