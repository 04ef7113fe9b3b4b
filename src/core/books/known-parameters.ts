import { hashTrieDelete, hashTrieGet, hashTrieSet } from '../collections/hash-trie.ts'
import type { Step } from '../machine.ts'
import type { BooksEffect, BooksEvent, BooksState } from './books-state.ts'

type ParametersPublished = Extract<BooksEvent, { type: 'parameters-published' }>

/** The hash is the content's, so what is known is the same. */
export function publishParameters(
  state: BooksState,
  { hash, rules }: ParametersPublished,
): Step<BooksState, BooksEffect> {
  if (hashTrieGet(state.parameters, hash) !== undefined)
    return { state, effects: [{ type: 'event-exists', contract: undefined }] }
  if (state.parameters.size >= state.limits.parametersMax)
    return { state, effects: [{ type: 'event-refused', code: 'BOOKS_PARAMETERS_FULL', contract: undefined }] }
  return { state: { ...state, parameters: hashTrieSet(state.parameters, hash, rules) }, effects: [] }
}

type ParametersRetired = Extract<BooksEvent, { type: 'parameters-retired' }>

/** Rules are read when a contract is offered, and never again. */
export function retireParameters(state: BooksState, { hash }: ParametersRetired): Step<BooksState, BooksEffect> {
  if (hashTrieGet(state.parameters, hash) === undefined)
    return { state, effects: [{ type: 'event-refused', code: 'BOOKS_PARAMETERS_UNKNOWN', contract: undefined }] }
  return { state: { ...state, parameters: hashTrieDelete(state.parameters, hash) }, effects: [] }
}
