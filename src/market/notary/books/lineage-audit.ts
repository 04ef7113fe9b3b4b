import type { Sha256Hex } from '../../../base/sha256.ts'
import type { Timestamp } from '../../../base/time.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import type { EpochChange } from '../../../core/notary/epoch-change.ts'
import { honestShareOf, type NotarySet } from '../../../core/notary/notary-set.ts'
import type { SetLineage } from '../../../core/notary/set-lineage.ts'
import type { JournalFinding } from '../../../core/transparency/journal-findings.ts'
import { BlockChain } from './block-chain.ts'
import { type BookedEvent, stampOfBooksEvent } from './booked-event.ts'
import type { BookedStep } from './journaled-books.ts'

/** Whose checkpoints count at a place of the books, and how many members have to have signed for an entry, so that one of them is honest. */
export type SignersOfPlace = { readonly signers: readonly Did[]; readonly needed: number }

/**
 * Keys of the set that keeps the books at a place, and of those that took over later: a key counts for nothing behind the end of its epoch.
 *
 * @param set  Id of the set that the books name there.
 */
export function signersBehind(lineage: SetLineage, set: Hash): SignersOfPlace {
  const all = setsOf(lineage)
  const at = all.findIndex(({ id }) => id === set)
  const later = at < 0 ? all : all.slice(at)
  const [keeper] = later
  return {
    signers: later.flatMap(({ members }) => members.map(({ key }) => key)),
    needed: keeper === undefined ? 1 : honestShareOf(keeper),
  }
}

/**
 * Holds books against the signed words with which one set handed the log to the next: where each epoch ends, with which block and under which stamp, and that the next
 * set takes over right there.
 */
export class LineageAudit {
  private readonly sets: readonly NotarySet[]
  private readonly changes: readonly EpochChange[]
  private readonly chain: BlockChain | undefined
  private last: { readonly slot: number; readonly at: Timestamp } | undefined
  /** Changes whose epoch has ended in these books. */
  private passed = 0
  /** Of a copy that begins in the middle, blocks have no names. */
  private isWhole = true
  private isBegun = false

  constructor(lineage: SetLineage, hash: Sha256Hex | undefined) {
    this.sets = setsOf(lineage)
    this.changes = lineage.before.map(({ change }) => change)
    this.chain = this.changes.length === 0 ? undefined : new BlockChain(hash)
  }

  /** Looks at an entry before it is replayed. `keeper`: the set that the books name before it. */
  take(
    { slot, event }: BookedEvent,
    { keeper, index }: { readonly keeper: Hash; readonly index: number },
  ): JournalFinding | undefined {
    if (!this.isBegun) this.begin(keeper, index)
    for (let change = this.next; change !== undefined && slot > change.slot; change = this.next) {
      if (!this.endsWith(change)) return 'JOURNAL_CHANGE_WRONG'
      this.passed += 1
    }
    this.last = { slot, at: stampOfBooksEvent(event) }
    const isKept = keeper === this.sets[this.passed]?.id
    if (event.type !== 'set-changed') return isKept ? undefined : 'JOURNAL_CHANGE_WRONG'
    if (this.sets.every(({ id }) => id !== event.set.id)) return 'JOURNAL_NAME_WRONG'
    const following = this.sets.findIndex(({ id }) => id === keeper) + 1
    return !isKept && this.sets[following]?.id === event.set.id ? undefined : 'JOURNAL_CHANGE_WRONG'
  }

  /** Takes the step that an entry came to. */
  follow(step: BookedStep): void {
    if (this.isWhole) this.chain?.add(step)
  }

  /**
   * To be called behind the last entry.
   *
   * @param isCovered  Whether a checkpoint says that the copy ends with a whole block.
   */
  end({ isCovered }: { readonly isCovered: boolean }): JournalFinding | undefined {
    const change = this.next
    if (change === undefined || this.last?.slot !== change.slot) return undefined
    const isApart = this.last.at !== change.at || (isCovered && !this.endsWith(change))
    return isApart ? 'JOURNAL_CHANGE_WRONG' : undefined
  }

  /** Whether books that name `keeper` at their end are those of a set before the last one. */
  isBehindOf(keeper: Hash): boolean {
    return keeper !== this.sets.at(-1)?.id
  }

  /** Stamp behind which the keys of the set that the books name at their end say nothing; `undefined` for the last set. */
  untilOf(keeper: Hash): Timestamp | undefined {
    return this.changes[this.sets.findIndex(({ id }) => id === keeper)]?.at
  }

  private get next(): EpochChange | undefined {
    return this.changes[this.passed]
  }

  private begin(keeper: Hash, index: number): void {
    this.isBegun = true
    if (index === 0) return
    this.isWhole = false
    this.passed = Math.max(
      0,
      this.sets.findIndex(({ id }) => id === keeper),
    )
  }

  /**
   * Whether the last block so far is the one with which an epoch ends. What a pruned copy leaves out, its checkpoint stands for; of a set of several, blocks of messages
   * that changed nothing are not in the books, so that their names do not follow from these.
   */
  private endsWith({ slot, at, block }: EpochChange): boolean {
    if (this.last === undefined) return !this.isWhole || slot === 0
    const isNamed = this.isWhole && this.sets.slice(0, this.passed + 1).every(({ members }) => members.length === 1)
    if (!isNamed && this.last.slot < slot) return true
    const isPlace = this.last.slot === slot && this.last.at === at
    return isPlace && (!isNamed || this.chain?.head === block)
  }
}

function setsOf({ set, before }: SetLineage): readonly NotarySet[] {
  return [...before.map((former) => former.set), set]
}
