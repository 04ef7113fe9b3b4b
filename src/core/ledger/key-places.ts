import {
  emptyHashTrie,
  type HashTrie,
  hashTrieDelete,
  hashTrieForEach,
  hashTrieGet,
  hashTrieSet,
} from '../collections/hash-trie.ts'
import type { Did } from '../evidence/names.ts'
import type { LedgerState, OwnerRow } from './ledger-state.ts'

type Places = LedgerState['places']

/** An owner's row is another one: whoever took its place is found by the key that did. */
export function withPlace(places: Places, before: OwnerRow | undefined, { owner, authority }: OwnerRow): Places {
  if (before?.authority === authority) return places
  const left = before === undefined || before.authority === owner ? places : without(places, before)
  return hashTrieSet(left, authority, hashTrieSet(placesOf(left, authority), owner, owner))
}

function without(places: Places, { owner, authority }: OwnerRow): Places {
  const rest = hashTrieDelete(placesOf(places, authority), owner)
  return rest.size === 0 ? hashTrieDelete(places, authority) : hashTrieSet(places, authority, rest)
}

/** Owners in whose place the key is, one step back. */
export function placesOf(places: Places, key: Did): HashTrie<Did> {
  return hashTrieGet(places, key) ?? emptyHashTrie()
}

/** What follows from the rows of owners. */
export function placesIn(owners: HashTrie<OwnerRow>): Places {
  let places: Places = emptyHashTrie()
  hashTrieForEach(owners, (row) => {
    if (row.authority !== row.owner) places = withPlace(places, undefined, row)
  })
  return places
}
