import type { RandomStream } from '../../../../src/base/random-stream.ts'

const KEYS = ['a', 'b', 'c', 'd', '7', '10', '__proto__', '$k', 'long key']

/** Any stored value, small enough to be read in a failing test. */
export function drawValue(draws: RandomStream, depth = 3): unknown {
  const choice = draws.nextBelow(depth === 0 ? 12 : 17)
  switch (choice) {
    case 0:
      return null
    case 1:
      return undefined
    case 2:
      return draws.nextBelow(2) === 0
    case 3:
      return BigInt(draws.nextBelow(100)) - 50n
    case 4:
      return [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0][draws.nextBelow(4)]
    case 5:
      return new Date(draws.nextBelow(5) === 0 ? Number.NaN : draws.nextBelow(1_000_000))
    case 6:
      return draws.nextBelow(2) === 0
        ? Uint8Array.from({ length: draws.nextBelow(5) }, () => draws.nextBelow(256))
        : Float32Array.from({ length: draws.nextBelow(3) }, () => draws.nextBelow(9) / 4)
    case 7:
      return ['', 'text', '\ud800', 'ä€😀', '"\\\n'][draws.nextBelow(5)]
    case 8:
      return new Error(`error ${draws.nextBelow(3)}`)
    case 9:
    case 10:
    case 11:
      return draws.nextBelow(1_000) - 500
    case 12:
      return new Map(
        Array.from({ length: draws.nextBelow(4) }, () => [drawKey(draws, depth), drawValue(draws, depth - 1)]),
      )
    case 13:
      return new Set(Array.from({ length: draws.nextBelow(4) }, () => drawKey(draws, depth)))
    case 14:
      return Array.from({ length: draws.nextBelow(6) }, () => drawValue(draws, depth - 1))
    default:
      return drawObject(draws, depth)
  }
}

function drawKey(draws: RandomStream, depth: number): unknown {
  return draws.nextBelow(6) === 0 ? drawValue(draws, depth - 1) : draws.nextBelow(5)
}

function drawObject(draws: RandomStream, depth: number): unknown {
  return Object.fromEntries(
    Array.from({ length: draws.nextBelow(5) }, () => [
      KEYS[draws.nextBelow(KEYS.length)] ?? 'a',
      drawValue(draws, depth - 1),
    ]),
  )
}

/** A value after `value` as a reducer makes it: changed parts are new objects, the others are the same. */
export function drawChange(draws: RandomStream, value: unknown): unknown {
  if (draws.nextBelow(8) === 0) return drawValue(draws, 2)
  if (Array.isArray(value)) return changeArray(draws, value)
  if (value instanceof Map) return changeMap(draws, value)
  if (value instanceof Set) return changeSet(draws, value)
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return changeObject(draws, Object.entries(value))
  }
  return draws.nextBelow(2) === 0 ? value : drawValue(draws, 1)
}

function changeArray(draws: RandomStream, value: readonly unknown[]): unknown {
  const items = [...value]
  const at = draws.nextBelow(items.length + 1)
  switch (draws.nextBelow(6)) {
    case 0:
      items.push(drawValue(draws, 1))
      break
    case 1:
      items.splice(at, draws.nextBelow(3), ...Array.from({ length: draws.nextBelow(3) }, () => drawValue(draws, 1)))
      break
    case 2:
      items.splice(0, draws.nextBelow(3))
      items.push(drawValue(draws, 1))
      break
    case 3:
      items.unshift(drawValue(draws, 1))
      items.splice(items.length - draws.nextBelow(2))
      break
    case 4:
      if (at < items.length) items[at] = drawChange(draws, items[at])
      break
    default:
      return structuredClone(items)
  }
  return items
}

function changeMap(draws: RandomStream, value: ReadonlyMap<unknown, unknown>): unknown {
  const map = new Map(value)
  for (const [key, item] of value) {
    if (draws.nextBelow(3) === 0) map.set(key, drawChange(draws, item))
    if (draws.nextBelow(5) === 0) map.delete(key)
    if (draws.nextBelow(5) === 0) map.set(key, item)
  }
  if (draws.nextBelow(2) === 0) map.set(draws.nextBelow(9), drawValue(draws, 1))
  return map
}

function changeSet(draws: RandomStream, value: ReadonlySet<unknown>): unknown {
  const set = new Set(value)
  for (const item of value) if (draws.nextBelow(4) === 0) set.delete(item)
  set.add(draws.nextBelow(9))
  return set
}

function changeObject(draws: RandomStream, entries: readonly (readonly [string, unknown])[]): unknown {
  const kept = entries.filter(() => draws.nextBelow(6) > 0)
  const moved = draws.nextBelow(6) === 0 ? kept.toReversed() : kept
  const changed = moved.map(([key, item]) => [key, draws.nextBelow(2) === 0 ? drawChange(draws, item) : item] as const)
  const added =
    draws.nextBelow(3) === 0 ? [[KEYS[draws.nextBelow(KEYS.length)] ?? 'a', drawValue(draws, 1)] as const] : []
  return Object.fromEntries([...changed, ...added])
}
