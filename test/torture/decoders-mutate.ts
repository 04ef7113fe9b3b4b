import { canonicalJson } from '../../src/base/canonical-json.ts'
import type { RandomStream } from '../../src/base/random-stream.ts'
import type { EnvelopeRefusal } from '../../src/core/evidence/envelope-refusals.ts'
import type { VectorContext } from '../../scripts/protocol-vectors/vector.ts'
import { rawEnvelope, VECTOR_KEYS } from '../../scripts/protocol-vectors/vector-kit.ts'

/** A message that is right, as bytes and as a value. */
export type Subject = { readonly bytes: Uint8Array; readonly text: string; readonly value: Members }

export type Members = { readonly [member: string]: unknown }

export type Mutant = {
  readonly bytes: Uint8Array
  /** Codes of which one is due; absent where several rules are broken at once, and any will do. */
  readonly expected?: readonly EnvelopeRefusal[]
  /** Signed anew by a key of ours, so that it may be right after all. */
  readonly isSigned?: boolean
  readonly context?: Partial<VectorContext>
}

export type Mutator = (subjects: readonly [Subject, Subject], random: RandomStream) => Mutant

type Path = readonly (string | number)[]

const RAW = '@raw@'
const RAW_NUMBERS = [
  '1e3',
  '1.0',
  '-0',
  '00',
  '9007199254740993',
  '1e400',
  '-1',
  'NaN',
  '0x1',
  '"1"',
  '1E+2',
  '.5',
  '5.',
  '--1',
  '-',
  '1 2',
]
const RAW_STRINGS = [
  String.raw`"\ud800"`,
  String.raw`"\udc00\ud800"`,
  String.raw`"\u0061"`,
  String.raw`"\x61"`,
  '"\u0000"',
  '"e\u0301"',
  '"\ufeff"',
  '"\u202e"',
  "'a'",
  '"a',
  '"\\',
  String.raw`"\u00"`,
]
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  '',
  0,
  -1,
  [],
  {},
  [[]],
  'x',
  0.5,
  2 ** 60,
  '__proto__',
  '0'.repeat(64),
]
const ODD_NAMES = ['__proto__', 'constructor', 'toString', 'extra', 'Body', 'body ', '', 'ä', '0', 'a'.repeat(200)]
const WHITE = [' ', '\n', '\t', '\r\n', '  ']
const SMALL_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
]

function pick<Item>(items: readonly Item[], random: RandomStream): Item {
  const item = items[random.nextBelow(items.length)]
  if (item === undefined && items.length === 0) throw new RangeError('Nothing to pick from')
  return item as Item
}

function utf8(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text))
}

/** Paths of everything inside a value. */
function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const inner = Object.entries(value).flatMap(([key, member]) => pathsOf(member, [...path, key]))
  return path.length === 0 ? inner : [path, ...inner]
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Members)[key], value)
}

/** A copy with another value at the path; `undefined` takes the member out. */
function withValue(value: Members, path: Path, replacement: unknown): Members {
  const [key, ...rest] = path
  if (key === undefined) return replacement as Members
  const inner = rest.length === 0 ? replacement : withValue(value[key] as Members, rest, replacement)
  if (Array.isArray(value)) return value.map((item: unknown, index) => (index === Number(key) ? inner : item)) as never
  return { ...value, [key]: inner }
}

/** The value with a raw text in one place. */
function withRaw(subject: Subject, path: Path, raw: string): Uint8Array {
  return utf8(canonicalJson(withValue(subject.value, path, RAW)).replace(`"${RAW}"`, () => raw))
}

function objectsOf(value: unknown): readonly Path[] {
  const all = pathsOf(value).filter((path) => {
    const inner = valueAt(value, path)
    return typeof inner === 'object' && inner !== null && !Array.isArray(inner)
  })
  return [[], ...all]
}

/** One object of the subject written by `write` from its members. */
function rewriteObject(
  subject: Subject,
  random: RandomStream,
  write: (members: readonly string[]) => string,
): Uint8Array {
  const filled = objectsOf(subject.value).filter(
    (path) => Object.keys(valueAt(subject.value, path) as Members).length > 0,
  )
  const path = pick(filled, random)
  const object = valueAt(subject.value, path) as Members
  const members = Object.keys(object)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(object[key])}`)
  const text = write(members)
  return path.length === 0 ? utf8(text) : withRaw(subject, path, text)
}

function escaped(member: string): string {
  const code = member.charCodeAt(1).toString(16).padStart(4, '0')
  return String.raw`"\u${code}` + member.slice(2)
}

