import { type EscrowState, isTerminal } from '../../core/escrow/escrow-state.ts'
import type { ContractId } from '../../core/evidence/names.ts'
import { cancelHash } from '../../wire/v1/escrow-events.ts'
import type { MarketFrameOf } from '../../wire/v1/market-frames.ts'
import { CONTRACTS, type ContractNote } from './contracts/contract-notes.ts'
import { declined, type MarketAnswer, type MarketHandlers } from './market-door.ts'
import type { Party } from './party.ts'

/**
 * How a party answers whoever asks to end a contract together. Either side agrees to what its owner has signed before (`kernell escrow cancel`, or a task of A2A that is
 * cancelled), and to nothing else by itself, but for a worker to its whole price: the work begins as soon as the price is held, and what it is worth is not known here. A
 * signature for less would be good until the delivery. One door answers for both roles of a party.
 */
export function agreeToCancel(party: Party): MarketHandlers {
  return { cancel: async ({ frame }) => await answer(party, frame) }
}

async function answer(party: Party, { statement }: MarketFrameOf<'cancel'>): Promise<MarketAnswer> {
  const { contract } = statement
  const note = party.noteOf<ContractNote>(CONTRACTS, contract)
  if (note === undefined) return declined('MARKET_CONTRACT_UNKNOWN')
  const hash = cancelHash(statement)
  const place = `${contract}/${hash}`
  const isSigned = party.wallet.signedAt('cancel', place) === hash
  // A payer agrees to nothing by itself.
  if (note.role === 'payer' && !isSigned) return declined('MARKET_STATEMENT_DECLINED')
  const state = await stateOf(party, contract)
  const isOpen = state?.kind === 'HELD' || state?.kind === 'WORKING'
  const isDue = isOpen && statement.currency === state.terms.currency
  const isWholePrice = isDue && statement.amountNanos >= state.terms.maxNanos
  if (!isWholePrice && !(isDue && isSigned)) return declined('MARKET_STATEMENT_DECLINED')
  const signature = await party.wallet.sign({ kind: 'cancel', place, hash })
  return { frame: { type: 'cosigned', signature } }
}

async function stateOf(party: Party, contract: ContractId): Promise<EscrowState | undefined> {
  for await (const { state } of party.follow(contract)) return isTerminal(state) ? undefined : state
  return undefined
}
