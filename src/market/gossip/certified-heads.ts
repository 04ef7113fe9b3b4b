import type { Hash } from '../../core/evidence/names.ts'
import type { VoteQuorum } from '../../core/notary/statement.ts'

/** Slots of a set whose certificates others are held against; those that were seen first are forgotten first. */
export const HEADS_PER_SET = 1_024

/** Which block this node has seen certified for each slot of a set. */
export class CertifiedHeads {
  private readonly sets = new Map<Hash, Map<number, VoteQuorum>>()

  /** @returns The certificate of another block for the same slot, where one was seen. */
  take(set: Hash, head: VoteQuorum): VoteQuorum | undefined {
    const known = this.sets.get(set) ?? new Map<number, VoteQuorum>()
    this.sets.set(set, known)
    const before = known.get(head.slot)
    if (before !== undefined) return before.block === head.block ? undefined : before
    known.set(head.slot, head)
    const [oldest] = known.keys()
    if (oldest !== undefined && known.size > HEADS_PER_SET) known.delete(oldest)
    return undefined
  }
}
