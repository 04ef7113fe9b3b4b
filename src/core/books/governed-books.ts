import { assert } from '../../base/assert.ts'
import type { Timestamp } from '../../base/time.ts'
import { hashTrieForEach, hashTrieGet } from '../collections/hash-trie.ts'
import { isTerminal } from '../escrow/escrow-state.ts'
import type { EscrowTerms } from '../escrow/escrow-terms.ts'
import type { ContractId } from '../evidence/names.ts'
import { GOVERNANCE_MACHINE } from '../governance/governance-machine.ts'
import {
  CONTRACTS_MAX,
  type GovernanceEffect,
  type GovernanceEvent,
  type GovernanceState,
} from '../governance/governance-state.ts'
import { escrowRulesOf, type ParameterSet } from '../governance/parameter-set.ts'
import type { Machine, Step } from '../machine.ts'
import { BOOKS_MACHINE, contractOf, nextFiringOf } from './books-machine.ts'
import type { BooksRefusalCode } from './books-refusals.ts'
import type { BooksEffect, BooksEvent, BooksInput, BooksState } from './books-state.ts'

/** Books whose parameter sets come from governance. */
export type GovernedBooksState = { readonly books: BooksState; readonly governance: GovernanceState }

/** Sets and live contracts are told from one to the other, never from outside. */
export type GovernedBooksEvent =
  | Exclude<BooksEvent, { type: 'parameters-published' | 'parameters-retired' }>
  | {
      readonly type: 'governance-event-received'
      readonly event: Exclude<GovernanceEvent, { type: 'contract-opened' | 'contract-closed' }>
    }

export type GovernedBooksEffect =
  | BooksEffect
  | { readonly type: 'governance-effect'; readonly effect: GovernanceEffect }

export type GovernedBooksInput = BooksInput & { readonly parameters: ParameterSet }

type GovernedStep = Step<GovernedBooksState, GovernedBooksEffect>

/**
 * Books and governance as one machine, so that one event is one record of the journal for both.
 *
 * ```text
 * message, timer --> books       a contract is held, or ends --> governance counts it, and the timelock has its bound
 * vote, timer    --> governance  a set is in force, or unused --> books know it, or forget it
 * ```
 *
 * A contract is offered and held under the set in force alone; after that it keeps to its set, whatever is decided. What is only offered or agreed does not hold
 * governance up: it costs nothing.
 */
export const GOVERNED_BOOKS_MACHINE: Machine<
  GovernedBooksState,
  GovernedBooksEvent,
  GovernedBooksEffect,
  GovernedBooksInput
> = { name: 'governed-books', initial, transition, violations: governedBooksViolations }

/** The stamp at which either wants to be woken; `undefined` when nothing runs. */
export function nextGovernedFiringOf({ books, governance }: GovernedBooksState): Timestamp | undefined {
  let next = nextFiringOf(books)
  for (const proposal of governance.proposals) {
    const firesAt = deadlineOf(proposal)
    if (firesAt !== undefined && (next === undefined || firesAt < next)) next = firesAt
  }
  return next
}

function deadlineOf(proposal: GovernanceState['proposals'][number]): Timestamp | undefined {
  if (proposal.kind === 'voting') return proposal.closesAt
  return proposal.kind === 'queued' ? proposal.expiresAt : undefined
}

function initial({ parameters, ...input }: GovernedBooksInput): GovernedBooksState {
  const governance = GOVERNANCE_MACHINE.initial({ parameters, at: input.at })
  const rules = escrowRulesOf(parameters)
  const published: BooksEvent = { type: 'parameters-published', hash: governance.current, rules, at: input.at }
  return { books: BOOKS_MACHINE.transition(BOOKS_MACHINE.initial(input), published).state, governance }
}

function transition(state: GovernedBooksState, event: GovernedBooksEvent): GovernedStep {
  if (event.type !== 'governance-event-received') {
    const code = event.type === 'message-received' ? refuseMessage(state, event) : undefined
    if (code === undefined) return event.type === 'stamp-advanced' ? advance(state, event.at) : stepBooks(state, event)
    return refused(state, code, event.type === 'message-received' ? event.contract : undefined)
  }
  if (event.event.at < state.books.at) return refused(state, 'BOOKS_STAMP_BACKWARD', undefined)
  return stepGovernance(state, event.event)
}

type MessageReceived = Extract<GovernedBooksEvent, { type: 'message-received' }>

/** What an offer and a hold must keep to besides what the books ask. */
function refuseMessage(
  { books, governance }: GovernedBooksState,
  { contract, terms, message }: MessageReceived,
): BooksRefusalCode | undefined {
  const known = contractOf(books, contract)
  if (message.type === 'offered' && known === undefined && terms !== undefined) {
    const set = governance.sets.find(({ hash }) => hash === terms.parametersHash)?.set
    if (set === undefined) return undefined
    return terms.parametersHash === governance.current ? refuseByParameters(terms, set) : 'BOOKS_PARAMETERS_OLD'
  }
  if (message.type !== 'hold-requested' || known?.kind !== 'AGREED') return undefined
  if (known.terms.parametersHash !== governance.current) return 'BOOKS_PARAMETERS_OLD'
  return governance.contracts.size >= CONTRACTS_MAX ? 'BOOKS_OPEN_FULL' : undefined
}

