import { foldKeyOf } from '../../core/learning/training/fold-key.ts'

/** Where a sentence or a line of a carrier ends. */
const BORDER = /(?<=[.!?])[ \t]+|\n/g

/**
 * Puts a text between two sentences of a document. Which document and where depends on the text alone, so the same row always stands in the same place.
 */
export function placeInCarrier(text: string, carriers: readonly string[]): string {
  const key = foldKeyOf(text, 1)
  const carrier = carriers[key % carriers.length]
  if (carrier === undefined) throw new RangeError('There is no carrier to place a text in')
  const places = [...carrier.matchAll(BORDER)].map(({ index, 0: border }) => ({ index, border }))
  const { index, border } = places[(key >>> 8) % Math.max(1, places.length)] ?? { index: carrier.length, border: '\n' }
  return `${carrier.slice(0, index)}${border}${text}${border}${carrier.slice(index + border.length)}`
}
