import type { Did } from '../../../core/evidence/names.ts'

/** Outcome of a purchase that its buyer makes of nobody, since those who sell have harmed it before: nobody has to buy of them. */
export const TOO_MUCH = 'BUY_EXPOSURE'

/** One purchase of an agent, as its owner knows it. Amounts in nano-credits. */
export type PurchaseRecord = {
  readonly buyer: string
  readonly key: string
  readonly skill: string
  readonly valueNanos: bigint
  readonly isChecked: boolean
  readonly isAuction: boolean
  /** When the buyer wanted it, virtual milliseconds. */
  readonly atMs: number
  contract?: string
  /** Key of the seller, and its agent's name. */
  worker?: Did
  seller?: string
  priceNanos?: bigint
  /** How its contract ended, or why there was none. */
  outcome?: string
  endedMs?: number
  /** Whether a right result is with the buyer, whatever it said of it. */
  hasRightResult?: boolean
}

/** What became of an agent. Amounts in nano-credits. */
export type AgentRecord = {
  readonly name: string
  readonly side: 'seller' | 'buyer'
  /** The strategy that it played. */
  readonly strategy: string
  /** Whether it is among those whose strategy the scenario's options say; they are the same in every run of a seed. */
  readonly isChosen: boolean
  readonly identities: number
  /** What its owner has paid in, and what all its keys have at the end, stakes that are still held included. */
  readonly paidInNanos: bigint
  readonly balanceNanos: bigint
  /** What its work has truly cost, and looking at results. */
  readonly workNanos: bigint
  readonly inspectionNanos: bigint
  /** Bonds, penalties, deposits and the pay of arbiters that it lost, less those of others that it got. */
  readonly lostNanos: bigint
  /** What the right results that it has are worth to it. */
  readonly valueNanos: bigint
  /** Balance and value less what was paid in and all costs. */
  readonly profitNanos: bigint
  readonly attempts: number
  readonly successes: number
}
