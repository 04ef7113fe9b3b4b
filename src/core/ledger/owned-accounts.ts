import { emptyHashTrie, type HashTrie, hashTrieDelete, hashTrieGet, hashTrieSet } from '../collections/hash-trie.ts'
import type { Did } from '../evidence/names.ts'
import type { AccountId } from './ledger-names.ts'
import type { AccountRow } from './ledger-state.ts'

/** Accounts by their owner: a question about one owner costs what that one has, whatever others have. */
export type OwnedAccounts = HashTrie<HashTrie<AccountId>>

type Named = Pick<AccountRow, 'id' | 'name'>

export function withOwned(owned: OwnedAccounts, made: Iterable<Named>): OwnedAccounts {
  let all = owned
  for (const { id, name } of made) all = hashTrieSet(all, name.owner, hashTrieSet(ownedBy(all, name.owner), id, id))
  return all
}

export function withoutOwned(owned: OwnedAccounts, { id, name: { owner } }: Named): OwnedAccounts {
  const left = hashTrieDelete(ownedBy(owned, owner), id)
  return left.size === 0 ? hashTrieDelete(owned, owner) : hashTrieSet(owned, owner, left)
}

export function ownedBy(owned: OwnedAccounts, owner: Did): HashTrie<AccountId> {
  return hashTrieGet(owned, owner) ?? emptyHashTrie()
}
