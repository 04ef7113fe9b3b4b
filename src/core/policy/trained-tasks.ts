import type { Sha256Hex } from '../../base/sha256.ts'

/**
 * The tasks that a policy was trained on, as a set that can be asked and not read. A task is a number below 2^rangeBits, by a hash of its own for this
 * artefact; the sorted numbers are kept as differences in Rice's code with parameter `bits`:
 *
 * ```
 * difference - 1 =  quotient * 2^bits + remainder   ->   quotient times 1, then 0 | remainder in `bits` bits
 * ```
 *
 * A task that was trained on is always found. One that was not is mistaken for one with a probability of count / 2^rangeBits, at most 2^-bits. With 32 bits a task takes
 * some 4.3 bytes: 1,000,000 tasks 4.3 MB, 5.7 MB in base64. (Whole truncated hashes of 8 bytes would take twice as much, a Bloom filter of the same
 * rate 5.8 bytes a task.)
 *
 * @see Golomb (1966); Rice and Plaunt (1971); Putze, Sanders and Singler (2009), section 4, on compressed sets of hashes
 */
export type TrainedTasks = {
  /** Different keys of tasks. */
  readonly count: number
  /** 1 to 32: of the code, and of certainty. */
  readonly bits: number
  /** At most 52. */
  readonly rangeBits: number
  readonly codes: Uint8Array
}

export type TrainedTaskHashing = {
  /** Of this artefact: the same task is another number in another one. */
  readonly salt: string
  readonly sha256Hex: Sha256Hex
}

const BITS_MAX = 32
/** Hexadecimal digits of a hash that make a number: 52 bits, which a double holds exactly. */
const DIGITS = 13
const NUMBER_BITS = 4 * DIGITS
export const TRAINED_TASKS_MAX = 16_777_216

/** The first 52 bits of a key's SHA-256: what training keeps of a task until the artefact, and with it the salt, is known. */
export function taskNumberOf(key: string, sha256Hex: Sha256Hex): number {
  return Number.parseInt(sha256Hex(key).slice(0, DIGITS), 16)
}

/**
 * Packs numbers of `taskNumberOf`, in any order, with or without repeats.
 *
 * Throws `RangeError` for more than `TRAINED_TASKS_MAX` different ones.
 */
export function packTrainedTasks(numbers: Float64Array, hashing: TrainedTaskHashing): TrainedTasks {
  const known = distinct(numbers)
  if (known.length > TRAINED_TASKS_MAX) throw new RangeError(`There are more than ${TRAINED_TASKS_MAX} tasks`)
  let sizeBits = 0
  while (powerOfTwo(sizeBits) < known.length) sizeBits += 1
  const bits = Math.min(BITS_MAX, NUMBER_BITS - sizeBits)
  const rangeBits = sizeBits + bits
  const places = distinct(known.map((number) => placeOf(number, rangeBits, hashing)))
  return { count: places.length, bits, rangeBits, codes: encodeGaps(places, bits) }
}

/** Which tasks were trained on; `undefined` when the bytes are not those of `count` numbers. */
export function openTrainedTasks(
  packed: TrainedTasks,
  hashing: TrainedTaskHashing,
): { has(key: string): boolean } | undefined {
  const places = decodeGaps(packed)
  if (places === undefined) return undefined
  return {
    has: (key) => isAmong(places, placeOf(taskNumberOf(key, hashing.sha256Hex), packed.rangeBits, hashing)),
  }
}

function placeOf(number: number, rangeBits: number, { salt, sha256Hex }: TrainedTaskHashing): number {
  const digits = sha256Hex(`${salt} ${number.toString(16)}`).slice(0, DIGITS)
  return Math.floor(Number.parseInt(digits, 16) / powerOfTwo(NUMBER_BITS - rangeBits))
}

function powerOfTwo(exponent: number): number {
  let power = 1
  for (let step = 0; step < exponent; step += 1) power *= 2
  return power
}

/** Sorted, each once. */
function distinct(numbers: Float64Array): Float64Array {
  const sorted = numbers.slice().sort()
  let count = 0
  for (const [place, number] of sorted.entries()) {
    if (place > 0 && number === sorted[count - 1]) continue
    sorted[count] = number
    count += 1
  }
  return sorted.slice(0, count)
}

function isAmong(sorted: Float64Array, number: number): boolean {
  let [from, to] = [0, sorted.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((sorted[middle] ?? 0) < number) from = middle + 1
    else to = middle
  }
  return sorted[from] === number
}

function encodeGaps(places: Float64Array, bits: number): Uint8Array {
  const unit = powerOfTwo(bits)
  let length = 0
  let before = -1
  for (const place of places) {
    length += Math.floor((place - before - 1) / unit) + 1 + bits
    before = place
  }
  const codes = new Uint8Array(Math.ceil(length / 8))
  let at = 0
  const write = (bit: number): void => {
    if (bit === 1) codes[at >>> 3] = (codes[at >>> 3] ?? 0) | (128 >>> (at & 7))
    at += 1
  }
  before = -1
  for (const place of places) {
    const gap = place - before - 1
    for (let quotient = Math.floor(gap / unit); quotient > 0; quotient -= 1) write(1)
    write(0)
    const remainder = gap % unit
    for (let bit = bits - 1; bit >= 0; bit -= 1) write((remainder >>> bit) & 1)
    before = place
  }
  return codes
}

/** `undefined` for a code that ends early or late, or leaves the range. */
function decodeGaps({ count, bits, rangeBits, codes }: TrainedTasks): Float64Array | undefined {
  const [unit, range, end] = [powerOfTwo(bits), powerOfTwo(rangeBits), codes.length * 8]
  const places = new Float64Array(count)
  let at = 0
  const read = (): number => {
    const bit = ((codes[at >>> 3] ?? 0) >>> (7 - (at & 7))) & 1
    at += 1
    return bit
  }
  let place = -1
  for (let index = 0; index < count; index += 1) {
    let gap = 0
    while (at < end && read() === 1) gap += unit
    if (at + bits > end) return undefined
    let remainder = 0
    for (let bit = 0; bit < bits; bit += 1) remainder = remainder * 2 + read()
    place += gap + remainder + 1
    if (place >= range) return undefined
    places[index] = place
  }
  // What is left of the last byte is 0, and nothing follows it.
  if (end - at >= 8) return undefined
  while (at < end) if (read() === 1) return undefined
  return places
}
