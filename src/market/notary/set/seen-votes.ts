import type { NotaryEvent } from '../../../core/notary/notary-event.ts'
import type { Vote } from '../../../core/notary/statement.ts'
import { votesIn } from './event-of-frame.ts'

/** Places whose votes of one member others are held against; those that were seen first are forgotten first. */
export const PLACES_PER_MEMBER = 256

/** Of one member and for one place, with different blocks: `checkDoubleVote` takes them as a proof. */
export type TwoVotes = { readonly first: Vote; readonly second: Vote }

/**
 * What each member has signed for which place. A second signature for another block convicts a member also where it comes when the slot is long decided, or never was: agreement has no
 * more use for it by then, and does not look at it.
 */
export class SeenVotes {
  private readonly members = new Map<number, Map<string, Vote>>()

  /** Takes the votes in an event whose signatures were checked. @returns What convicts a member, beside what was seen before. */
  take(event: NotaryEvent): readonly TwoVotes[] {
    return votesIn(event).flatMap((second) => {
      const first = this.keep(second)
      return first === undefined ? [] : [{ first, second }]
    })
  }

  /** @returns What the member has signed for the same place and another block. */
  private keep(vote: Vote): Vote | undefined {
    const { member, phase, view, slot, block } = vote
    const known = this.members.get(member) ?? new Map<string, Vote>()
    this.members.set(member, known)
    const place = `${slot}/${view}/${phase}`
    const before = known.get(place)
    if (before !== undefined) return before.block === block ? undefined : before
    known.set(place, vote)
    const [oldest] = known.keys()
    if (oldest !== undefined && known.size > PLACES_PER_MEMBER) known.delete(oldest)
    return undefined
  }
}
