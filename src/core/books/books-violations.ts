import { hashTrieEntries, hashTrieForEach, hashTrieGet } from '../collections/hash-trie.ts'
import { openHoldsOf } from '../escrow/escrow-money.ts'
import type { EscrowState } from '../escrow/escrow-state.ts'
import { timersOf } from '../escrow/escrow-timers.ts'
import { escrowViolations } from '../escrow/escrow-violations.ts'
import { findLedgerViolations } from '../ledger/ledger-violations.ts'
import { type BooksState, isOpen, isUnheld } from './books-state.ts'
import { exposureKey, exposureOf } from './credit-exposure.ts'
import { promisedByAll } from './ready-for-hold.ts'
import type { TimerHeap } from './timer-heap.ts'

/** Names of broken invariants, of the ledger, of each contract, and of both together. It reads everything: for tests, replays and verification. */
export function booksViolations(state: BooksState): readonly string[] {
  const broken = new Set<string>(findLedgerViolations(state.ledger))
  let open = 0
  let unheld = 0
  const expected = new Set<string>()
  const firings = firingsIn(state.timers)
  hashTrieForEach(state.contracts, (contract, id) => {
    for (const violation of escrowViolations(contract)) broken.add(violation)
    if (contract.contract !== id) broken.add('a contract stands under its own id')
    if (isOpen(contract)) open += 1
    if (isUnheld(contract)) unheld += 1
    for (const hold of openHoldsOf(contract)) expected.add(hold)
    for (const { name, firesAt } of timersOf(contract)) {
      if (!firings.has(`${firesAt}/${id}/${name}`)) broken.add('I12 every timer of a contract is in the heap')
    }
  })
  if (open !== state.open || unheld !== state.unheld) broken.add('contracts are counted')
  for (const violation of holdViolations(state, expected)) broken.add(violation)
  for (const violation of exposureViolations(state)) broken.add(violation)
  if (!isPromised(state)) broken.add('accounts that open contracts may pay into have their room')
  return [...broken]
}

/** What the ledger holds for contracts is what their states say, hold by hold. */
function holdViolations({ ledger }: BooksState, expected: ReadonlySet<string>): readonly string[] {
  const broken: string[] = []
  let held = 0
  hashTrieForEach(ledger.holds, ({ id, contract }) => {
    if (contract === undefined) return
    held += 1
    if (!expected.has(id)) broken.push('I3 no hold outlives what it was made for')
  })
  if (held < expected.size) broken.push('I4 what a contract counts on is held')
  return broken
}

/** No more and no less is promised than open holds and contracts may pay into. */
function isPromised({ ledger, contracts }: BooksState): boolean {
  const { promised, unmade } = promisedByAll(ledger, contracts)
  if (unmade !== ledger.unmade || promised.size !== ledger.promised.size) return false
  return hashTrieEntries(promised).every(([account, count]) => hashTrieGet(ledger.promised, account) === count)
}

function exposureViolations(state: BooksState): readonly string[] {
  const sums = new Map<string, bigint>()
  hashTrieForEach(state.contracts, (contract: EscrowState) => {
    const exposed = exposureOf(contract)
    const key = exposureKey(contract.terms)
    if (exposed > 0n) sums.set(key, (sums.get(key) ?? 0n) + exposed)
  })
  const isRight =
    sums.size === state.exposures.size && [...sums].every(([key, sum]) => hashTrieGet(state.exposures, key) === sum)
  return isRight ? [] : ['the open contracts of a credit line are counted']
}

function firingsIn(heap: TimerHeap): ReadonlySet<string> {
  const firings = new Set<string>()
  const stack: TimerHeap[] = [heap]
  while (stack.length > 0) {
    const node = stack.pop()
    if (node === undefined) continue
    firings.add(`${node.firing.at}/${node.firing.contract}/${node.firing.name}`)
    stack.push(node.left, node.right)
  }
  return firings
}
