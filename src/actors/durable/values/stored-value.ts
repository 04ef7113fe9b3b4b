import { CodedError } from '../../../base/errors.ts'

/**
 * How references to actors are kept: as their id. Without one they are refused like any other object that is not a plain
 * value.
 */
export type ReferenceCodec = {
  /** The id of an actor reference; `undefined` for any other object. */
  idOf(value: object): string | undefined
  refOf(id: string): unknown
}

export type StoredKind = 'array' | 'object' | 'map' | 'set' | 'date' | 'bytes' | 'error' | 'reference' | 'unstorable'

/** Nesting beyond this is refused; a cycle has no end and is found this way. */
export const STORED_DEPTH_MAX = 1_000

export const TYPED_ARRAYS = {
  Uint8Array,
  Int32Array,
  Float32Array,
  Float64Array,
} as const
export type StoredBytes = InstanceType<(typeof TYPED_ARRAYS)[keyof typeof TYPED_ARRAYS]>

const MAP_MUTATORS = ['set', 'delete', 'clear'] as const
const SET_MUTATORS = ['add', 'delete', 'clear'] as const
const DATE_MUTATORS: readonly string[] = Object.getOwnPropertyNames(Date.prototype).filter((name) =>
  name.startsWith('set'),
)

/**
 * What kind of stored object this is. Plain objects, arrays, `Map`, `Set`, `Date`, errors and four kinds of typed arrays
 * can be stored; instances of other classes cannot.
 */
export function storedKindOf(value: object, references: ReferenceCodec | undefined): StoredKind {
  if (Array.isArray(value)) return 'array'
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return 'object'
  if (value instanceof Map) return 'map'
  if (value instanceof Set) return 'set'
  if (value instanceof Date) return 'date'
  if (isStoredBytes(value)) return 'bytes'
  if (value instanceof Error) return 'error'
  return references?.idOf(value) === undefined ? 'unstorable' : 'reference'
}

export function isStoredBytes(value: unknown): value is StoredBytes {
  return (
    value instanceof Uint8Array ||
    value instanceof Int32Array ||
    value instanceof Float32Array ||
    value instanceof Float64Array
  )
}

/** What the walk over a value found out; one object per commit. */
export type SealFindings = {
  /** True once something was met that JSON alone does not carry. */
  isTagged: boolean
  /** Set when something cannot be stored; whoever started the walk names the path. */
  isRefused: boolean
  depth: number
  readonly references: ReferenceCodec | undefined
}

export function newFindings(references?: ReferenceCodec): SealFindings {
  return { isTagged: false, isRefused: false, depth: 0, references }
}

/**
 * Checks that a value can be stored, and freezes it all the way down, so that a later change in place throws where it is
 * made. The content of typed arrays is the exception: no engine can freeze it, and whoever changes it in place changes
 * what is stored at an unknown time.
 */
export function sealValue(value: unknown, findings: SealFindings): void {
  if (typeof value !== 'object' || value === null) {
    sealPrimitive(value, findings)
    return
  }
  if (findings.depth >= STORED_DEPTH_MAX) {
    findings.isRefused = true
    return
  }
  findings.depth += 1
  sealObject(value, storedKindOf(value, findings.references), findings)
  findings.depth -= 1
}

export function sealPrimitive(value: unknown, findings: SealFindings): void {
  const type = typeof value
  if (type === 'string' || type === 'boolean' || value === null) return
  if (type === 'number') {
    if (!Number.isFinite(value) || Object.is(value, -0)) findings.isTagged = true
  } else if (type === 'undefined' || type === 'bigint') findings.isTagged = true
  else findings.isRefused = true
}

function sealObject(value: object, kind: StoredKind, findings: SealFindings): void {
  if (kind === 'array') {
    for (const item of value as readonly unknown[]) sealValue(item, findings)
  } else if (kind === 'object') {
    for (const key of Object.keys(value)) sealValue((value as Record<string, unknown>)[key], findings)
    if ('$k' in value) findings.isTagged = true
  } else {
    findings.isTagged = true
    if (kind === 'unstorable') findings.isRefused = true
    if (kind === 'map' || kind === 'set') {
      for (const [key, item] of (value as Map<unknown, unknown>).entries()) {
        sealValue(key, findings)
        if (kind === 'map') sealValue(item, findings)
      }
    }
  }
  if (!findings.isRefused) freezeShallow(value, kind)
}

