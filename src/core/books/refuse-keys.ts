import { hashTrieGet } from '../collections/hash-trie.ts'
import type { EscrowMessageEvent } from '../escrow/escrow-event.ts'
import type { EscrowTerms } from '../escrow/escrow-terms.ts'
import type { Did } from '../evidence/names.ts'
import type { BooksState } from './books-state.ts'

/**
 * Why a message about a contract does not count for the keys that it needs. Until the price is held, both parties must be keys in whose place no other is: a key
 * that was replaced begins nothing. After that one that was rotated goes on with what it has signed, and one that was lost does nothing at all, neither by a message
 * of its own nor by a signature within one of somebody else.
 */
export function refuseKeys(
  state: BooksState,
  { payer, worker }: Pick<EscrowTerms, 'payer' | 'worker'>,
  message: EscrowMessageEvent,
): 'BOOKS_KEY_REPLACED' | undefined {
  const formerOf = (key: Did): 'rotated' | 'lost' | undefined => hashTrieGet(state.ledger.owners, key)?.former
  const isRefused = isOpening(message)
    ? [payer, worker, message.iss].some((key) => formerOf(key) !== undefined)
    : signersOf(message).some((key) => formerOf(key) === 'lost')
  return isRefused ? 'BOOKS_KEY_REPLACED' : undefined
}

/** What leads to a hold. */
function isOpening({ type }: EscrowMessageEvent): boolean {
  return type === 'offered' || type === 'awarded' || type === 'contract-signed' || type === 'hold-requested'
}

function signersOf(message: EscrowMessageEvent): readonly Did[] {
  if ('signers' in message) return [message.iss, ...message.signers]
  return message.type === 'equivocation-proved' ? [message.iss, message.culprit] : [message.iss]
}
