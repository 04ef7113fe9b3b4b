import type { Sha256Hex } from '../../../base/sha256.ts'
import type { Timestamp } from '../../../base/time.ts'
import type { ContractId, Hash } from '../../../core/evidence/names.ts'
import { type BlockEntry, GENESIS, hashOfBlock } from '../../../core/notary/block.ts'
import { hashOfTransition } from '../../../wire/v1/notary-receipt.ts'
import { LEDGER_SUBJECT, stampOfBooksEvent } from './booked-event.ts'
import { type ChainPlace, describeTransition } from './describe-transition.ts'
import type { BookedStep } from './journaled-books.ts'
import { stateBehind } from './notary-archive.ts'

type OpenBlock = {
  readonly slot: number
  readonly at: Timestamp
  readonly previous: Hash
  readonly stateBefore: Hash
  readonly entries: BlockEntry[]
}

const FIRST: ChainPlace = { seq: 0, previous: GENESIS }

/**
 * The names of the blocks of a log, worked out from the steps of its books, from the first one on. Its memory grows by one place for each contract that the books keep.
 */
export class BlockChain {
  private readonly hash: Sha256Hex | undefined
  private readonly places = new Map<ContractId, ChainPlace>()
  private last: OpenBlock | undefined

  constructor(hash: Sha256Hex | undefined) {
    this.hash = hash
  }

  /** Name of the newest block, as far as its entries came; what stands in front of the first one before that. */
  get head(): Hash {
    return this.last === undefined ? GENESIS : hashOfBlock({ ...this.last, state: this.state }, this.hash)
  }

  add(step: BookedStep): void {
    const { slot, contract, message, event } = step.booked
    if (slot !== this.last?.slot)
      this.last = { slot, at: stampOfBooksEvent(event), previous: this.head, stateBefore: this.state, entries: [] }
    const place = this.places.get(contract) ?? FIRST
    const transition = hashOfTransition(describeTransition(step, place), this.hash)
    this.last.entries.push({ message, contract, seq: place.seq, transition })
    this.places.set(contract, { seq: place.seq + 1, previous: transition })
    for (const effect of step.effects)
      if (effect.type === 'prune-contract' && effect.record.contract !== LEDGER_SUBJECT)
        this.places.delete(effect.record.contract)
  }

  /** Behind the newest block. */
  private get state(): Hash {
    if (this.last === undefined) return GENESIS
    const { stateBefore, entries } = this.last
    return stateBehind(
      stateBefore,
      entries.map(({ transition }) => transition),
      this.hash,
    )
  }
}
