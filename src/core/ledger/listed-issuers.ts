import { hashTrieEntries } from '../collections/hash-trie.ts'
import type { Did } from '../evidence/names.ts'
import type { LedgerDraft } from './ledger-draft.ts'
import type { IssuerListed } from './ledger-event.ts'
import type { Currency } from './ledger-names.ts'
import type { LedgerRefusalCode } from './ledger-refusals.ts'
import { LISTED_CURRENCIES_MAX, LISTED_ISSUERS_MAX, listedAmong } from './rooms.ts'

/** @returns Why not; `undefined` when it was done, with its effect in the draft, or is so already. */
export function listIssuer(draft: LedgerDraft, { issuer, isListed }: IssuerListed): LedgerRefusalCode | undefined {
  if (draft.issuers.has(issuer) === isListed) return undefined
  const issuers = new Set<Did>(draft.issuers)
  if (isListed) issuers.add(issuer)
  else issuers.delete(issuer)
  const listed = listedAmong(issuers, registeredIn(draft))
  if (issuers.size > LISTED_ISSUERS_MAX || listed.size > LISTED_CURRENCIES_MAX) return 'LEDGER_ISSUERS_FULL'
  draft.issuers = issuers
  draft.listed = listed
  draft.effects.push({ type: 'issuer-noted', issuer, isListed })
  return undefined
}

/** A currency of a listed issuer is registered. */
export function addListed(draft: LedgerDraft, currency: Currency): void {
  draft.listed = new Set([...draft.listed, currency])
}

function registeredIn({ currencies }: LedgerDraft) {
  return hashTrieEntries(currencies.base).map(([, row]) => row)
}
