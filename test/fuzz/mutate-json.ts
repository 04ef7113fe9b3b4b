import type { RandomStream } from '../../src/base/random-stream.ts'

type Path = readonly (string | number)[]

const ODD_NAMES = ['__proto__', 'constructor', 'toString', 'length', 'kind', 'type', '', 'ä', '0', 'a'.repeat(200)]
const ODD_VALUES: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => '',
  () => 0,
  () => -0,
  () => -1,
  () => 0.5,
  () => 1e308,
  () => 2 ** 53,
  () => [],
  () => ({}),
  () => [[]],
  () => 'x',
  () => '-1',
  () => '9'.repeat(400),
  () => '\ud800',
  () => '\u0000',
  () => 'did:key:z',
  () => '0'.repeat(64),
  () => JSON.parse('{"__proto__":{"kind":"x"}}') as unknown,
  () => ({ toString: 1, valueOf: 1, length: -1 }),
  () => nested(3_000),
  () => Array.from({ length: 3_000 }, (_, index) => index),
]

/** Values that a changed value has at most: what comes from outside is bounded before it is parsed. */
const SIZE_MAX = 12_000

/** One change to a value that JSON can carry; the value itself stays as it is. */
export function mutateJson(value: unknown, other: unknown, random: RandomStream): unknown {
  const mutated = mutateOnce(value, other, random)
  return isLarge(mutated) ? value : mutated
}

function mutateOnce(value: unknown, other: unknown, random: RandomStream): unknown {
  const paths = pathsOf(value)
  const path = paths[random.nextBelow(paths.length)] ?? []
  const inner = valueAt(value, path)
  switch (random.nextBelow(7)) {
    case 0:
      return changed(value, path, () => ODD_VALUES[random.nextBelow(ODD_VALUES.length)]?.())
    case 1:
      return without(value, path)
    case 2:
      return changed(value, path, () => neighbour(inner, random))
    case 3: {
      const others = pathsOf(other)
      return changed(value, path, () => valueAt(other, others[random.nextBelow(others.length)] ?? []))
    }
    case 4:
      return changed(value, path, () => valueAt(value, paths[random.nextBelow(paths.length)] ?? []))
    case 5:
      return changed(value, path, () => withMore(inner, random))
    default:
      return changed(value, path, () => neighbour(inner, random))
  }
}

function isLarge(value: unknown): boolean {
  const left: unknown[] = [value]
  let size = 0
  while (left.length > 0 && size <= SIZE_MAX) {
    const inner = left.pop()
    size += typeof inner === 'string' ? 1 + inner.length / 50 : 1
    if (typeof inner === 'object' && inner !== null) left.push(...Object.values(inner))
  }
  return size > SIZE_MAX
}

/** Something close: the next number, a text with a character changed, a list that is longer, shorter or turned around. */
function neighbour(value: unknown, random: RandomStream): unknown {
  const choice = random.nextBelow(5)
  if (typeof value === 'number') return [value + 1, value - 1, -value, value * 1e15, value + 0.5][choice]
  if (typeof value === 'boolean') return !value
  if (typeof value === 'string') return neighbourText(value, random)
  if (Array.isArray(value)) {
    const items = value as readonly unknown[]
    const repeated = items.length === 0 ? [] : Array.from({ length: 300 }, (_, index) => items[index % items.length])
    return [items.slice(1), items.toReversed(), [...items, ...items], items.slice(0, 1), repeated][choice]
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
    return [Object.fromEntries(entries.toReversed()), entries, [value], Object.keys(value).join(), null][choice]
  }
  return 1
}

function neighbourText(text: string, random: RandomStream): string {
  const at = random.nextBelow(text.length + 1)
  const code = String.fromCharCode(random.nextBelow(random.nextBelow(4) === 0 ? 65_536 : 128))
  const number = /^-?[0-9]+$/.test(text) && text.length < 60 ? [`${BigInt(text) + 1n}`, `-${text}`, `0${text}`] : []
  const choices = [
    text.slice(0, at) + code + text.slice(at + 1),
    text.slice(0, at) + text.slice(at + 1),
    text.slice(0, at) + code + text.slice(at),
    text.toUpperCase(),
    ` ${text}`,
    text.repeat(2),
    text.slice(at),
    ...number,
  ]
  return choices[random.nextBelow(choices.length)] ?? ''
}

/** One member or item more. */
function withMore(value: unknown, random: RandomStream): unknown {
  const odd = ODD_VALUES[random.nextBelow(ODD_VALUES.length)]?.()
  if (Array.isArray(value)) return [...(value as readonly unknown[]), odd]
  if (typeof value !== 'object' || value === null) return [value, odd]
  const name = ODD_NAMES[random.nextBelow(ODD_NAMES.length)] ?? ''
  return withMember(value, name, odd)
}

/** Members are set as JSON sets them, so that `__proto__` is a name like any other. */
function withMember(value: object, name: string, member: unknown): object {
  const copy: object = { ...value }
  Object.defineProperty(copy, name, { value: member, enumerable: true, writable: true, configurable: true })
  return copy
}

/** Places of a value, the value itself first; a few hundred at most. */
function pathsOf(value: unknown): readonly Path[] {
  const paths: Path[] = [[]]
  for (let next = 0; next < paths.length && paths.length < 400; next += 1) {
    const path = paths[next] ?? []
    const inner = valueAt(value, path)
    if (Array.isArray(inner))
      for (let index = 0; index < Math.min(inner.length, 20); index += 1) paths.push([...path, index])
    else if (isPlain(inner)) for (const key of Object.keys(inner).slice(0, 60)) paths.push([...path, key])
  }
  return paths
}

function valueAt(value: unknown, path: Path): unknown {
  let inner = value
  for (const key of path) inner = (inner as Record<string | number, unknown>)[key]
  return inner
}

function changed(value: unknown, [key, ...rest]: Path, make: () => unknown): unknown {
  if (key === undefined) return make()
  if (Array.isArray(value))
    return (value as readonly unknown[]).map((item, at) => (at === key ? changed(item, rest, make) : item))
  const members = value as Record<string, unknown>
  return withMember(members, String(key), changed(members[key], rest, make))
}

function without(value: unknown, path: Path): unknown {
  const last = path.at(-1)
  if (last === undefined) return undefined
  const holder = valueAt(value, path.slice(0, -1))
  const smaller = Array.isArray(holder)
    ? holder.filter((_, at) => at !== last)
    : Object.fromEntries(Object.entries(holder as object).filter(([name]) => name !== last))
  return changed(value, path.slice(0, -1), () => smaller)
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value }
  return value
}
