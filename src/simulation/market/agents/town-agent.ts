import type { ContractId, Did } from '../../../core/evidence/names.ts'
import type { AgentSelf, BuyerTask, Strategy } from '../strategies/strategy.ts'

/** An owner in a marketplace, as its seats, the others and reports see it. */
export interface TownAgent extends AgentSelf {
  readonly strategy: Strategy
  readonly isChosen: boolean
  /** Whether all that it wanted has come to its end. */
  readonly isSettled: boolean
  paidInNanos: bigint
  workNanos: bigint
  inspectionNanos: bigint
  attempts: number
  successes: number
}

/** An arbiter, as parties of a dispute call for it. */
export type TownArbiter = { readonly did: Did; take(contract: ContractId): void }

/** What a buyer wants, and when, in virtual ms behind its beginning. */
export type PlannedTask = { readonly task: BuyerTask; readonly afterMs: number; readonly isAuction: boolean }
