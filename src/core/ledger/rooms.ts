import { hashTrieEntries, hashTrieGet, hashTriePage } from '../collections/hash-trie.ts'
import type { Did } from '../evidence/names.ts'
import { placesOf } from './key-places.ts'
import { ACCOUNT_KINDS, type Currency, currencyIn, formatAccountId, issuerOf } from './ledger-names.ts'
import { type AccountRow, authorityOf, type CurrencyRow, type LedgerState } from './ledger-state.ts'
import { ownedBy } from './owned-accounts.ts'

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

/** Keys that are looked at for listed credits at most, from the one that signs back to those in whose place it is. */
const LOOKED_BACK_MAX = 64
/** What an owner may have; an issuer's own account owes. */
const KINDS = ACCOUNT_KINDS.filter((kind) => kind !== 'issuer')

/**
 * Whether a key signs for a listed issuer, or for somebody who has listed credits: to spend, in a hold, earned or not confirmed. It is what no key has for nothing. A
 * key signs for itself and for those in whose place it is.
 */
export function isBacked(state: LedgerState, key: Did): boolean {
  for (const issuer of state.issuers) if (issuer === key || authorityOf(state, issuer) === key) return true
  const keys = [key]
  // The list grows while it is gone through.
  for (const owner of keys) {
    if (hasListedCredits(state, owner)) return true
    const behind = hashTriePage(placesOf(state.places, owner), {
      after: undefined,
      limit: LOOKED_BACK_MAX - keys.length,
    })
    for (const [, former] of behind) keys.push(former)
  }
  return false
}

/** Looks at the accounts that the owner has, or at those that it may have in listed currencies, whichever are fewer. */
function hasListedCredits({ accounts, owned, listed }: LedgerState, owner: Did): boolean {
  const ids = ownedBy(owned, owner)
  if (ids.size <= listed.size * KINDS.length)
    return hashTrieEntries(ids).some(([, id]) => listed.has(currencyIn(id)) && hasSome(hashTrieGet(accounts, id)))
  for (const currency of listed)
    for (const kind of KINDS)
      if (hasSome(hashTrieGet(accounts, formatAccountId({ owner, kind, currency })))) return true
  return false
}

function hasSome(row: AccountRow | undefined): boolean {
  return row !== undefined && row.credits > row.debits
}

/** Registered currencies of listed issuers. */
export function listedAmong(issuers: ReadonlySet<Did>, currencies: Iterable<CurrencyRow>): ReadonlySet<Currency> {
  const listed = new Set<Currency>()
  if (issuers.size > 0) for (const { currency } of currencies) if (issuers.has(issuerOf(currency))) listed.add(currency)
  return listed
}
