import { stampOfBooksEvent } from '../../market/notary/books/booked-event.ts'
import type { BookedStep } from '../../market/notary/books/journaled-books.ts'

/** Stamps and slots of a log only grow; of one slot there is one stamp. */
export function findStampFault(steps: readonly BookedStep[]): string | undefined {
  let [slot, at] = [0, 0]
  for (const { booked } of steps) {
    const stamp = stampOfBooksEvent(booked.event)
    if (booked.slot < slot || stamp < at)
      return `slot ${booked.slot} has the stamp ${stamp}, behind slot ${slot} at ${at}`
    if (booked.slot === slot && stamp !== at) return `slot ${slot} has two stamps, ${at} and ${stamp}`
    slot = booked.slot
    at = stamp
  }
  return undefined
}
