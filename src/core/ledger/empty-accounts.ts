import { hashTrieApply, hashTrieGet, hashTriePage } from '../collections/hash-trie.ts'
import { withoutOwned } from './owned-accounts.ts'
import type { AccountRow, LedgerState } from './ledger-state.ts'

/** Rows that are looked at for empty ones at once. */
const LOOKED_AT = 512

/**
 * Takes rows with nothing in them, nothing held of them and nothing promised to them out of a ledger that is full: whoever is paid again has a new one. `seed` says where to look, in the order
 * of the rows' hashes: it differs from event to event and is equal on every replica, so that sooner or later every row is looked at. The very state where none is found.
 */
export function withoutEmptyAccounts(state: LedgerState, seed: string): LedgerState {
  const page = hashTriePage(state.accounts, { after: seed, limit: LOOKED_AT })
  const rest = LOOKED_AT - page.length
  const rows = rest > 0 ? [...page, ...hashTriePage(state.accounts, { after: undefined, limit: rest })] : page
  const empty = new Map(rows.filter(([id, row]) => isEmpty(row) && hashTrieGet(state.promised, id) === undefined))
  if (empty.size === 0) return state
  let { owned } = state
  for (const row of empty.values()) owned = withoutOwned(owned, row)
  const changes = [...empty.keys()].map((id) => [id, undefined] as const)
  return { ...state, accounts: hashTrieApply(state.accounts, changes), owned }
}

function isEmpty({ debits, credits, held }: AccountRow): boolean {
  return debits === credits && held === 0n
}
