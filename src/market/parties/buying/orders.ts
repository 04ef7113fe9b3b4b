import { CodedError } from '../../../base/errors.ts'
import { amountFromNanos } from '../../../base/money.ts'
import type { BidderFilter } from '../../../core/auction/auction-call.ts'
import type { EscrowTerms } from '../../../core/escrow/escrow-terms.ts'
import { type ContractId, type Did, parseContractId } from '../../../core/evidence/names.ts'
import type { BuyCode } from './buy-codes.ts'
import { type BuyRequest, ORDERS, type OrderNote } from './buy-order.ts'
import { CONTRACTS, readTerms } from '../contracts/contract-notes.ts'
import type { Party } from '../party.ts'
import { Turns } from '../turns.ts'

/** The contract that was written for a purchase, and the node at which its seller is. */
export type ChosenContract = { readonly contract: ContractId; readonly terms: EscrowTerms; readonly peer: Did }

/** What a buyer has written down of its purchases, by their keys. */
export class Orders {
  private readonly party: Party
  private readonly turns = new Turns()

  constructor(party: Party) {
    this.party = party
  }

  keys(): readonly string[] {
    return this.party.journal.notesOf(ORDERS).map(([key]) => key)
  }

  find(key: string): OrderNote | undefined {
    return this.party.noteOf<OrderNote>(ORDERS, key)
  }

  /** Throws `MARKET_ORDER_UNKNOWN`. */
  get(key: string): OrderNote {
    const order = this.find(key)
    if (order === undefined) throw new CodedError('MARKET_ORDER_UNKNOWN', { message: `There is no purchase ${key}` })
    return order
  }

  async put(key: string, note: OrderNote): Promise<void> {
    await this.party.keep(ORDERS, key, note)
  }

  async drop(key: string): Promise<void> {
    await this.party.journal.keepNote(ORDERS, key, null)
  }

  async change(key: string, changes: Partial<OrderNote>): Promise<void> {
    await this.put(key, { ...this.get(key), ...changes })
  }

  async fail(key: string, code: BuyCode, more: Omit<NonNullable<OrderNote['failed']>, 'code'> = {}): Promise<void> {
    await this.change(key, { failed: { code, ...more } })
  }

  /** Works of several purchases, one after the other. */
  async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    return await this.turns.take('', work)
  }

  contractOf(key: string): ChosenContract {
    const { contract: name, terms: text, peer } = this.get(key)
    const contract = parseContractId(name ?? '')
    if (contract === undefined || text === undefined || peer === undefined) throw new TypeError('A contract was chosen')
    return { contract, peer, terms: readTerms(text) }
  }

  /** The seller did not sign: its contract is dropped, and it is not chosen again for this purchase unless it may sign another one. */
  async dropContract(
    key: string,
    { code, isForNow }: { readonly code: string; readonly isForNow: boolean },
  ): Promise<void> {
    const { contract, terms } = this.contractOf(key)
    await this.party.journal.keepNote(CONTRACTS, contract, null)
    const { contract: _, terms: _terms, peer: _peer, ...rest } = this.get(key)
    const declined = isForNow ? rest.declined : [...rest.declined, terms.worker]
    await this.put(key, { ...rest, declined, declinedCode: code })
  }
}

/** Whom a purchase may go to. What newcomers may have of it is looked at with its price. */
export function filterOf({ filter, maxNanos }: OrderNote['request']): BidderFilter {
  const { capabilities = [], reputationPpmMin = 0 } = filter ?? {}
  return { capabilities, reputationPpmMin, newcomerExposureNanos: amountFromNanos(BigInt(maxNanos)) }
}

/** A purchase that nobody has been asked for yet. */
export function noteOfRequest(
  request: BuyRequest,
  known: Pick<OrderNote, 'requestHash' | 'task' | 'input' | 'at'>,
): OrderNote {
  const { idempotencyKey: _, input: _input, ...plain } = request
  const { maxNanos, depositNanos, newcomerNanosMax, disputeBondNanos, arbiterFeeNanos, ...rest } = plain
  return {
    ...known,
    request: {
      ...rest,
      maxNanos: maxNanos.toString(),
      ...(depositNanos !== undefined && { depositNanos: depositNanos.toString() }),
      ...(newcomerNanosMax !== undefined && { newcomerNanosMax: newcomerNanosMax.toString() }),
      ...(disputeBondNanos !== undefined && { disputeBondNanos: disputeBondNanos.toString() }),
      ...(arbiterFeeNanos !== undefined && { arbiterFeeNanos: arbiterFeeNanos.toString() }),
    },
    declined: [],
  }
}