/** Freezes one object. A `Map`, `Set` or `Date` gets mutators of its own that throw, because freezing does not reach its content. */
export function freezeShallow(value: object, kind: StoredKind): void {
  if (kind === 'array' || kind === 'object') {
    Object.freeze(value)
    return
  }
  if (Object.isFrozen(value)) return
  if (kind === 'map') shadowMutators(value, MAP_MUTATORS)
  else if (kind === 'set') shadowMutators(value, SET_MUTATORS)
  else if (kind === 'date') shadowMutators(value, DATE_MUTATORS)
}

function shadowMutators(value: object, names: readonly string[]): void {
  for (const name of names) Object.defineProperty(value, name, { value: refuseMutation })
  Object.freeze(value)
}

function refuseMutation(): never {
  throw new TypeError('The stored state of an actor is not changed in place: make a new Map, Set or Date')
}

/**
 * As `sealValue`, for a whole value.
 *
 * @param what  Name of the root in the path of the error: `state`, `event`.
 * @returns Whether the value holds something that JSON alone does not carry.
 * @throws `ACTOR_STATE_NOT_STORABLE` naming the path: functions, symbols, cycles, instances of classes.
 */
export function sealRoot(value: unknown, what: string, references?: ReferenceCodec): boolean {
  const findings = newFindings(references)
  sealValue(value, findings)
  if (findings.isRefused) throw unstorableError(value, what, references)
  return findings.isTagged
}

/** The error for a value that a walk refused; walks once more, slowly, to find the path. */
export function unstorableError(value: unknown, what: string, references?: ReferenceCodec): CodedError {
  const found = findUnstorable(value, { keys: [], objects: new Set() }, references)
  const path = found === undefined ? what : what + found.keys.map(formatKey).join('')
  const reason = found?.reason ?? 'it cannot be stored'
  return new CodedError('ACTOR_STATE_NOT_STORABLE', { message: `${path}: ${reason}`, details: { path } })
}

type WayDown = { readonly keys: readonly unknown[]; readonly objects: ReadonlySet<object> }
type Unstorable = { readonly keys: readonly unknown[]; readonly reason: string }

function findUnstorable(
  value: unknown,
  { keys, objects }: WayDown,
  references: ReferenceCodec | undefined,
): Unstorable | undefined {
  if (typeof value === 'function') return { keys, reason: 'a function cannot be stored' }
  if (typeof value === 'symbol') return { keys, reason: 'a symbol cannot be stored' }
  if (typeof value !== 'object' || value === null) return undefined
  if (objects.has(value)) return { keys, reason: 'it contains itself' }
  if (keys.length >= STORED_DEPTH_MAX) return { keys: [], reason: `deeper than ${STORED_DEPTH_MAX} levels` }
  const kind = storedKindOf(value, references)
  if (kind === 'unstorable') return { keys, reason: `an instance of ${classNameOf(value)} cannot be stored` }
  const within = new Set(objects).add(value)
  for (const [key, item] of childrenOf(value, kind)) {
    const found = findUnstorable(item, { keys: [...keys, key], objects: within }, references)
    if (found !== undefined) return found
  }
  return undefined
}

function childrenOf(value: object, kind: StoredKind): Iterable<readonly [unknown, unknown]> {
  if (kind === 'array') return (value as readonly unknown[]).entries()
  if (kind === 'object') return Object.entries(value)
  if (kind === 'set') return (value as Set<unknown>).entries()
  if (kind !== 'map') return []
  return [...(value as Map<unknown, unknown>)].flatMap(([key, item]) => [
    [key, key],
    [key, item],
  ])
}

function classNameOf(value: object): string {
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' ? name : 'an unnamed class'
}

function formatKey(key: unknown): string {
  if (typeof key === 'number') return `[${key}]`
  if (typeof key === 'string') return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
  return `[${typeof key}]`
}
