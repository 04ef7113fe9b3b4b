import { assert } from '../../base/assert.ts'
import type { Timestamp } from '../../base/time.ts'
import { hashTrieForEach, hashTrieGet } from '../collections/hash-trie.ts'
import type { EscrowState } from '../escrow/escrow-state.ts'
import type { ContractId } from '../evidence/names.ts'
import { GOVERNANCE_MACHINE } from '../governance/governance-machine.ts'
import type { GovernanceEffect, GovernanceEvent, GovernanceState } from '../governance/governance-state.ts'
import { escrowRulesOf, type ParameterSet } from '../governance/parameter-set.ts'
import type { Machine, Step } from '../machine.ts'
import { BOOKS_MACHINE, contractOf, nextFiringOf } from './books-machine.ts'
import type { BooksRefusalCode } from './books-refusals.ts'
import { type BooksEffect, type BooksEvent, type BooksInput, type BooksState, emptyBooks } from './books-state.ts'
import { foundedOn, isHeld } from './found-governance.ts'
import { type Governed, isGovernedSet, refuseByGovernance } from './governed-admission.ts'

/** Books, and the governance of the parameter sets that contracts pin; `undefined` until the notary set founds it. */
export type GovernedBooksState = { readonly books: BooksState; readonly governance: GovernanceState | undefined }

/** Live contracts are told from one to the other, never from outside; so is what becomes of the sets that governance keeps. */
export type GovernedBooksEvent =
  | BooksEvent
  /** Governance begins, with this set in force. Once. */
  | { readonly type: 'governance-founded'; readonly parameters: ParameterSet; readonly at: Timestamp }
  | {
      readonly type: 'governance-event-received'
      readonly event: Exclude<GovernanceEvent, { type: 'contract-opened' | 'contract-closed' }>
    }

/** An effect of the books, or a wrapped one of governance. Those of one event stand in the order in which they came about. */
export type GovernedBooksEffect =
  | BooksEffect
  | { readonly type: 'governance-effect'; readonly effect: GovernanceEffect }

type GovernedStep = Step<GovernedBooksState, GovernedBooksEffect>
type GovernanceStep = Step<Governed, GovernedBooksEffect>

/**
 * Books and governance as one machine, so that one event is one record of the journal for both.
 *
 * ```text
 * message, timer --> books       a contract is held, or ends --> governance counts it, and the timelock has its bound
 * vote, timer    --> governance  a set is in force, or unused --> books know it, or forget it
 * ```
 *
 * Before governance is founded these are the books alone. Then a contract is offered and held under the set in force alone; after that it keeps to its set, whatever is
 * decided. What is only offered or agreed does not hold governance up: it costs nothing.
 */
export const GOVERNED_BOOKS_MACHINE: Machine<GovernedBooksState, GovernedBooksEvent, GovernedBooksEffect, BooksInput> =
  {
    name: 'governed-books',
    initial: (input) => ({ books: emptyBooks(input), governance: undefined }),
    transition,
    violations: governedBooksViolations,
  }

/** The stamp at which either wants to be woken; `undefined` when nothing runs. */
export function nextGovernedFiringOf({ books, governance }: GovernedBooksState): Timestamp | undefined {
  const next = nextFiringOf(books)
  const [due] = governance === undefined ? [] : governanceDeadlines(governance)
  if (due === undefined || next === undefined) return due?.firesAt ?? next
  return due.firesAt < next ? due.firesAt : next
}

export type GovernanceDeadline = {
  readonly name: 'close' | 'expire'
  readonly proposal: GovernanceState['proposals'][number]['id']
  readonly firesAt: Timestamp
}

/** What open proposals wait for, earliest first. */
export function governanceDeadlines({ proposals }: GovernanceState): readonly GovernanceDeadline[] {
  const deadlines: GovernanceDeadline[] = []
  for (const proposal of proposals) {
    if (proposal.kind === 'voting') deadlines.push({ name: 'close', proposal: proposal.id, firesAt: proposal.closesAt })
    if (proposal.kind === 'queued')
      deadlines.push({ name: 'expire', proposal: proposal.id, firesAt: proposal.expiresAt })
  }
  return deadlines.toSorted((one, other) => one.firesAt - other.firesAt)
}