/** A text of the same shape that says something else. */
function neighbour(value: unknown, random: RandomStream): unknown {
  if (typeof value === 'number') return value + 1
  if (typeof value === 'boolean') return !value
  if (typeof value !== 'string' || value.length === 0) return 'x'
  const at = random.nextBelow(value.length)
  const digit = random.nextBelow(16).toString(16)
  return value.slice(0, at) + digit + value.slice(at + 1)
}

/** The head of a message with a body of ours, signed by a key of ours: what a hostile party can say for itself. */
function signedAnew(value: Members, random: RandomStream): Mutant {
  const { body, bodyHash: _hash, signature: _signature, iss: _iss, ...head } = value
  try {
    const envelope = rawEnvelope(body, head, pick(Object.values(VECTOR_KEYS), random))
    return { bytes: utf8(canonicalJson(envelope)), isSigned: true }
  } catch {
    // What has no canonical form cannot be signed; it is sent with the signature that it had.
    return { bytes: utf8(canonicalJson(value)) }
  }
}

function oddMember({ value }: Subject, random: RandomStream): Members {
  const paths = pathsOf(value)
  switch (random.nextBelow(4)) {
    case 0:
      return withValue(value, pick(paths, random), pick(ODD_VALUES, random))
    case 1:
      return withValue(value, pick(paths, random), undefined)
    case 2: {
      const object = pick(objectsOf(value), random)
      const added = Object.defineProperty({ ...(valueAt(value, object) as Members) }, pick(ODD_NAMES, random), {
        value: pick(ODD_VALUES, random),
        enumerable: true,
      })
      return withValue(value, object, added)
    }
    default: {
      const path = pick(paths, random)
      return withValue(value, path, neighbour(valueAt(value, path), random))
    }
  }
}

function swapped({ value }: Subject, other: Subject, random: RandomStream): Members {
  const [left, right] = [pick(pathsOf(value), random), pick(pathsOf(other.value), random)]
  return withValue(value, left, valueAt(other.value, right))
}

