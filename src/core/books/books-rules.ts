import { hashTrieDelete, hashTrieGet, hashTrieSet } from '../collections/hash-trie.ts'
import { LEDGER_MACHINE } from '../ledger/ledger-machine.ts'
import type { Step } from '../machine.ts'
import type { BooksRefusalCode } from './books-refusals.ts'
import type { BooksEffect, BooksEvent, BooksState } from './books-state.ts'

type RulesStep = Step<BooksState, BooksEffect>

/** The hash is the content's, so what is known is the same. */
export function publishParameters(
  state: BooksState,
  { hash, rules }: Extract<BooksEvent, { type: 'parameters-published' }>,
): RulesStep {
  if (hashTrieGet(state.parameters, hash) !== undefined) return exists(state)
  if (state.parameters.size >= state.limits.parametersMax) return refused(state, 'BOOKS_PARAMETERS_FULL')
  return { state: { ...state, parameters: hashTrieSet(state.parameters, hash, rules) }, effects: [] }
}

/** Rules are read when a contract is offered, and never again. */
export function retireParameters(
  state: BooksState,
  { hash }: Extract<BooksEvent, { type: 'parameters-retired' }>,
): RulesStep {
  if (hashTrieGet(state.parameters, hash) === undefined) return refused(state, 'BOOKS_PARAMETERS_UNKNOWN')
  return { state: { ...state, parameters: hashTrieDelete(state.parameters, hash) }, effects: [] }
}

/** One epoch follows the other. Contracts under way keep the set that they name, and the account of its fees. */
export function changeSet(state: BooksState, { set }: Extract<BooksEvent, { type: 'set-changed' }>): RulesStep {
  if (set.id === state.set.id) return exists(state)
  if (set.epoch !== state.set.epoch + 1) return refused(state, 'BOOKS_EPOCH_WRONG')
  return { state: { ...state, set }, effects: [] }
}

/** Whose credits have room of their own from now on, or no more. */
export function listIssuer(state: BooksState, event: Extract<BooksEvent, { type: 'issuer-listed' }>): RulesStep {
  const step = LEDGER_MACHINE.transition(state.ledger, event)
  const effects = step.effects.map((effect): BooksEffect => ({ type: 'ledger-effect', effect }))
  if (effects.length === 0) return exists(state)
  return { state: step.state === state.ledger ? state : { ...state, ledger: step.state }, effects }
}

function exists(state: BooksState): RulesStep {
  return { state, effects: [{ type: 'event-exists', contract: undefined }] }
}

function refused(state: BooksState, code: BooksRefusalCode): RulesStep {
  return { state, effects: [{ type: 'event-refused', code, contract: undefined }] }
}
