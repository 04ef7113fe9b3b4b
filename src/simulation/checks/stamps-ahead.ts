import type { Hash } from '../../core/evidence/names.ts'
import type { Vote } from '../../core/notary/statement.ts'

/** Looks at the stamps of blocks when they are voted for: one that has not come may get no vote. An old one may be of a block that was prepared long ago. */
export class StampsAhead {
  private readonly aheadMsMax: number
  private readonly stamps = new Map<Hash, number>()

  /** @param aheadMsMax  What members let pass, and how far their clocks are off. */
  constructor(aheadMsMax: number) {
    this.aheadMsMax = aheadMsMax
  }

  proposed(block: Hash, at: number): void {
    this.stamps.set(block, at)
  }

  /** @param now  The true time, in ms as stamps are. */
  voted({ block, slot, member }: Pick<Vote, 'block' | 'slot' | 'member'>, now: number): string | undefined {
    const stamp = this.stamps.get(block)
    if (stamp === undefined || stamp <= now + this.aheadMsMax) return undefined
    return `member ${member} has voted for slot ${slot} with a stamp ${Math.ceil(stamp - now)} ms ahead`
  }
}