export const MUTATORS: Readonly<Record<string, Mutator>> = {
  'flip-bit': ([{ bytes }], random) => {
    const changed = bytes.slice()
    const at = random.nextBelow(bytes.length)
    changed[at] = (changed[at] ?? 0) ^ (1 << random.nextBelow(8))
    return { bytes: changed }
  },
  'set-byte': ([{ bytes }], random) => {
    const changed = bytes.slice()
    changed[random.nextBelow(bytes.length)] = random.nextBelow(256)
    return { bytes: changed }
  },
  truncate: ([{ bytes }], random) => ({
    bytes: bytes.slice(0, random.nextBelow(bytes.length)),
    expected: ['ENVELOPE_NOT_JSON', 'ENVELOPE_NOT_UTF8'],
  }),
  'append-junk': ([{ bytes, text }], random) => ({
    bytes: utf8(random.nextBelow(2) === 0 ? text + text : `${text}${pick(WHITE, random)}`),
    expected: bytes.length === 0 ? [] : ['ENVELOPE_NOT_JSON', 'ENVELOPE_NOT_CANONICAL', 'ENVELOPE_TOO_LARGE'],
  }),
  'splice-bytes': ([{ bytes }, other], random) => {
    const at = random.nextBelow(bytes.length)
    return {
      bytes: new Uint8Array([...bytes.slice(0, at), ...other.bytes.slice(random.nextBelow(other.bytes.length))]),
    }
  },
  'duplicate-member': ([subject], random) => ({
    bytes: rewriteObject(subject, random, (members) => {
      const member = pick(members, random)
      const again = random.nextBelow(2) === 0 ? member : escaped(member)
      const at = members.indexOf(member) + random.nextBelow(members.length - members.indexOf(member)) + 1
      return `{${[...members.slice(0, at), again, ...members.slice(at)].join(',')}}`
    }),
    expected: ['ENVELOPE_DUPLICATE_KEY'],
  }),
  'reorder-members': ([subject], random) => ({
    bytes: rewriteObject(subject, random, (members) => `{${members.toReversed().join(',')}}`),
    expected: ['ENVELOPE_NOT_CANONICAL'],
  }),
  'white-space': ([subject], random) => ({
    bytes: rewriteObject(
      subject,
      random,
      (members) => `{${members.join(`,${pick(WHITE, random)}`)}${pick(WHITE, random)}}`,
    ),
    expected: ['ENVELOPE_NOT_CANONICAL'],
  }),
  'escape-name': ([subject], random) => ({
    bytes: rewriteObject(subject, random, (members) => `{${members.map(escaped).join(',')}}`),
    expected: ['ENVELOPE_NOT_CANONICAL'],
  }),
  'deep-nesting': ([subject], random) => {
    const depth = 17 + random.nextBelow(pick([3, 1_000, 9_000], random))
    const [open, close] = pick(
      [
        ['[', ']'],
        ['{"a":', '}'],
      ] as const,
      random,
    )
    const raw = `${open.repeat(depth)}1${random.nextBelow(2) === 0 ? close.repeat(depth) : ''}`
    return {
      bytes: withRaw(subject, pick(pathsOf(subject.value), random), raw),
      expected: ['ENVELOPE_TOO_DEEP', 'ENVELOPE_TOO_LARGE'],
    }
  },
  'many-members': ([subject], random) => {
    const count = 129 + random.nextBelow(500)
    const members = Array.from({ length: count }, (_, index) => `"k${1_000 + index}":${index}`)
    const items = `[${'0,'.repeat(1_100)}0]`
    const raw = random.nextBelow(2) === 0 ? `{${members.join(',')}}` : items
    return {
      bytes: withRaw(subject, pick(pathsOf(subject.value), random), raw),
      expected: ['ENVELOPE_TOO_MANY_MEMBERS'],
    }
  },
  'long-string': ([subject], random) => ({
    bytes: withRaw(
      subject,
      pick(pathsOf(subject.value), random),
      `"${pick(['x', '\\u0000', 'ä', '\\\\'], random).repeat(random.nextBelow(40_000))}"`,
    ),
  }),
  number: ([subject], random) => ({
    bytes: withRaw(subject, pick(pathsOf(subject.value), random), pick(RAW_NUMBERS, random)),
  }),
  unicode: ([subject], random) => ({
    bytes: withRaw(subject, pick(pathsOf(subject.value), random), pick(RAW_STRINGS, random)),
  }),
  'edit-body': ([{ value }], random) => {
    const inside = pathsOf(value['body'], ['body']).slice(1)
    // A body without members can only be replaced as a whole.
    const path = inside.length > 0 ? pick(inside, random) : ['body']
    const changed = withValue(value, path, neighbour(valueAt(value, path), random))
    return { bytes: utf8(canonicalJson(changed)), expected: ['ENVELOPE_BODY_HASH_WRONG'] }
  },
  'edit-head': ([{ value }], random) => {
    const members = Object.keys(value).filter((key) => key !== 'body' && key !== 'signature')
    const key = pick(members, random)
    return { bytes: utf8(canonicalJson({ ...value, [key]: neighbour(value[key], random) })) }
  },
  'other-nonce': ([{ value }], random) => ({
    bytes: utf8(canonicalJson({ ...value, nonce: `${String(random.nextUint32()).padStart(21, '0')}A` })),
    expected: ['ENVELOPE_SIGNATURE_WRONG'],
  }),
  'swap-fields': ([subject, other], random) => ({ bytes: utf8(canonicalJson(swapped(subject, other, random))) }),
  'odd-member': ([subject], random) => ({ bytes: utf8(canonicalJson(oddMember(subject, random))) }),
  signature: ([{ value }], random) => {
    const point = pick(SMALL_ORDER, random)
    const bytes = Buffer.from(`${point}${random.nextBelow(2) === 0 ? '00'.repeat(32) : point}`, 'hex')
    return {
      bytes: utf8(canonicalJson({ ...value, signature: bytes.toString('base64url') })),
      expected: ['ENVELOPE_SIGNATURE_WRONG'],
    }
  },
  'signed-odd-member': ([subject], random) => signedAnew(oddMember(subject, random), random),
  'signed-swap': ([subject, other], random) => signedAnew(swapped(subject, other, random), random),
  network: ([{ bytes }]) => ({ bytes, context: { network: 'elsewhere' }, expected: ['ENVELOPE_NETWORK_WRONG'] }),
  audience: ([{ bytes }]) => ({
    bytes,
    context: { audience: [VECTOR_KEYS.worker.did] },
    expected: ['ENVELOPE_AUDIENCE_WRONG'],
  }),
  late: ([{ bytes, value }], random) => ({
    bytes,
    context: { now: Number(value['exp']) + 1 + random.nextBelow(1_000) },
    expected: ['ENVELOPE_EXPIRED'],
  }),
  early: ([{ bytes, value }], random) => ({
    bytes,
    context: { now: Number(value['iat']) - 5_001 - random.nextBelow(1_000) },
    expected: ['ENVELOPE_NOT_YET_VALID'],
  }),
}
