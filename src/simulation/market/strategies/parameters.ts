import { type Amount, amountFromNanos } from '../../../base/money.ts'
import type { AgentSelf } from './strategy.ts'

/** One whole, in millionths. */
export const MILLION = 1_000_000n
/** Nano-units of one. */
const CREDIT = 1_000_000_000n

/** A number of the strategy; what it is by default where nobody has changed it. */
export function parameter({ parameters }: Pick<AgentSelf, 'parameters'>, name: string, byDefault: number): number {
  return parameters[name] ?? byDefault
}

/** A share of an amount, in millionths, rounded down. */
export function partOf(nanos: bigint, perMillion: number): Amount {
  return amountFromNanos((nanos * BigInt(Math.round(perMillion))) / MILLION)
}

/** Whether something happens now that happens at a share of the occasions, in millionths. One draw, whatever the share. */
export function happens({ random }: Pick<AgentSelf, 'random'>, perMillion: number): boolean {
  return random.nextBelow(1_000_000) < perMillion
}

/** What its owner pays in for one more name, in credits. */
export function fundsOf(agent: Pick<AgentSelf, 'parameters'>, credits: number): Amount {
  return amountFromNanos(BigInt(Math.round(parameter(agent, 'fundsCredits', credits))) * CREDIT)
}
