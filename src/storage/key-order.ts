import { KEY_LENGTH_MAX } from '../ports/key-value-store.ts'
import type { KeyRange } from '../ports/key-value-store.ts'

const SUBLEVEL_NAME = /^[a-z0-9-]+$/
const SURROGATE_FIRST = 0xd800

/** Throws `TypeError` unless `key` is one that every store can hold. */
export function checkKey(key: string): void {
  if (key.length === 0 || key.length > KEY_LENGTH_MAX) throw new TypeError(`A key has 1 to ${KEY_LENGTH_MAX} units`)
  if (!key.isWellFormed()) throw new TypeError('A key may not hold a lone surrogate')
}

/** Throws `TypeError` unless `name` can name a sublevel. */
export function checkSublevelName(name: string): void {
  if (!SUBLEVEL_NAME.test(name)) throw new TypeError('A sublevel is named with small letters, digits and hyphens')
}

/** Throws `TypeError` when a range has two lower bounds, two upper bounds, or a limit that is no count. */
export function checkRange(range: KeyRange): void {
  if (range.gt !== undefined && range.gte !== undefined) throw new TypeError('A range has one lower bound')
  if (range.lt !== undefined && range.lte !== undefined) throw new TypeError('A range has one upper bound')
  if (range.limit !== undefined && !(Number.isInteger(range.limit) && range.limit >= 0)) {
    throw new TypeError('A limit is a whole number, 0 or more')
  }
}

/**
 * Order of keys by code point, which equals the byte order of their UTF-8. It differs from `<` only where a surrogate
 * pair (a code point above U+FFFF) meets a unit from U+E000 to U+FFFF.
 */
export function compareKeys(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index += 1) {
    const leftUnit = left.charCodeAt(index)
    const rightUnit = right.charCodeAt(index)
    if (leftUnit === rightUnit) continue
    const isLeftPair = leftUnit >= SURROGATE_FIRST && leftUnit <= 0xdfff
    const isRightPair = rightUnit >= SURROGATE_FIRST && rightUnit <= 0xdfff
    if (isLeftPair !== isRightPair) return isLeftPair ? 1 : -1
    return leftUnit - rightUnit
  }
  return left.length - right.length
}

/** The range of a sublevel's parent that holds exactly the keys of `range` below `prefix` (which ends in `/`). */
export function rangeBelow(prefix: string, range: KeyRange): KeyRange {
  const lower = range.gt === undefined ? { gte: prefix + (range.gte ?? '') } : { gt: prefix + range.gt }
  const upper = upperBelow(prefix, range)
  return {
    ...lower,
    ...upper,
    ...(range.reverse !== undefined && { reverse: range.reverse }),
    ...(range.limit !== undefined && { limit: range.limit }),
  }
}

function upperBelow(prefix: string, range: KeyRange): KeyRange {
  if (range.lt !== undefined) return { lt: prefix + range.lt }
  if (range.lte !== undefined) return { lte: prefix + range.lte }
  // `0` is the code point after `/`: everything that starts with the prefix is below it.
  return { lt: `${prefix.slice(0, -1)}0` }
}