function transition(state: GovernedBooksState, event: GovernedBooksEvent): GovernedStep {
  const { governance } = state
  if (event.type === 'governance-founded') {
    if (event.at < state.books.at) return refused(state, 'BOOKS_STAMP_BACKWARD')
    if (governance !== undefined) return refused(state, 'BOOKS_GOVERNANCE_FOUNDED')
    const step = foundedOn(state.books, event)
    return step.state.governance === undefined ? { state, effects: step.effects } : step
  }
  if (event.type === 'governance-event-received') {
    if (event.event.at < state.books.at) return refused(state, 'BOOKS_STAMP_BACKWARD')
    if (governance === undefined) return refused(state, 'BOOKS_GOVERNANCE_NONE')
    return govern({ books: state.books, governance }, { before: state, event: event.event })
  }
  if (governance === undefined) {
    const step = BOOKS_MACHINE.transition(state.books, event)
    return step.state === state.books
      ? { state, effects: step.effects }
      : { state: { books: step.state, governance }, effects: step.effects }
  }
  const governed = { books: state.books, governance }
  if (event.type === 'parameters-retired' && isGovernedSet(governance, event.hash))
    return refused(state, 'BOOKS_PARAMETERS_GOVERNED')
  const code = event.type === 'message-received' ? refuseByGovernance(governed, event) : undefined
  if (code !== undefined) return refused(state, code, event.type === 'message-received' ? event.contract : undefined)
  const step = event.type === 'stamp-advanced' ? advance(governed, event.at) : stepBooks(governed, event)
  return step.state === governed ? { state, effects: step.effects } : step
}

/** An event of governance from outside. */
function govern(
  governed: Governed,
  { before, event }: { readonly before: GovernedBooksState; readonly event: GovernanceEvent },
): GovernedStep {
  const { books } = governed
  const isLost = 'iss' in event && hashTrieGet(books.ledger.owners, event.iss)?.former === 'lost'
  if (isLost) return refused(before, 'BOOKS_KEY_REPLACED')
  // A set more, at most, is what an event brings.
  if (event.type === 'execution-requested' && books.parameters.size >= books.limits.parametersMax)
    return refused(before, 'BOOKS_PARAMETERS_FULL')
  const step = stepGovernance(governed, event)
  return step.state === governed ? { state: before, effects: step.effects } : step
}

function stepBooks(before: Governed, event: BooksEvent): GovernanceStep {
  const step = BOOKS_MACHINE.transition(before.books, event)
  if (step.state === before.books) return { state: before, effects: step.effects }
  let state: Governed = { ...before, books: step.state }
  const effects: GovernedBooksEffect[] = [...step.effects]
  for (const effect of step.effects) {
    if (effect.type !== 'record-transition') continue
    const event = contractEvent(state, effect)
    if (event === undefined) continue
    const told = stepGovernance(state, event)
    assert(told.state !== state, 'governance counts every contract that is held')
    state = told.state
    effects.push(...told.effects)
  }
  return { state, effects }
}

type Transition = Extract<BooksEffect, { type: 'record-transition' }>

/** A contract counts from the moment it is held to its end. */
function contractEvent(
  { books, governance }: Governed,
  { contract, from, to, at: stamp }: Transition,
): GovernanceEvent | undefined {
  const at = laterOf(stamp, governance.at)
  if (from === 'AGREED' && to === 'HELD') {
    const held = contractOf(books, contract)
    assert(held !== undefined, 'a contract that was just held is kept')
    return { type: 'contract-opened', contract, ...spansOf(held, governance), at }
  }
  const isLive = isEnd(to) && hashTrieGet(governance.contracts, contract) !== undefined
  return isLive ? { type: 'contract-closed', contract, at } : undefined
}

