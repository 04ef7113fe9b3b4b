import { type Amount, amountFromNanos, ZERO_AMOUNT } from '../../base/money.ts'

/** One call that a provider charges for. */
export type BillLine = {
  readonly modelId: string
  /** What the caller gave as `user`: the name of a task, where the world does so. */
  readonly user: string | undefined
  /** Text of the task. */
  readonly prompt: string
  readonly tokensIn: number
  readonly tokensOut: number
  /** At the prices at which the call arrived. */
  readonly costNanos: Amount
  /** At the prices that the caller knew when it sent the call: what it can know of the cost. Another amount where they changed on the way. */
  readonly listedNanos: Amount
  /** Whether the caller got a whole answer, with its usage. Of all others it can only know what they may cost at most. */
  readonly isAnswered: boolean
}

/** What a provider has charged. */
export class ProviderBill {
  readonly lines: BillLine[] = []

  add(line: BillLine): void {
    this.lines.push(line)
  }

  /** All that is owed. */
  total(): Amount {
    return totalsOf(this.lines).billed
  }

  /** Calls whose prices changed on the way, and how much more they cost than callers can know; below 0 where prices fell. */
  get repriced(): { readonly calls: number; readonly nanos: bigint } {
    const changed = this.lines.filter(({ costNanos, listedNanos }) => costNanos !== listedNanos)
    const { billed, listed } = totalsOf(changed)
    return { calls: changed.length, nanos: billed - listed }
  }

  byPrompt(): ReadonlyMap<string, readonly BillLine[]> {
    const prompts = new Map<string, BillLine[]>()
    for (const line of this.lines) {
      const lines = prompts.get(line.prompt)
      if (lines === undefined) prompts.set(line.prompt, [line])
      else lines.push(line)
    }
    return prompts
  }
}

/** What lines come to: as billed, and by the price lists of the callers. */
export type BillTotals = { readonly billed: Amount; readonly listed: Amount }

export function totalsOf(lines: readonly BillLine[]): BillTotals {
  let [billed, listed]: [bigint, bigint] = [ZERO_AMOUNT, ZERO_AMOUNT]
  for (const { costNanos, listedNanos } of lines) {
    billed += costNanos
    listed += listedNanos
  }
  return { billed: amountFromNanos(billed), listed: amountFromNanos(listed) }
}
