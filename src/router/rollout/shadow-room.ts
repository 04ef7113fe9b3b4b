import { CodedError } from '../../base/errors.ts'
import { addAmounts, ZERO_AMOUNT, type Amount } from '../../base/money.ts'
import type { PlannedStep } from '../../core/routing/decision-record.ts'
import type { BudgetReservation, Budgets } from '../../ports/budgets.ts'
import { boundCall } from '../call-cost.ts'
import type { CallComponents } from '../call-model.ts'
import { entryOf } from '../admit-step.ts'
import { remainingCapOf, type TaskRun } from '../task-run.ts'

/** Money for all calls of a plan in the shadow. */
export type ShadowRoom = {
  /** Gives the calls their part of it, and nothing more. */
  readonly budgets: Budgets
  /** Settles what was spent; the rest goes back. */
  end(): Promise<void>
}

export interface ShadowRooms {
  /**
   * Reserves for a plan as a whole. Resolves to `undefined` where there is no room, or a price is not known.
   *
   * Once there was no room for a plan, no other one is tried either before there is room for that much: else those would be tried that choose
   * cheap models, or what the incumbent has called already, and they would be all that is known of the candidate.
   */
  reserve(run: TaskRun, steps: readonly PlannedStep[]): Promise<ShadowRoom | undefined>
  /** The last plan found no room. */
  readonly isExhausted: boolean
}

/** @param components  Their budgets reserve for the shadow. */
export function createShadowRooms(components: CallComponents): ShadowRooms {
  const { budgets } = components
  let missed: Amount = ZERO_AMOUNT
  let isExhausted = false
  return {
    get isExhausted() {
      return isExhausted
    },
    async reserve(run, steps) {
      const needed = neededFor(components, run, steps)
      if (needed === undefined) return undefined
      const amountNanos = needed > missed ? needed : missed
      const { caller } = run.route
      try {
        const held = await budgets.reserve({ caller, taskId: run.taskId, amountNanos }, { signal: run.signal })
        isExhausted = false
        return roomOf(held)
      } catch (error: unknown) {
        if (!CodedError.is(error, 'BUDGET_EXCEEDED')) throw error
        isExhausted = true
        missed = amountNanos
        return undefined
      }
    },
  }
}

/** The most that all steps together can cost; `undefined` where one of them cannot be called under a budget. */
function neededFor(components: CallComponents, run: TaskRun, steps: readonly PlannedStep[]): Amount | undefined {
  let needed: Amount = ZERO_AMOUNT
  for (const step of steps) {
    const bounds = boundCall({
      entry: entryOf(components, step),
      tokensIn: run.facts.tokensIn,
      outputTokensAsked: run.route.request.maxOutputTokens,
      capNanos: remainingCapOf(run),
      hasBudget: true,
      today: run.today,
    })
    if (bounds?.costNanosMax === undefined) return undefined
    needed = addAmounts(needed, bounds.costNanosMax)
  }
  return needed
}

function roomOf(held: BudgetReservation): ShadowRoom {
  let spent: Amount = ZERO_AMOUNT
  return {
    budgets: {
      isBounded: () => true,
      reserve: () => ({
        settle(nanos) {
          spent = addAmounts(spent, nanos)
        },
        release: () => undefined,
      }),
    },
    async end() {
      await held.settle(spent)
    },
  }
}
