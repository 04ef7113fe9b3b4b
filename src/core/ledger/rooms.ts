import { hashTrieGet } from '../collections/hash-trie.ts'
import type { Did } from '../evidence/names.ts'
import { type Currency, formatAccountId, issuerOf } from './ledger-names.ts'
import type { AccountRow, CurrencyRow, LedgerState } from './ledger-state.ts'

/** Issuers that a notary set may list, and currencies of theirs. */
export const LISTED_ISSUERS_MAX = 256
export const LISTED_CURRENCIES_MAX = 1_024

/** Who wants room: credits of an issuer that the notary set has listed, or of any; for a contract, or for what a client signs outside of contracts. */
export type Claim = { readonly isListed: boolean; readonly isOfContract: boolean }

/**
 * How full a room may be for whoever wants some of it. A key costs nothing, and so does a currency of one's own: whatever is paid in credits of an issuer whom nobody
 * has listed finds room in the first half alone, so that no number of keys takes the other half from those who pay in listed ones. In each half clients find room
 * before contracts do, for whom the rest is kept.
 *
 * ```text
 * 0         1/4        1/2        3/4         1
 * | unlisted clients    |          |          |
 * | unlisted contracts ---------->|          |          |
 * | listed clients -------------------------->|          |
 * | listed contracts ---------------------------------->|
 * ```
 */
export function shareOf(limit: number, { isListed, isOfContract }: Claim): number {
  const quarters = (isListed ? 3 : 1) + (isOfContract ? 1 : 0)
  return Math.ceil((limit * quarters) / 4)
}

/** What everybody may fill of a limit. */
export function halfOf(limit: number): number {
  return Math.ceil(limit / 2)
}

/** Of what is counted for clients by itself, open holds and ids, clients fill half of a limit; with credits of issuers that nobody has listed, a quarter. */
export function clientShareOf(limit: number, isListed: boolean): number {
  return Math.ceil(limit / (isListed ? 2 : 4))
}

/** Whether somebody is a listed issuer, or has credits of one to spend: what no key has for nothing. */
export function hasListedCredits(
  { issuers, listed }: Pick<LedgerState, 'issuers' | 'listed'>,
  owner: Did,
  rowOf: (account: string) => AccountRow | undefined,
): boolean {
  if (issuers.has(owner)) return true
  for (const currency of listed) {
    const row = rowOf(formatAccountId({ owner, kind: 'available', currency }))
    if (row !== undefined && row.credits > row.debits) return true
  }
  return false
}

/** The same as the state says. */
export function isBacked(state: LedgerState, owner: Did): boolean {
  return hasListedCredits(state, owner, (account) => hashTrieGet(state.accounts, account))
}

/** Registered currencies of listed issuers. */
export function listedAmong(issuers: ReadonlySet<Did>, currencies: Iterable<CurrencyRow>): ReadonlySet<Currency> {
  const listed = new Set<Currency>()
  if (issuers.size > 0) for (const { currency } of currencies) if (issuers.has(issuerOf(currency))) listed.add(currency)
  return listed
}
