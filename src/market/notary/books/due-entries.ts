import { type Timestamp, timestampFromMs } from '../../../base/time.ts'
import { contractOf } from '../../../core/books/books-machine.ts'
import { governanceDeadlines, type GovernedBooksState } from '../../../core/books/governed-books.ts'
import { withoutFirstFiring } from '../../../core/books/timer-heap.ts'
import { hashTrieGet } from '../../../core/collections/hash-trie.ts'
import { firesAtOf } from '../../../core/escrow/escrow-timers.ts'
import { hashOfParameters, type ParameterSet } from '../../../core/governance/parameter-set.ts'
import { hashOfWeights } from '../../../core/governance/weight-table.ts'
import { nextExpiry } from '../../../core/ledger/ledger-state.ts'
import { bodyOfOrdered, bookOrdered, type OrderedEvent, stamped } from './booked-event.ts'
import type { KnownRules } from './known-rules.ts'
import type { NotaryMessage } from '../set/notary-application.ts'

/** Timers that are ordered at once at most; the others follow when these have fired. */
const FIRINGS_MAX = 128

/**
 * What the books wait for and whose time has come: votes that end, then timers of contracts, earliest first, or else holds outside of contracts that expire. Equal on
 * every member, so that it is ordered once.
 */
export function dueEvents({ books, governance }: GovernedBooksState, now: Timestamp): readonly OrderedEvent[] {
  const due: OrderedEvent[] = []
  for (const { name, proposal, firesAt } of governance === undefined ? [] : governanceDeadlines(governance))
    if (firesAt <= now)
      due.push({ type: 'governance-event-received', event: { type: 'timer-fired', name, proposal, at: firesAt } })
  let heap = books.timers
  for (let count = 0; heap !== undefined && heap.firing.at <= now && count < FIRINGS_MAX; count += 1) {
    const { contract, name, at } = heap.firing
    heap = withoutFirstFiring(heap)
    const known = contractOf(books, contract)
    if (known !== undefined && firesAtOf(known, name) === at) due.push({ type: 'timer-fired', contract, name, at })
  }
  const expiry = nextExpiry(books.ledger)
  if (due.length === 0 && expiry !== undefined && expiry <= now) due.push({ type: 'stamp-advanced', at: expiry })
  return due
}

/** What is due first; `undefined` when nothing is. */
export function firstDue({ books, governance }: GovernedBooksState, now: Timestamp): OrderedEvent | undefined {
  const [vote] = governance === undefined ? [] : governanceDeadlines(governance)
  if (vote !== undefined && vote.firesAt <= now) {
    const { name, proposal, firesAt: at } = vote
    return { type: 'governance-event-received', event: { type: 'timer-fired', name, proposal, at } }
  }
  // The first of the heap runs.
  const firing = books.timers?.firing
  if (firing !== undefined && firing.at <= now)
    return { type: 'timer-fired', contract: firing.contract, name: firing.name, at: firing.at }
  const expiry = nextExpiry(books.ledger)
  return expiry !== undefined && expiry <= now ? { type: 'stamp-advanced', at: expiry } : undefined
}

export function dueOf(state: GovernedBooksState, now: Timestamp): readonly NotaryMessage[] {
  return dueEvents(state, now).map(messageOf)
}

type Due = { readonly event: OrderedEvent; readonly due: Timestamp; readonly at: Timestamp }

/** Whether what members ordered under the stamp `due` is still waited for at the stamp of its block. */
export function isDue({ books, governance }: GovernedBooksState, { event, due, at }: Due): boolean {
  const deadlines = governance === undefined ? [] : governanceDeadlines(governance)
  if (event.type === 'timer-fired') {
    const known = contractOf(books, event.contract)
    return known !== undefined && firesAtOf(known, event.name) === due
  }
  if (event.type === 'stamp-advanced') {
    // It would fire timers too, which are entries of their own.
    const timers = [books.timers?.firing.at, deadlines[0]?.firesAt]
    return nextExpiry(books.ledger) === due && timers.every((timer) => timer === undefined || timer > at)
  }
  if (event.type !== 'governance-event-received') return true
  const { event: inner } = event
  if (inner.type === 'weights-published') return hashOfWeights(inner.table) !== governance?.weights?.hash
  return deadlines.some(
    ({ name, proposal, firesAt }) => name === inner.name && proposal === inner.proposal && firesAt === due,
  )
}

const UNDATED = timestampFromMs(0)

/** Issuers whom a member was started with and the books do not list. */
export function missingIssuers({ books }: GovernedBooksState, issuers: KnownRules['issuers']): readonly OrderedEvent[] {
  return issuers
    .filter((issuer) => !books.ledger.issuers.has(issuer))
    .map((issuer) => ({ type: 'issuer-listed', issuer, isListed: true, at: UNDATED }))
}

/** Rules that a member was started with and the books do not know. */
export function missingParameters(
  { books }: GovernedBooksState,
  parameters: KnownRules['parameters'],
): readonly OrderedEvent[] {
  return parameters
    .filter(({ hash }) => hashTrieGet(books.parameters, hash) === undefined)
    .map(({ hash, rules }) => ({ type: 'parameters-published', hash, rules, at: UNDATED }))
}

/** What a member wants of governance and it has not: that it begins, and the table of weights that its operator gave. */
export function missingGovernance(
  { governance }: GovernedBooksState,
  { founding, weights }: KnownRules,
): readonly OrderedEvent[] {
  if (governance === undefined)
    return founding === undefined ? [] : [{ type: 'governance-founded', parameters: founding, at: UNDATED }]
  const wanted = weights()
  if (wanted === undefined || wanted.hash === governance.weights?.hash) return []
  const { table } = wanted
  return [{ type: 'governance-event-received', event: { type: 'weights-published', table, at: UNDATED } }]
}

/** Whether a member lets something into the log that only its operator can want. */
export function isWanted(event: OrderedEvent, { parameters, issuers, founding, weights }: KnownRules): boolean {
  const isSame = (wanted: OrderedEvent): boolean =>
    bodyOfOrdered(stamped(wanted, UNDATED)) === bodyOfOrdered(stamped(event, UNDATED))
  if (event.type === 'parameters-published') {
    const known = parameters.find(({ hash }) => hash === event.hash)
    return known !== undefined && isSame({ ...event, rules: known.rules })
  }
  if (event.type === 'parameters-retired') return false
  if (event.type === 'issuer-listed') return event.isListed && issuers.includes(event.issuer)
  if (event.type === 'governance-founded') return isSameSet(founding, event.parameters)
  if (event.type !== 'governance-event-received' || event.event.type !== 'weights-published') return true
  return hashOfWeights(event.event.table) === weights()?.hash
}

function isSameSet(known: ParameterSet | undefined, other: ParameterSet): boolean {
  return known !== undefined && hashOfParameters(known) === hashOfParameters(other)
}

export function messageOf(event: OrderedEvent): NotaryMessage {
  const { message, contract } = bookOrdered(1, event)
  return { message, contract, body: bodyOfOrdered(event) }
}
