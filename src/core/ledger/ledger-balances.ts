import { canonicalJson } from '../../base/canonical-json.ts'
import { hashTrieEntries, hashTrieForEach } from '../collections/hash-trie.ts'
import type { Did } from '../evidence/names.ts'
import { type AccountId, type AccountKind, type Currency, formatAccountId } from './ledger-names.ts'
import type { AccountRow, LedgerState } from './ledger-state.ts'

/** One account as it is shown. Amounts are decimal texts of nano-units; a balance may have a `-` in front, at an issuer. */
export type AccountLine = {
  readonly id: AccountId
  readonly owner: Did
  readonly kind: AccountKind
  readonly debitsPostedNanos: string
  readonly creditsPostedNanos: string
  /** Of open holds: what was taken from this account, and for the kind `held` what is in it. */
  readonly heldNanos: string
  readonly balanceNanos: string
}

export function lineOfAccount({ name, debits, credits, held }: AccountRow): AccountLine {
  return {
    id: formatAccountId(name),
    owner: name.owner,
    kind: name.kind,
    debitsPostedNanos: String(debits),
    creditsPostedNanos: String(credits),
    heldNanos: String(name.kind === 'held' ? credits - debits : held),
    balanceNanos: String(credits - debits),
  }
}

/** Registered currencies, by name. */
export function listCurrencies(state: LedgerState): readonly Currency[] {
  return hashTrieEntries(state.currencies).map(([, { currency }]) => currency)
}

/** Canonical text of every account's counters: equal balances have equal text. */
export function formatBalances(state: LedgerState): string {
  const rows = hashTrieEntries(state.accounts).map(([id, { debits, credits, held }]) => [
    id,
    String(debits),
    String(credits),
    String(held),
  ])
  return canonicalJson(rows)
}

type Sums = { readonly debitsNanos: string; readonly creditsNanos: string; readonly sumNanos: string }

/** Sums over all accounts of each currency. */
export function balanceSums(state: LedgerState): Readonly<Record<string, Sums>> {
  const sums = new Map<string, { debits: bigint; credits: bigint }>()
  for (const currency of listCurrencies(state)) sums.set(currency, { debits: 0n, credits: 0n })
  hashTrieForEach(state.accounts, ({ name, debits, credits }) => {
    const sum = sums.get(name.currency)
    if (sum === undefined) return
    sum.debits += debits
    sum.credits += credits
  })
  const lines: Record<string, Sums> = {}
  for (const [currency, { debits, credits }] of sums) {
    lines[currency] = {
      debitsNanos: String(debits),
      creditsNanos: String(credits),
      sumNanos: String(credits - debits),
    }
  }
  return lines
}
