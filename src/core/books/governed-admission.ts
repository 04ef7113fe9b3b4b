import type { EscrowTerms } from '../escrow/escrow-terms.ts'
import { hashTrieGet } from '../collections/hash-trie.ts'
import { CONTRACTS_MAX, type GovernanceState } from '../governance/governance-state.ts'
import type { ParameterSet } from '../governance/parameter-set.ts'
import { contractOf } from './books-machine.ts'
import type { BooksRefusalCode } from './books-refusals.ts'
import type { BooksEvent, BooksState } from './books-state.ts'

type MessageReceived = Extract<BooksEvent, { type: 'message-received' }>

export type Governed = { readonly books: BooksState; readonly governance: GovernanceState }

/**
 * What an offer and a hold must keep to besides what the books ask: the set in force. Sets that the notary set published beside the governed ones count as long as
 * nobody has weight, and so nobody governs.
 */
export function refuseByGovernance(
  { books, governance }: Governed,
  { contract, terms, message }: MessageReceived,
): BooksRefusalCode | undefined {
  const known = contractOf(books, contract)
  if (message.type === 'offered' && known === undefined && terms !== undefined) {
    const { parametersHash } = terms
    const set = governance.sets.find(({ hash }) => hash === parametersHash)?.set
    if (set !== undefined)
      return parametersHash === governance.current ? refuseByParameters(terms, set) : 'BOOKS_PARAMETERS_OLD'
    const isRefusedAnyway = hashTrieGet(books.parameters, parametersHash) === undefined
    return isRefusedAnyway || governance.weights === undefined ? undefined : 'BOOKS_PARAMETERS_OLD'
  }
  if (message.type !== 'hold-requested' || known?.kind !== 'AGREED') return undefined
  const { parametersHash } = known.terms
  const isBeside = governance.weights === undefined && !isGovernedSet(governance, parametersHash)
  if (parametersHash !== governance.current && !isBeside) return 'BOOKS_PARAMETERS_OLD'
  return governance.contracts.size >= CONTRACTS_MAX ? 'BOOKS_OPEN_FULL' : undefined
}

export function isGovernedSet({ sets }: GovernanceState, parametersHash: string): boolean {
  return sets.some(({ hash }) => hash === parametersHash)
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