/** Shares are millionths of the price, rounded up for the parties' protection. */
function refuseByParameters(
  { custody, fees, bonds, maxNanos }: EscrowTerms,
  set: ParameterSet,
): BooksRefusalCode | undefined {
  const areFeesAllowed =
    BigInt(fees.perMillion) <= set['fee.perMillionMax'] &&
    fees.flatNanos <= set['fee.flatMaxNanos'] &&
    fees.arbiterNanos <= set['fee.arbiterMaxNanos']
  if (!areFeesAllowed) return 'BOOKS_PARAMETERS_FEES'
  if (custody !== 'C3') return undefined
  const isEnough = (bondNanos: bigint, perMillion: bigint): boolean => bondNanos * 1_000_000n >= maxNanos * perMillion
  const areBondsEnough =
    isEnough(bonds.payerNanos, set['bond.payerPerMillionMin']) &&
    isEnough(bonds.workerNanos, set['bond.workerPerMillionMin'])
  return areBondsEnough ? undefined : 'BOOKS_PARAMETERS_BONDS'
}

function stepBooks(before: GovernedBooksState, event: BooksEvent): GovernedStep {
  const step = BOOKS_MACHINE.transition(before.books, event)
  if (step.state === before.books) return { state: before, effects: step.effects }
  let state: GovernedBooksState = { ...before, books: step.state }
  const effects: GovernedBooksEffect[] = [...step.effects]
  for (const effect of step.effects) {
    if (effect.type !== 'record-transition') continue
    const told = tellGovernance(state, effect)
    state = told.state
    effects.push(...told.effects)
  }
  return { state, effects }
}

type Transition = Extract<BooksEffect, { type: 'record-transition' }>

/** A contract counts from the moment it is held to its end. */
function tellGovernance(state: GovernedBooksState, { contract, from, to, at }: Transition): GovernedStep {
  if (from === 'AGREED' && to === 'HELD') {
    const held = contractOf(state.books, contract)
    assert(held !== undefined, 'a contract that was just held is kept')
    const { parametersHash, timers } = held.terms
    const { deliverMs, graceMs, ruleMs } = timers
    return stepGovernance(state, {
      type: 'contract-opened',
      contract,
      parametersHash,
      deliverMs,
      graceMs,
      ruleMs,
      at: laterOf(at, state.governance.at),
    })
  }
  const isLive = hashTrieGet(state.governance.contracts, contract) !== undefined
  if (!isLive || !isEnd(to)) return { state, effects: [] }
  return stepGovernance(state, { type: 'contract-closed', contract, at: laterOf(at, state.governance.at) })
}

/** What is told from one to the other within a step must not be late for it. */
function laterOf(one: Timestamp, other: Timestamp): Timestamp {
  return one > other ? one : other
}

function isEnd(kind: Transition['to']): boolean {
  return kind === 'VOIDED' || kind === 'EXPIRED' || kind === 'FINAL' || kind === 'REFUNDED'
}

function stepGovernance(before: GovernedBooksState, event: GovernanceEvent): GovernedStep {
  const step = GOVERNANCE_MACHINE.transition(before.governance, event)
  let { books } = before
  const effects: GovernedBooksEffect[] = step.effects.map((effect) => ({ type: 'governance-effect', effect }))
  const at = laterOf(event.at, books.at)
  for (const effect of step.effects) {
    const told = eventForBooks(effect, at)
    if (told === undefined) continue
    const next = BOOKS_MACHINE.transition(books, told)
    const isTaken = next.effects.every(({ type }) => type !== 'event-refused')
    assert(isTaken, 'books take the sets of governance')
    books = next.state
  }
  return { state: { books, governance: step.state }, effects }
}

function eventForBooks(effect: GovernanceEffect, at: Timestamp): BooksEvent | undefined {
  if (effect.type === 'publish-parameters')
    return { type: 'parameters-published', hash: effect.hash, rules: escrowRulesOf(effect.set), at }
  return effect.type === 'retire-parameters' ? { type: 'parameters-retired', hash: effect.hash, at } : undefined
}

/** Fires what is due of both: votes first, since what is decided holds for what happens at the same stamp. */
function advance(before: GovernedBooksState, at: Timestamp): GovernedStep {
  let state = before
  const effects: GovernedBooksEffect[] = []
  for (const proposal of before.governance.proposals) {
    const now = state.governance.proposals.find(({ id }) => id === proposal.id)
    const firesAt = now === undefined ? undefined : deadlineOf(now)
    if (now === undefined || firesAt === undefined || firesAt > at || at < state.books.at) continue
    const name = now.kind === 'voting' ? 'close' : 'expire'
    const step = stepGovernance(state, { type: 'timer-fired', name, proposal: now.id, at })
    state = step.state
    effects.push(...step.effects)
  }
  const step = stepBooks(state, { type: 'stamp-advanced', at })
  return { state: step.state, effects: [...effects, ...step.effects] }
}

function refused(state: GovernedBooksState, code: BooksRefusalCode, contract: ContractId | undefined): GovernedStep {
  return { state, effects: [{ type: 'event-refused', code, contract }] }
}

/** Names of broken invariants: of books, of governance, and of both together. */
export function governedBooksViolations({ books, governance }: GovernedBooksState): readonly string[] {
  const broken = new Set([...BOOKS_MACHINE.violations(books), ...GOVERNANCE_MACHINE.violations(governance)])
  const isKnown = governance.sets.every(({ hash }) => hashTrieGet(books.parameters, hash) !== undefined)
  if (!isKnown || books.parameters.size !== governance.sets.length)
    broken.add('books and governance have the same sets')
  let live = 0
  hashTrieForEach(books.contracts, (contract, id) => {
    const isHeld = !isTerminal(contract) && !['DRAFT', 'OFFERED', 'AGREED'].includes(contract.kind)
    if (!isHeld) return
    live += 1
    if (hashTrieGet(governance.contracts, id)?.parametersHash !== contract.terms.parametersHash)
      broken.add('what is held counts for its set')
  })
  if (live !== governance.contracts.size) broken.add('what is held counts for its set')
  return [...broken]
}
