import { type Amount, addAmounts, amountToUsd, ZERO_AMOUNT } from '../../base/money.ts'
import type { TaskOutcome } from '../../core/routing/task-outcome.ts'

/** What tasks came to, added up. Dollars are sums of exact amounts. */
export type TotalsDocument = {
  readonly tasks: number
  readonly failed: number
  readonly cached: number
  readonly escalated: number
  readonly accepted: number
  readonly refused: number
  readonly tokens_in: number
  readonly tokens_out: number
  readonly cost_usd: number
  /** Tasks whose cost is not known, and not in the sum. */
  readonly unknown_costs: number
  /** Of the tasks of which both costs are known: what the premium model would have cost, and what that is above the real cost; below it, negative. */
  readonly premium_cost_usd: number
  readonly saved_usd: number
  /** Tasks of which both are known. */
  readonly compared: number
  readonly mean_latency_ms: number | null
}

/** Sums of one span, tier or model. */
export class TaskTotals {
  private tasks = 0
  private failed = 0
  private cached = 0
  private escalated = 0
  private accepted = 0
  private refused = 0
  private tokensIn = 0
  private tokensOut = 0
  private latencyMs = 0
  private unknownCosts = 0
  private compared = 0
  private cost: Amount = ZERO_AMOUNT
  private comparedCost: Amount = ZERO_AMOUNT
  private premium: Amount = ZERO_AMOUNT

  add(outcome: TaskOutcome): void {
    this.tasks += 1
    if (!outcome.success) this.failed += 1
    if (outcome.wasCached) this.cached += 1
    if (outcome.escalationChain.length > 1) this.escalated += 1
    if (outcome.verifier?.isAccepted === true) this.accepted += 1
    if (outcome.verifier?.isAccepted === false) this.refused += 1
    this.tokensIn += outcome.tokensIn
    this.tokensOut += outcome.tokensOut
    this.latencyMs += outcome.latencyMs
    if (outcome.costNanos === undefined) this.unknownCosts += 1
    else this.cost = addAmounts(this.cost, outcome.costNanos)
  }

  /** What a task that was added would have cost at the premium model. */
  compare(cost: Amount, premium: Amount): void {
    this.compared += 1
    this.comparedCost = addAmounts(this.comparedCost, cost)
    this.premium = addAmounts(this.premium, premium)
  }

  document(): TotalsDocument {
    const saved =
      this.premium >= this.comparedCost
        ? amountToUsd((this.premium - this.comparedCost) as Amount)
        : -amountToUsd((this.comparedCost - this.premium) as Amount)
    return {
      tasks: this.tasks,
      failed: this.failed,
      cached: this.cached,
      escalated: this.escalated,
      accepted: this.accepted,
      refused: this.refused,
      tokens_in: this.tokensIn,
      tokens_out: this.tokensOut,
      cost_usd: amountToUsd(this.cost),
      unknown_costs: this.unknownCosts,
      premium_cost_usd: amountToUsd(this.premium),
      saved_usd: saved,
      compared: this.compared,
      mean_latency_ms: this.tasks === 0 ? null : this.latencyMs / this.tasks,
    }
  }
}
