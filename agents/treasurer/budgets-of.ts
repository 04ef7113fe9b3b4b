import type { ActorRef } from 'kernell-os/actors'
import { fromPlainError, type Amount } from 'kernell-os/core'
import type { BudgetReservation, Budgets, ReserveRequest, RouteCaller } from 'kernell-os/ports'
import type { TreasurerEvent, TreasurerReply } from './agent.ts'

/** How `budgetsOf` asks the treasurer. An account that is not open there refuses the call with `REQUEST_INVALID`. */
export type BudgetsOfInit = {
  /** Tells the reservations of several routers apart that share a treasurer. Default `router`. */
  readonly name?: string
  /** The account that pays for a caller's calls. Default: the caller's tenant. */
  readonly accountOf?: (caller: RouteCaller) => string
  /** How long the treasurer may take to answer. Default 5,000 ms. */
  readonly timeoutMs?: number
}

/**
 * A treasurer as the port `Budgets`: a router that is given it asks the actor for money before each call.
 *
 * Its methods throw `BUDGET_EXCEEDED` and the other errors of the treasurer, and those of `ActorRef.ask`.
 */
export function budgetsOf(treasurer: ActorRef, init: BudgetsOfInit = {}): Budgets {
  const { name = 'router', accountOf = ({ tenant }) => tenant, timeoutMs = 5_000 } = init
  let count = 0
  const ask = async (event: TreasurerEvent, signal?: AbortSignal): Promise<void> => {
    const reply = await treasurer.ask<TreasurerReply>(event, { timeoutMs, ...(signal !== undefined && { signal }) })
    if (reply.type === 'failed') throw fromPlainError(reply.error)
  }
  return {
    isBounded: () => true,
    async reserve({ caller, taskId, amountNanos }: ReserveRequest, options = {}): Promise<BudgetReservation> {
      count += 1
      const id = `${name}:${taskId}:${count}`
      const reserve: TreasurerEvent = { type: 'reserve', id, account: accountOf(caller), amountNanos }
      try {
        await ask(reserve, options.signal)
      } catch (error: unknown) {
        // Nobody waits for the answer any more, which may have been yes.
        treasurer.send({ type: 'release', id })
        throw error
      }
      return {
        settle: async (spentNanos: Amount) => await ask({ type: 'settle', id, spentNanos }),
        release: async () => await ask({ type: 'release', id }),
      }
    },
  }
}
