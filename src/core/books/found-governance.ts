import type { Timestamp } from '../../base/time.ts'
import { type HashTrie, emptyHashTrie, hashTrieForEach, hashTrieGet, hashTrieSet } from '../collections/hash-trie.ts'
import { type EscrowState, isTerminal } from '../escrow/escrow-state.ts'
import type { Hash } from '../evidence/names.ts'
import {
  CONTRACTS_MAX,
  type GovernanceState,
  initialGovernance,
  type LiveContract,
} from '../governance/governance-state.ts'
import { escrowRulesOf, type ParameterSet } from '../governance/parameter-set.ts'
import type { Step } from '../machine.ts'
import { BOOKS_MACHINE } from './books-machine.ts'
import type { BooksEffect, BooksState } from './books-state.ts'

type Founded = {
  readonly books: BooksState
  readonly governance: GovernanceState | undefined
}
type FoundingEffect =
  | BooksEffect
  | {
      readonly type: 'governance-effect'
      readonly effect: { readonly type: 'publish-parameters'; readonly hash: Hash; readonly set: ParameterSet }
    }

/**
 * Governance begins: over books that may be old. The first set is published if it was not, and what is held counts from now on: for the set that it names if that is the
 * first one, else for the timelock alone.
 */
export function foundedOn(
  books: BooksState,
  { parameters, at }: { readonly parameters: ParameterSet; readonly at: Timestamp },
): Step<Founded, FoundingEffect> {
  const refused = (code: 'BOOKS_OPEN_FULL' | 'BOOKS_PARAMETERS_FULL'): Step<Founded, FoundingEffect> => ({
    state: { books, governance: undefined },
    effects: [{ type: 'event-refused', code, contract: undefined }],
  })
  const first = initialGovernance({ parameters, at })
  const hash = first.current
  const isKnown = hashTrieGet(books.parameters, hash) !== undefined
  const isFull = !isKnown && books.parameters.size >= books.limits.parametersMax
  if (isFull) return refused('BOOKS_PARAMETERS_FULL')
  const { contracts, counted } = heldIn(books, hash)
  if (contracts.size > CONTRACTS_MAX) return refused('BOOKS_OPEN_FULL')
  const rules = escrowRulesOf(parameters)
  const published = BOOKS_MACHINE.transition(books, { type: 'parameters-published', hash, rules, at })
  const governance = { ...first, contracts, sets: [{ hash, set: parameters, liveContracts: counted }] }
  return {
    state: { books: { ...published.state, at }, governance },
    effects: [{ type: 'governance-effect', effect: { type: 'publish-parameters', hash, set: parameters } }],
  }
}

/** Whether money is held for a contract that has not ended. */
export function isHeld(contract: EscrowState): boolean {
  const { kind } = contract
  return !isTerminal(contract) && kind !== 'DRAFT' && kind !== 'OFFERED' && kind !== 'AGREED'
}

function heldIn(
  books: BooksState,
  first: Hash,
): { readonly contracts: HashTrie<LiveContract>; readonly counted: number } {
  let contracts = emptyHashTrie<LiveContract>()
  let counted = 0
  hashTrieForEach(books.contracts, (contract, id) => {
    if (!isHeld(contract)) return
    const { parametersHash, timers } = contract.terms
    const { deliverMs, graceMs, ruleMs } = timers
    const isFirst = parametersHash === first
    if (isFirst) counted += 1
    contracts = hashTrieSet(contracts, id, {
      parametersHash: isFirst ? parametersHash : undefined,
      deliverMs,
      graceMs,
      ruleMs,
    })
  })
  return { contracts, counted }
}
