import { usdOf } from '../budgets/load-world.ts'
import { jsonOf, wordOf } from './node-caller.ts'
import type { SoakUpstream } from './soak-upstream.ts'
import { askAdmin, CALM, LIMIT_NANOS, type SoakWorld, TENANTS } from './soak-world.ts'

/** A killed node charges what it had reserved ahead, for each tenant at most this part of what was left. */
const AHEAD_PART = 64n

export type BudgetLine = { readonly scope: string; readonly spentNanos: bigint; readonly heldNanos: bigint }

/** Every limit of the node with what was spent and is held of it. */
export async function readBudgets(world: SoakWorld): Promise<readonly BudgetLine[]> {
  const told = await askAdmin(world, 'GET /v1/node/budgets')
  const { budgets } = jsonOf(told)
  if (!Array.isArray(budgets)) throw new Error(`No budgets: ${wordOf(told)} ${told.text.slice(0, 300)}`)
  return (budgets as readonly Readonly<Record<string, string | number>>[]).map((line) => ({
    scope: String(line['scope']),
    spentNanos: nanosOf(line['spent_usd']),
    heldNanos: nanosOf(line['held_usd']),
  }))
}

function nanosOf(usd: string | number | undefined): bigint {
  return BigInt(Math.round(Number(usd) * 1e9))
}

/** Holds what the node says that it spent against what the provider billed. */
export class SoakBooks {
  readonly #upstream: SoakUpstream
  readonly #ahead = new Map<string, bigint>()
  readonly #spent = new Map<string, bigint>()
  #sums = { billed: 0n, spent: 0n, doubt: 0n }
  /** Of the tenant whose calls all end well, at the last look; absent where a node ended since. */
  #calm: { readonly billed: bigint; readonly spent: bigint } | undefined

  constructor(upstream: SoakUpstream) {
    this.#upstream = upstream
  }

  noteNodeEnded(wasKilled: boolean): void {
    this.#calm = undefined
    if (!wasKilled) return
    for (const tenant of TENANTS) {
      const left = LIMIT_NANOS - (this.#spent.get(tenant) ?? 0n)
      this.#ahead.set(tenant, (this.#ahead.get(tenant) ?? 0n) + left / AHEAD_PART)
    }
  }

  /**
   * When nothing is under way: all that was billed is charged, and no more than what calls whose end nobody knows may have cost besides, and what was reserved ahead when a node was killed. What calls cost that all ended well is charged to
   * the nano-dollar, as long as no node ended in the middle of them.
   */
  async judge(world: SoakWorld): Promise<readonly string[]> {
    const lines = await readBudgets(world)
    const found: string[] = []
    this.#sums = { billed: 0n, spent: 0n, doubt: 0n }
    for (const tenant of TENANTS) {
      const spent = lines.find(({ scope }) => scope === `tenant:${tenant}`)?.spentNanos ?? 0n
      const { billed, doubt: ofCalls } = this.#upstream.billOf(tenant)
      const doubt = ofCalls + (this.#ahead.get(tenant) ?? 0n)
      this.#spent.set(tenant, spent)
      const { billed: allBilled, spent: allSpent, doubt: allDoubt } = this.#sums
      this.#sums = { billed: allBilled + billed, spent: allSpent + spent, doubt: allDoubt + doubt }
      const known = `${tenant} was billed ${usdOf(billed)}, with ${usdOf(doubt)} in doubt, and charged ${usdOf(spent)}`
      if (spent < billed || spent > billed + doubt) found.push(known)
      if (tenant === CALM) found.push(...this.#judgeCalm({ billed, spent }))
    }
    return found
  }

  #judgeCalm(calm: { readonly billed: bigint; readonly spent: bigint }): readonly string[] {
    const before = this.#calm
    this.#calm = calm
    if (before === undefined) return []
    const [billed, spent] = [calm.billed - before.billed, calm.spent - before.spent]
    if (billed === spent) return []
    return [`calls that all ended well were billed ${billed} nano-dollars, and charged ${spent}`]
  }

  describe(): string {
    const { billed, spent, doubt } = this.#sums
    return `billed ${usdOf(billed)}, in doubt ${usdOf(doubt)}, charged ${usdOf(spent)}`
  }
}
