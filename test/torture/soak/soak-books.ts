import { usdOf } from '../budgets/load-world.ts'
import { jsonOf, wordOf } from './node-caller.ts'
import type { Bill, SoakUpstream } from './soak-upstream.ts'
import { askAdmin, LIMIT_NANOS, type SoakWorld, TENANTS } from './soak-world.ts'

/** A killed node charges what it had reserved ahead, for each tenant at most this part of what was left. */
const AHEAD_PART = 64n
/** More than one call costs, and how many may be under way without having reached the provider when a node ends: they are charged, since nobody can tell. */
const CALL_NANOS = 150_000n
const UNDER_WAY = 40n

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

type Known = Bill & { readonly spent: bigint }

const NOTHING: Known = { billed: 0n, doubt: 0n, spent: 0n }

/** Holds what the node says that it spent against what the provider billed. */
export class SoakBooks {
  readonly #upstream: SoakUpstream
  /** Of each tenant, at the last look. */
  readonly #known = new Map<string, Known>()
  #wasKilled = false
  #hasEnded = false

  constructor(upstream: SoakUpstream) {
    this.#upstream = upstream
  }

  noteEnd(wasKilled: boolean): void {
    this.#hasEnded = true
    this.#wasKilled ||= wasKilled
  }

  /**
   * When nothing is under way: all that was billed since the last look is charged, and no more than what calls whose end nobody knows may have cost besides. So what calls cost that all
   * ended well is charged to the nano-dollar, as long as no node ended in the middle of them.
   */
  async judge(world: SoakWorld): Promise<readonly string[]> {
    const lines = await readBudgets(world)
    const found = TENANTS.flatMap((tenant) => {
      const spent = lines.find(({ scope }) => scope === `tenant:${tenant}`)?.spentNanos ?? 0n
      const now: Known = { ...this.#upstream.billOf(tenant), spent }
      const before = this.#known.get(tenant) ?? NOTHING
      this.#known.set(tenant, now)
      const charged = spent - before.spent
      const billed = now.billed - before.billed
      const ahead = this.#wasKilled ? (LIMIT_NANOS - before.spent) / AHEAD_PART : 0n
      // Callers may leave before their call has reached anybody.
      const leavers = BigInt(world.record.takeLeavers(tenant)) + (this.#hasEnded ? UNDER_WAY : 0n)
      const doubt = now.doubt - before.doubt + ahead + leavers * CALL_NANOS
      if (charged >= billed && charged <= billed + doubt) return []
      return [`${tenant} was billed ${usdOf(billed)}, with ${usdOf(doubt)} in doubt, and charged ${usdOf(charged)}`]
    })
    this.#wasKilled = false
    this.#hasEnded = false
    return found
  }

  describe(): string {
    const sum = (of: (known: Known) => bigint): string =>
      usdOf([...this.#known.values()].reduce((total, known) => total + of(known), 0n))
    return `billed ${sum(({ billed }) => billed)}, in doubt ${sum(({ doubt }) => doubt)}, charged ${sum(({ spent }) => spent)}`
  }
}
