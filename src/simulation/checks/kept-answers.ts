import type { BookedStep } from '../../market/notary/books/journaled-books.ts'
import type { NotaryAnswer } from '../../ports/notary-client.ts'
import { readReceipt } from '../../wire/v1/notary-receipt.ts'

/** What a certificate said to somebody who asked. */
type Certified = { readonly message: string; readonly slot: number; readonly at: number; readonly transition: string }

/**
 * What parties were told with a certificate stays so: at one place of a contract there is one transition for whoever asks, what was acknowledged is in the books in the
 * end, and no stamp runs ahead of the time.
 */
export class KeptAnswers {
  private readonly atPlaces = new Map<string, Certified>()
  /** A stamp that was seen at this time may be so far ahead of it. */
  private readonly aheadMsMax: number

  constructor(aheadMsMax: number) {
    this.aheadMsMax = aheadMsMax
  }

  get size(): number {
    return this.atPlaces.size
  }

  /** `nowMs`: true time, as stamps count. */
  took({ receipt }: Pick<NotaryAnswer, 'receipt'>, nowMs: number): { readonly two?: string; readonly ahead?: string } {
    const read = readReceipt(receipt)
    if (read?.receipt.kind !== 'transition') return {}
    const { contract, seq, message, slot, at, transitionHash: transition } = read.receipt.certificate
    // What is outside of contracts has its places behind each other as well.
    const place = `${contract} ${seq}`
    const known = this.atPlaces.get(place)
    if (known === undefined) this.atPlaces.set(place, { message, slot, at, transition })
    const isOther = known !== undefined && (known.transition !== transition || known.message !== message)
    const aheadMs = at - nowMs
    return {
      ...(isOther && { two: `place ${seq} of ${contract} has two transitions with certificates` }),
      ...(aheadMs > this.aheadMsMax && { ahead: `the stamp of slot ${slot} is ${aheadMs} ms ahead of the time` }),
    }
  }

  /** The first answer that the books know nothing of. */
  findLost(steps: readonly BookedStep[]): string | undefined {
    const slots = new Map(steps.map(({ booked }) => [booked.message as string, booked.slot]))
    for (const [place, { message, slot }] of this.atPlaces)
      if (slots.get(message) !== slot)
        return `${place} was certified in slot ${slot}, and the books have it ${slots.has(message) ? `in slot ${slots.get(message)}` : 'nowhere'}`
    return undefined
  }
}
