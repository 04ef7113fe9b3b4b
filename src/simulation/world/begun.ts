import { sha256HexOfBytes } from '../../base/sha256.ts'
import { RecordWriter } from '../record/record-writer.ts'
import { ValueRecorder } from '../record/value-recorder.ts'

/** Most of what orders something is shorter. */
const KEY_BYTES = 512

/** Something that a promise has begun. */
export type Begun = {
  /** Who is to hear of it. What one promise begins for the same address keeps its order. */
  readonly address: string
  /** Tells those of one address apart, an actor's number in its system. */
  readonly number?: number
  /** Where given, the order of those of one address is decided by what they carry, since nobody promises one. */
  readonly payload?: unknown
  readonly run: () => void
}

/**
 * What promises begin while those of one instant go on, in the order in which it is to happen: by whom it is for, then by what it is, then as it came. How many turns each promise
 * has taken before decides nothing between different addresses.
 */
export function inOrder(begun: readonly Begun[]): readonly Begun[] {
  if (begun.length < 2) return begun
  const keys = new Map<Begun, string>()
  const keyOf = (one: Begun): string => {
    const known = keys.get(one)
    if (known !== undefined) return known
    const key = one.payload === undefined ? '' : keyOfValue(one.payload)
    keys.set(one, key)
    return key
  }
  return begun.toSorted((left, right) => {
    if (left.address !== right.address) return left.address < right.address ? -1 : 1
    const [first, second] = [left.number ?? 0, right.number ?? 0]
    if (first !== second) return first - second
    const [one, other] = [keyOf(left), keyOf(right)]
    if (one === other) return 0
    return one < other ? -1 : 1
  })
}

/** A hash by itself: equal for equal values. */
function keyOfValue(value: unknown): string {
  // One of tens of thousands, most of them a few hundred bytes: not worth a buffer and a hash as for a whole run.
  const writer = new RecordWriter(KEY_BYTES)
  writer.isKept = true
  new ValueRecorder(writer).value(value)
  return sha256HexOfBytes(writer.since(0))
}
