import type { NotarySet } from '../../core/notary/notary-set.ts'
import { quorumOf } from '../../core/notary/notary-set.ts'
import type { Vote } from '../../core/notary/statement.ts'

/**
 * What members of a notary set say to each other, as whoever hears all of them finds it: an honest one votes for one block at each place, and of one place in the log
 * there is one block that a quorum has committed to, whatever becomes of the votes on their way.
 */
export class NotaryWire {
  private readonly set: NotarySet
  /** Block of each vote, by member, phase, view and slot. */
  private readonly voted = new Map<string, string>()
  /** Who has committed, by slot, view and block. */
  private readonly commits = new Map<string, Set<number>>()
  private readonly blocks = new Map<number, string>()

  constructor(set: NotarySet) {
    this.set = set
  }

  /** Slots of which a quorum has committed to a block. */
  get certified(): number {
    return this.blocks.size
  }

  /** A member says this of itself. `isHonest`: it is nobody's to vote twice. */
  saw(vote: Vote, isHonest: boolean): { readonly twice: string | undefined; readonly two: string | undefined } {
    const { member, phase, view, slot, block } = vote
    const place = `${member} ${phase} ${view} ${slot}`
    const before = this.voted.get(place)
    if (before === undefined) this.voted.set(place, block)
    const isTwice = isHonest && before !== undefined && before !== block
    return {
      twice: isTwice ? `member ${member} has signed two blocks for ${phase} in view ${view}, slot ${slot}` : undefined,
      two: phase === 'commit' ? this.commit(vote) : undefined,
    }
  }

  /** Two blocks of one slot that a leader proposes in one view. */
  sawProposal(
    member: number,
    view: number,
    { slot, signature }: { readonly slot: number; readonly signature: string },
  ): string | undefined {
    const place = `${member} proposes ${view} ${slot}`
    const before = this.voted.get(place)
    if (before === undefined) this.voted.set(place, signature)
    return before === undefined || before === signature
      ? undefined
      : `member ${member} has proposed two blocks in view ${view}, slot ${slot}`
  }

  private commit({ member, view, slot, block }: Vote): string | undefined {
    const place = `${slot} ${view} ${block}`
    const members = this.commits.get(place) ?? new Set()
    this.commits.set(place, members)
    members.add(member)
    if (members.size < quorumOf(this.set)) return undefined
    const certified = this.blocks.get(slot)
    if (certified === undefined) this.blocks.set(slot, block)
    return certified === undefined || certified === block
      ? undefined
      : `slot ${slot} has two blocks with certificates: ${certified.slice(0, 12)} and ${block.slice(0, 12)}`
  }
}