function spansOf(
  { terms: { parametersHash, timers } }: EscrowState,
  governance: GovernanceState,
): Pick<Extract<GovernanceEvent, { type: 'contract-opened' }>, 'parametersHash' | 'deliverMs' | 'graceMs' | 'ruleMs'> {
  const { deliverMs, graceMs, ruleMs } = timers
  const isGoverned = isGovernedSet(governance, parametersHash)
  return { parametersHash: isGoverned ? parametersHash : undefined, deliverMs, graceMs, ruleMs }
}

/** What is told from one to the other within a step must not be late for it. */
function laterOf(one: Timestamp, other: Timestamp): Timestamp {
  return one > other ? one : other
}

function isEnd(kind: Transition['to']): boolean {
  return kind === 'VOIDED' || kind === 'EXPIRED' || kind === 'FINAL' || kind === 'REFUNDED'
}

function stepGovernance(before: Governed, event: GovernanceEvent): GovernanceStep {
  const step = GOVERNANCE_MACHINE.transition(before.governance, event)
  const effects: GovernedBooksEffect[] = step.effects.map((effect) => ({ type: 'governance-effect', effect }))
  if (step.state === before.governance) return { state: before, effects }
  let { books } = before
  const at = laterOf(event.at, books.at)
  for (const effect of step.effects) {
    const told = eventForBooks(effect, at)
    if (told === undefined) continue
    const next = BOOKS_MACHINE.transition(books, told)
    const isTaken = next.effects.every(({ type }) => type !== 'event-refused')
    assert(isTaken, 'books take the sets of governance')
    books = next.state
  }
  return { state: { books: at === books.at ? books : { ...books, at }, governance: step.state }, effects }
}

function eventForBooks(effect: GovernanceEffect, at: Timestamp): BooksEvent | undefined {
  if (effect.type === 'publish-parameters')
    return { type: 'parameters-published', hash: effect.hash, rules: escrowRulesOf(effect.set), at }
  return effect.type === 'retire-parameters' ? { type: 'parameters-retired', hash: effect.hash, at } : undefined
}

/** Fires what is due of both: votes first, since what is decided holds for what happens at the same stamp. */
function advance(before: Governed, at: Timestamp): GovernanceStep {
  let state = before
  const effects: GovernedBooksEffect[] = []
  const due = at < before.books.at ? [] : governanceDeadlines(before.governance).filter(({ firesAt }) => firesAt <= at)
  for (const { name, proposal } of due) {
    const step = stepGovernance(state, { type: 'timer-fired', name, proposal, at })
    if (step.state === state) continue
    state = step.state
    effects.push(...step.effects)
  }
  const step = stepBooks(state, { type: 'stamp-advanced', at })
  return { state: step.state, effects: [...effects, ...step.effects] }
}

function refused(state: GovernedBooksState, code: BooksRefusalCode, contract?: ContractId): GovernedStep {
  return { state, effects: [{ type: 'event-refused', code, contract }] }
}

/** Names of broken invariants: of books, of governance, and of both together. */
export function governedBooksViolations({ books, governance }: GovernedBooksState): readonly string[] {
  if (governance === undefined) return BOOKS_MACHINE.violations(books)
  const broken = new Set([...BOOKS_MACHINE.violations(books), ...GOVERNANCE_MACHINE.violations(governance)])
  const isKnown = governance.sets.every(({ hash }) => hashTrieGet(books.parameters, hash) !== undefined)
  if (!isKnown) broken.add('books know the sets of governance')
  let live = 0
  hashTrieForEach(books.contracts, (contract, id) => {
    if (!isHeld(contract)) return
    live += 1
    const counted = hashTrieGet(governance.contracts, id)
    const isCounted = counted?.parametersHash === undefined || counted.parametersHash === contract.terms.parametersHash
    if (counted === undefined || !isCounted) broken.add('what is held counts for its set')
  })
  if (live !== governance.contracts.size) broken.add('what is held counts for its set')
  return [...broken]
}
