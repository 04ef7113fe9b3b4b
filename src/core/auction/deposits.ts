import type { Did, Hash } from '../evidence/names.ts'
import { type AccountId, formatAccountId, type TransferId } from '../ledger/ledger-names.ts'
import type { HoldOrder, TransferOrder } from '../ledger/transfer-order.ts'
import { utf8Bytes } from '../text/encode-utf8.ts'
import { bytesOfHash } from '../transparency/hash-text.ts'
import { type AuctionCall, depositExpiry } from './auction-call.ts'
import type { CommitmentEntry } from './auction-record.ts'
import type { AuctionEffect } from './auction-state.ts'
import { delimitedHash } from './delimited-hash.ts'

/**
 * Who gets lost deposits: nobody. Its 32 bytes are SHA-256 of `kernell/auction/lost-deposits/v1/2`, the first such number that is no point of the curve, so no key
 * signs for it. What is there is out of circulation.
 */
export const LOST_DEPOSITS = 'did:key:z6MknWpnKR8q7eZUoM48VbGpUhVginGcx98tKqgijmJ816kB' as Did

const UNLINKED = { isLinked: false, contract: undefined, reference: undefined } as const

/** Whose deposit, and by which message: a refused id stays refused, so another commitment of the same bidder has another one. */
export type Depositor = Pick<CommitmentEntry, 'bidder' | 'envelope'>

/** Id of an order about a deposit: the same for whoever computes it, so that a repeat after a crash is answered `exists`. */
export function depositId(step: 'hold' | 'end', auction: Hash, { bidder, envelope }: Depositor): TransferId {
  const parts = [bytesOfHash(auction), utf8Bytes(bidder), bytesOfHash(envelope)]
  return delimitedHash(`kernell/auction/deposit-${step}/v1`, parts).slice(0, 32) as TransferId
}

/** Where lost deposits go. */
export function forfeitAccount({ forfeitTo, currency }: AuctionCall): AccountId {
  return formatAccountId({ owner: forfeitTo, kind: 'available', currency })
}

export function holdDeposit(call: AuctionCall, auction: Hash, depositor: Depositor): HoldOrder {
  return {
    ...UNLINKED,
    kind: 'hold',
    id: depositId('hold', auction, depositor),
    debit: formatAccountId({ owner: depositor.bidder, kind: 'available', currency: call.currency }),
    credit: forfeitAccount(call),
    amount: call.depositNanos,
    expiresAt: depositExpiry(call),
    // Neither gets it, and neither can keep it.
    agent: call.auctioneer,
  }
}

/** Gives a deposit back. */
export function returnDeposit(auction: Hash, depositor: Depositor): TransferOrder {
  return {
    ...UNLINKED,
    kind: 'void-held',
    id: depositId('end', auction, depositor),
    heldId: depositId('hold', auction, depositor),
  }
}

/** Takes a deposit for whom the call names. */
export function loseDeposit(call: AuctionCall, auction: Hash, depositor: Depositor): TransferOrder {
  return {
    ...UNLINKED,
    kind: 'post-held',
    id: depositId('end', auction, depositor),
    heldId: depositId('hold', auction, depositor),
    credit: forfeitAccount(call),
    amount: call.depositNanos,
  }
}

/** What ends the deposits when an auction closes: who did not reveal loses it, and everybody else has it back. The winner's stays until it has signed the contract, or has not. */
export function endDeposits(
  call: AuctionCall,
  auction: Hash,
  { entries, winner }: { readonly entries: readonly CommitmentEntry[]; readonly winner: Did | undefined },
): readonly AuctionEffect[] {
  const orders = entries
    .filter(({ deposit, bidder }) => deposit === 'held' && bidder !== winner)
    .map((entry) => (entry.reveal === undefined ? loseDeposit(call, auction, entry) : returnDeposit(auction, entry)))
  return postTransfers(orders)
}

/** What gives all deposits back when an auction is called off. */
export function returnDeposits(auction: Hash, entries: readonly CommitmentEntry[]): readonly AuctionEffect[] {
  const held = entries.filter(({ deposit }) => deposit === 'held')
  return postTransfers(held.map((entry) => returnDeposit(auction, entry)))
}

/** No effect for no orders. */
export function postTransfers(orders: readonly TransferOrder[]): readonly AuctionEffect[] {
  return orders.length === 0 ? [] : [{ type: 'post-transfers', orders }]
}
