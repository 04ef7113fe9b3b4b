import { type Amount, amountFromNanos, ZERO_AMOUNT } from '../../base/money.ts'

/** One call that a provider charges for. */
export type BillLine = {
  readonly modelId: string
  /** What the caller gave as `user`: the name of a task, where the world does so. */
  readonly user: string | undefined
  readonly tokensIn: number
  readonly tokensOut: number
  readonly costNanos: Amount
  /** Whether the caller got a whole answer, with its usage. Of all others it can only know what they may cost at most. */
  readonly isAnswered: boolean
}

/** What a provider has charged. */
export class ProviderBill {
  readonly lines: BillLine[] = []

  add(line: BillLine): void {
    this.lines.push(line)
  }

  total(isCounted: (line: BillLine) => boolean = () => true): Amount {
    let sum: bigint = ZERO_AMOUNT
    for (const line of this.lines) if (isCounted(line)) sum += line.costNanos
    return amountFromNanos(sum)
  }

  /** What each user was charged. */
  byUser(): ReadonlyMap<string, readonly BillLine[]> {
    const users = new Map<string, BillLine[]>()
    for (const line of this.lines) {
      if (line.user === undefined) continue
      const lines = users.get(line.user)
      if (lines === undefined) users.set(line.user, [line])
      else lines.push(line)
    }
    return users
  }
}
