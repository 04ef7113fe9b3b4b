import type { Hash } from '../../core/evidence/names.ts'
import type { AccountLine } from '../../core/ledger/ledger-balances.ts'
import { type Currency, parseAccountId } from '../../core/ledger/ledger-names.ts'

/** Accounts of one currency, as a page of them shows it. */
export type LedgerView = {
  readonly currency: Currency
  /** By id. */
  readonly accounts: readonly AccountLine[]
  /** Of the balances that are shown: `0` where those are all of the currency. */
  readonly sumNanos: string
  /** Of the journal; `null` before its first entry. */
  readonly head: { readonly index: number; readonly hash: Hash } | null
}

/** Accounts by their currency. */
export function viewAccounts(lines: readonly AccountLine[], head: LedgerView['head']): readonly LedgerView[] {
  const views = new Map<Currency, AccountLine[]>()
  for (const line of lines) {
    const currency = parseAccountId(line.id)?.currency
    if (currency === undefined) continue
    const accounts = views.get(currency)
    if (accounts === undefined) views.set(currency, [line])
    else accounts.push(line)
  }
  return [...views]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([currency, accounts]) => {
      let sum = 0n
      for (const { balanceNanos } of accounts) sum += BigInt(balanceNanos)
      const sorted = accounts.toSorted((one, other) => (one.id < other.id ? -1 : 1))
      return { currency, accounts: sorted, sumNanos: String(sum), head }
    })
}
