import { CodedError } from '../../../base/errors.ts'
import type { AuctionTranscript } from '../../../core/auction/auction-record.ts'
import { depositId, holdDeposit } from '../../../core/auction/deposits.ts'
import { hashTrieGet } from '../../../core/collections/hash-trie.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import { keyOfHold } from '../../../core/ledger/remembered-ids.ts'
import { isSameOrder } from '../../../core/ledger/same-order.ts'
import type { HoldOrder } from '../../../core/ledger/transfer-order.ts'
import type { BookedStep } from '../../../market/notary/books/journaled-books.ts'
import { verifyBooks } from './verify-books.ts'

export type HeldDeposits = {
  /** Of the deposits that a transcript lists. */
  readonly held: number
  readonly isHeld: (deposit: HoldOrder) => boolean
}

/** Of books in which no contract names their set. */
const UNNAMED = '0'.repeat(64) as Hash

/** Which deposits of an auction a copy of the books has held, with that copy verified from its bytes. Throws `COMMAND_INVALID` where it is not right, of another set, or its beginning is gone. */
export async function readDeposits(path: string, transcript: AuctionTranscript): Promise<HeldDeposits> {
  const { call, auction, entries } = transcript
  const wanted = new Set<string>(entries.map((entry) => depositId('hold', auction, entry)))
  const holds = new Map<string, HoldOrder>()
  const sets = new Set<Hash>()
  const onStep = ({ before, after, effects }: BookedStep): void => {
    for (const { set } of [before, after]) sets.add(set.id)
    for (const { effect } of effects.filter((one) => one.type === 'ledger-effect')) {
      if (effect.type !== 'transfer-held' || !wanted.has(effect.id)) continue
      const hold = hashTrieGet(after.ledger.holds, keyOfHold({ id: effect.id, contract: undefined }))
      if (hold !== undefined) holds.set(effect.id, hold)
    }
  }
  const { ok, gaps, firstBad } = await verifyBooks({ path, onStep })
  if (!ok) throw invalid(`${path} is no copy of books that is right: ${firstBad?.code ?? gaps.join(', ')}`)
  if (call.notarySet === undefined || !(sets.has(call.notarySet) || sets.has(UNNAMED)))
    throw invalid(`${path} has the books of another notary set than the auction names`)
  const isHeld = (deposit: HoldOrder): boolean => {
    const hold = holds.get(deposit.id)
    return hold !== undefined && isSameOrder(hold, deposit)
  }
  const held = entries.filter((entry) => isHeld(holdDeposit(call, auction, entry))).length
  if (held < entries.length && gaps.includes('JOURNAL_BEGINNING_PRUNED'))
    throw invalid(`${path} begins too late to say which deposits were held: give a copy from the beginning`)
  return { held, isHeld }
}

function invalid(message: string): CodedError {
  return new CodedError('COMMAND_INVALID', { message })
}
