import type { Hash } from '../../core/evidence/names.ts'
import { type AccountLine, listAccounts, listCurrencies } from '../../core/ledger/ledger-balances.ts'
import type { Currency } from '../../core/ledger/ledger-names.ts'
import type { LedgerState } from '../../core/ledger/ledger-state.ts'

/** What `kernell ledger list` prints, one for each currency. */
export type LedgerView = {
  readonly currency: Currency
  readonly accounts: readonly AccountLine[]
  /** Of all balances: `0`, whatever happened. */
  readonly sumNanos: string
  /** Of the journal; `null` before its first entry. */
  readonly head: { readonly index: number; readonly hash: Hash } | null
}

export function viewLedger(state: LedgerState, head: LedgerView['head']): readonly LedgerView[] {
  return listCurrencies(state).map((currency) => {
    const accounts = listAccounts(state, currency)
    let sum = 0n
    for (const { balanceNanos } of accounts) sum += BigInt(balanceNanos)
    return { currency, accounts, sumNanos: String(sum), head }
  })
}
