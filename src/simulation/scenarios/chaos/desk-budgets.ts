import { type Amount, amountFromNanos } from '../../../base/money.ts'
import type { BudgetLimit } from '../../../router/budgets/budget-owner.ts'
import { budgetNotExceeded, spendCoversBill, spendEqualsBill } from '../../checks/spend.ts'
import { type BillTotals, totalsOf } from '../../models/provider-bill.ts'
import type { SimulatedProvider } from '../../models/simulated-provider.ts'
import type { RouterWork } from '../../router/boot-router.ts'
import type { Stage } from '../../scenario/stage.ts'
import { RUSH_LIMIT_NANOS, rushTenants } from './rush.ts'
import { TENANTS } from './tenants.ts'

const NODE_LIMIT_NANOS = amountFromNanos(40_000_000n)
const TENANT_LIMIT_NANOS = amountFromNanos(20_000_000n)

/** An account of a machine, and whom its calls are charged to on the bill. */
type Account = {
  readonly scope: string
  readonly prefix: string
  readonly limitNanos: Amount
  readonly isTight: boolean
}

/** What the budgets of one machine say, held against what its providers have billed and are about to bill. */
export class DeskBudgets {
  private readonly stage: Stage
  private readonly provider: SimulatedProvider
  private readonly accounts: readonly Account[]
  /** The last moment at which nothing was under way in this process, by its budget and by the bill. */
  private rested: Rest | undefined

  constructor(machine: string, { stage, provider }: { readonly stage: Stage; readonly provider: SimulatedProvider }) {
    this.stage = stage
    this.provider = provider
    const ofTenant = (tenant: string, limitNanos: Amount, isTight: boolean): Account => ({
      scope: `tenant:${tenant}`,
      prefix: `${machine}/${tenant}/`,
      limitNanos,
      isTight,
    })
    this.accounts = [
      { scope: 'node', prefix: `${machine}/`, limitNanos: NODE_LIMIT_NANOS, isTight: false },
      ...TENANTS.map((tenant) => ofTenant(tenant, TENANT_LIMIT_NANOS, false)),
      ...rushTenants(machine).map((tenant) => ofTenant(tenant, RUSH_LIMIT_NANOS, true)),
    ]
  }

  get limits(): readonly BudgetLimit[] {
    return this.accounts.map(({ scope, limitNanos }) => ({ scope, window: 'total', limitNanos }))
  }

  /** Some calls have ended without anybody's knowing. */
  forget(): void {
    this.rested = undefined
  }

  /** While calls are under way: what they will cost is within the budget before they end. There is no slack, since a call that begins is told how long its answer may be. */
  look(): void {
    for (const account of this.accounts) if (account.isTight) this.checkLimit(account)
  }

  /** Nothing is under way any more. */
  judge(work: RouterWork | undefined): void {
    const { checks } = this.stage
    for (const account of this.accounts) {
      this.checkLimit(account)
      if (work === undefined) continue
      const { scope, prefix } = account
      const [spent, bill] = [spentOf(work, scope), this.billedTo(prefix)]
      checks.check('spend-covers-bill', spendCoversBill(prefix, { spent, bill }))
    }
  }

  /** Between two moments of one process at which nothing is under way each account spends what is billed to it, to the last unit. Of calls without a whole answer nobody knows what they cost. */
  compare(work: RouterWork): void {
    const { rested } = this
    const { lines } = this.provider.bill
    const spent = new Map(this.accounts.map(({ scope }) => [scope, spentOf(work, scope)]))
    this.rested = { spent, lines: lines.length }
    if (rested === undefined) return
    const since = lines.slice(rested.lines)
    for (const { scope, prefix } of this.accounts) {
      const own = since.filter(({ user }) => user?.startsWith(prefix) === true)
      const before = rested.spent.get(scope) ?? 0n
      const now = spent.get(scope) ?? 0n
      if ((own.length === 0 && now === before) || own.some(({ isAnswered }) => !isAnswered)) continue
      const spend = { spent: now - before, bill: totalsOf(own) }
      this.stage.checks.check('spend-equals-bill', spendEqualsBill(prefix, spend))
    }
  }

  private checkLimit({ prefix, limitNanos: limit }: Account): void {
    const [bill, underWay] = [this.billedTo(prefix), this.provider.underWayNanos(prefix)]
    this.stage.checks.check('budget-not-exceeded', budgetNotExceeded(prefix, { bill, underWay, limit }))
  }

  private billedTo(prefix: string): BillTotals {
    return totalsOf(this.provider.bill.lines.filter(({ user }) => user?.startsWith(prefix) === true))
  }
}

/** What the budgets knew, and how long the bill was. */
type Rest = { readonly spent: ReadonlyMap<string, bigint>; readonly lines: number }

/** Spent, and held for calls of which nobody has heard the end. */
function spentOf({ budgets }: RouterWork, name: string): bigint {
  const counter = budgets.inspect().find(({ scope }) => scope === name)?.account.counters.total
  return (counter?.spentNanos ?? 0n) + (counter?.heldNanos ?? 0n)
}
