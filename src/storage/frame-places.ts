/** Frames between two of which both places are known, in bytes at least: so many are read in vain at most. */
const SPACING_BYTES = 16_384

/** Where a frame begins in its segment, and the first record in it. */
export type FramePlace = { readonly index: number; readonly offset: number }

/** Where some frames of a journal begin, so that a record is read without all those before it. What is not known is found by reading. */
export class FramePlaces {
  /** By the sequence of the segment, in order. */
  private readonly places = new Map<number, FramePlace[]>()

  /** A frame that was written or read. Those too near to one that is known are left out. */
  note(sequence: number, place: FramePlace): void {
    const known = this.places.get(sequence)
    if (known === undefined) {
      this.places.set(sequence, [place])
      return
    }
    const at = positionOf(known, place.index)
    const [before, after] = [known[at - 1], known[at]]
    if (before !== undefined && place.offset < before.offset + SPACING_BYTES) return
    if (after !== undefined && place.offset + SPACING_BYTES > after.offset) return
    known.splice(at, 0, place)
  }

  /** The last frame that is known to begin with this record or one before it; `undefined` where none is. */
  find(sequence: number, index: number): FramePlace | undefined {
    const known = this.places.get(sequence)
    return known?.[positionOf(known, index) - 1]
  }

  forget(sequence: number): void {
    this.places.delete(sequence)
  }
}

/** How many places begin with `index` or before it. */
function positionOf(places: readonly FramePlace[], index: number): number {
  let low = 0
  let high = places.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((places[middle]?.index ?? 0) <= index) low = middle + 1
    else high = middle
  }
  return low
}
