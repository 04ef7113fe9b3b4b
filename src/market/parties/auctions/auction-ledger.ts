import { CodedError } from '../../../base/errors.ts'
import type { AuctionCall } from '../../../core/auction/auction-call.ts'
import { holdDeposit } from '../../../core/auction/deposits.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import type { TransferId } from '../../../core/ledger/ledger-names.ts'
import { isSameOrder } from '../../../core/ledger/same-order.ts'
import type { TransferOrder } from '../../../core/ledger/transfer-order.ts'
import { bodyOfOrder, readLedgerMessage } from '../../../wire/v1/ledger-events.ts'
import { ORDERS_OF_MESSAGE_MAX } from '../../../wire/v1/ledger-messages.ts'
import type { LedgerDoor } from '../../auctions/deposit-line.ts'
import { tellLedger } from '../accounts/ledger-word.ts'
import type { Party } from '../party.ts'

/**
 * The deposits of one auction, on the ledger of the notary set. A bidder signs the hold itself and gives it to the auctioneer with its commitment; the auctioneer, whom
 * the hold names as its agent and who gets nothing of it, brings it to the set, and ends it.
 */
export class AuctionLedger implements LedgerDoor {
  private readonly party: Party
  private readonly call: AuctionCall
  private readonly auction: Hash
  /** Holds as their bidders signed them, by id: one for each commitment. */
  private readonly holds = new Map<TransferId, Uint8Array>()

  constructor(party: Party, { call, auction }: { readonly call: AuctionCall; readonly auction: Hash }) {
    this.party = party
    this.call = call
    this.auction = auction
  }

  /** Takes the hold that belongs to a commitment. @returns False for one that is not the call's deposit, to the letter. */
  take(text: string | undefined, depositor: { readonly bidder: Did; readonly envelope: Hash }): boolean {
    if (this.call.depositNanos === 0n) return true
    const read = text === undefined ? undefined : this.party.read(text, 'ledger-transfer')
    if (read === undefined || read.envelope.head.iss !== depositor.bidder) return false
    const event = readLedgerMessage(read.message)
    const [order, ...rest] = event?.type === 'orders-signed' ? event.orders : []
    const wanted = holdDeposit(this.call, this.auction, depositor)
    if (order === undefined || rest.length > 0 || !isSameOrder(order, wanted)) return false
    if (this.holds.size < 2 * this.call.bidsMax) this.holds.set(wanted.id, read.bytes)
    return true
  }

  async submit(orders: readonly TransferOrder[]): Promise<readonly boolean[]> {
    const [first] = orders
    if (first?.kind === 'hold') return await Promise.all(orders.map(async (order) => await this.hold(order)))
    const answers: boolean[] = []
    for (let from = 0; from < orders.length; from += ORDERS_OF_MESSAGE_MAX)
      answers.push(...(await this.end(orders.slice(from, from + ORDERS_OF_MESSAGE_MAX))))
    return answers
  }

  private async hold({ id }: TransferOrder): Promise<boolean> {
    const bytes = this.holds.get(id)
    // After a restart the bidder gives it again, as an answer to the call.
    if (bytes === undefined) throw new CodedError('AUCTION_DEPOSIT_MISSING', { message: `No hold ${id} was given` })
    const { notary } = this.party.components
    const { effect } = await notary.submit(bytes, { signal: this.party.signal })
    return effect !== 'refused'
  }

  private async end(orders: readonly TransferOrder[]): Promise<readonly boolean[]> {
    const [first] = orders
    if (first === undefined) return []
    const { currency } = this.call
    const body = { orders: orders.map((order) => bodyOfOrder(order, currency)) }
    const act = `${this.auction}/end/${first.id}/${orders.length}`
    const { effect } = await tellLedger(this.party, { act, type: 'ledger-transfer', body })
    return orders.map(() => effect !== 'refused')
  }
}
