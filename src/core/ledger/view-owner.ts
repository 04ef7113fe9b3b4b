import { hashTrieGet } from '../collections/hash-trie.ts'
import type { Did } from '../evidence/names.ts'
import { authorityOf, type LedgerState } from './ledger-state.ts'

/** Whose signature counts for an owner, and who may change that. */
export type OwnerView = {
  readonly owner: Did
  /** The owner itself, or the key that took its place. */
  readonly authority: Did
  /** The key that took the owner's own place, in whose place another may be; `null` while none has. */
  readonly next: Did | null
  /** What became of the owner's own key; `null` while it signs for itself. */
  readonly former: 'rotated' | 'lost' | null
  readonly recoveryKey: Did | null
  readonly recoveryDelayMs: number | null
  /** Under way; `null` when none is. Stamps of the set. */
  readonly recovery: { readonly successor: Did; readonly completesAt: number } | null
}

/** Also of an owner that the ledger has never heard of: that one signs for itself. */
export function viewOwner(state: LedgerState, owner: Did): OwnerView {
  const row = hashTrieGet(state.owners, owner)
  return {
    owner,
    authority: authorityOf(state, owner),
    next: row?.former === undefined ? null : row.authority,
    former: row?.former ?? null,
    recoveryKey: row?.recoveryKey ?? null,
    recoveryDelayMs: row?.recoveryDelay ?? null,
    recovery: row?.recovery === undefined ? null : { ...row.recovery },
  }
}
