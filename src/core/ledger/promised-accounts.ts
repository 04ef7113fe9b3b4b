import {
  emptyHashTrie,
  type HashTrie,
  hashTrieDelete,
  hashTrieForEach,
  hashTrieGet,
  hashTrieSet,
} from '../collections/hash-trie.ts'
import type { AccountId } from './ledger-names.ts'
import type { AccountRow, LedgerState } from './ledger-state.ts'
import type { HoldOrder } from './transfer-order.ts'

/**
 * Accounts that clients' open holds and open contracts may yet pay into, and by how many of them: their rows are kept though nothing is in them, and those that are
 * not made yet, `unmade` in number, have their room among the accounts. So what ends a hold or a contract is paid within the limit that it was held within.
 */
export type Promised = Pick<LedgerState, 'promised' | 'unmade'>

/** One contract more (1), or less (-1), may pay into the accounts, each named once. */
export function withPromised(state: LedgerState, accounts: readonly AccountId[], by: 1 | -1): LedgerState {
  let { promised, unmade } = state
  for (const account of accounts) {
    const before = hashTrieGet(promised, account) ?? 0
    const after = before + by
    promised = after === 0 ? hashTrieDelete(promised, account) : hashTrieSet(promised, account, after)
    const isFirstOrLast = before === 0 || after === 0
    if (isFirstOrLast && hashTrieGet(state.accounts, account) === undefined) unmade += by
  }
  return { ...state, promised, unmade }
}

/** What is promised by clients' holds: a ledger by itself knows no others. */
export function promisedByHolds(holds: HashTrie<HoldOrder>, accounts: HashTrie<AccountRow>): Promised {
  const counts = new Map<AccountId, number>()
  hashTrieForEach(holds, ({ contract, credit }) => {
    if (contract === undefined) counts.set(credit, (counts.get(credit) ?? 0) + 1)
  })
  let promised = emptyHashTrie<number>()
  let unmade = 0
  for (const [account, count] of counts) {
    promised = hashTrieSet(promised, account, count)
    if (hashTrieGet(accounts, account) === undefined) unmade += 1
  }
  return { promised, unmade }
}
