import { type Timestamp, timestampFromMs } from '../../base/time.ts'
import type { BooksState } from '../../core/books/books-state.ts'
import { contractOf } from '../../core/books/books-machine.ts'
import { withoutFirstFiring } from '../../core/books/timer-heap.ts'
import { hashTrieGet } from '../../core/collections/hash-trie.ts'
import { firesAtOf } from '../../core/escrow/escrow-timers.ts'
import { nextExpiry } from '../../core/ledger/ledger-state.ts'
import { bodyOfOrdered, bookOrdered, type OrderedEvent } from './booked-event.ts'
import type { BodyAdmissionInit } from './body-admission.ts'
import type { NotaryMessage } from './notary-application.ts'

/** Timers that are ordered at once at most; the others follow when these have fired. */
const FIRINGS_MAX = 128

/** What the books wait for and whose time has come: timers earliest first, or else holds outside of contracts that expire. Equal on every member, so that it is ordered once. */
export function dueOf(state: BooksState, now: Timestamp): readonly NotaryMessage[] {
  const due: NotaryMessage[] = []
  let heap = state.timers
  for (let count = 0; heap !== undefined && heap.firing.at <= now && count < FIRINGS_MAX; count += 1) {
    const { contract, name, at } = heap.firing
    heap = withoutFirstFiring(heap)
    const known = contractOf(state, contract)
    if (known !== undefined && firesAtOf(known, name) === at)
      due.push(messageOf({ type: 'timer-fired', contract, name, at }))
  }
  const expiry = nextExpiry(state.ledger)
  if (due.length === 0 && expiry !== undefined && expiry <= now)
    due.push(messageOf({ type: 'stamp-advanced', at: expiry }))
  return due
}

/** Rules that a member was started with and the books do not know. */
export function missingParameters(
  state: BooksState,
  parameters: BodyAdmissionInit['parameters'],
): readonly NotaryMessage[] {
  return parameters
    .filter(({ hash }) => hashTrieGet(state.parameters, hash) === undefined)
    .map(({ hash, rules }) => messageOf({ type: 'parameters-published', hash, rules, at: timestampFromMs(0) }))
}

function messageOf(event: OrderedEvent): NotaryMessage {
  const { message, contract } = bookOrdered(1, event)
  return { message, contract, body: bodyOfOrdered(event) }
}
