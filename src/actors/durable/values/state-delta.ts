import { findArrayEdits } from './array-edits.ts'
import type { ArrayEdit } from './array-edits.ts'
import { isSameValue } from './same-value.ts'
import {
  freezeShallow,
  newFindings,
  sealPrimitive,
  sealValue,
  STORED_DEPTH_MAX,
  storedKindOf,
  unstorableError,
} from './stored-value.ts'
import type { ReferenceCodec, SealFindings } from './stored-value.ts'
import { setMember } from './value-codec.ts'

/** Positions edited one after the other: at `start`, `removed` items go and the rest of the tuple comes. */
export type ArrayHunk = readonly [start: number, removed: number, ...inserted: readonly unknown[]]

/**
 * What turns one state into the next, by kind:
 *
 * ```text
 * 0 value                                 another value
 * 1 set nested removed order?             members of an object: new values, deltas of members, keys that went
 * 2 hunks nested                          an array: pieces that went and came, then deltas of items by index
 * 3 entries nested removed order?         a Map: as an object, with keys that are primitive
 * 4 added removed order?                  a Set of primitives
 * ```
 *
 * `order` lists all keys, and is there only when editing alone would leave them in another order.
 */
export type StateDelta =
  | readonly [kind: 0, value: unknown]
  | readonly [
      kind: 1,
      set: Record<string, unknown>,
      nested: readonly (readonly [string, StateDelta])[],
      removed: readonly string[],
      order?: readonly string[],
    ]
  | readonly [kind: 2, hunks: readonly ArrayHunk[], nested: readonly (readonly [number, StateDelta])[]]
  | readonly [
      kind: 3,
      entries: readonly (readonly [unknown, unknown])[],
      nested: readonly (readonly [unknown, StateDelta])[],
      removed: readonly unknown[],
      order?: readonly unknown[],
    ]
  | readonly [kind: 4, added: readonly unknown[], removed: readonly unknown[], order?: readonly unknown[]]

export type StateDiff = {
  /** `undefined` when nothing changed. */
  readonly delta: StateDelta | undefined
  /** Whether the delta holds something that JSON alone does not carry. */
  readonly isTagged: boolean
}

/**
 * The difference between a state that is stored and the one after it. Parts that are the same object are not looked at,
 * so the work follows what changed, and so do the bytes. Freezes `after`.
 *
 * @param before  Frozen by an earlier call.
 * @throws `ACTOR_STATE_NOT_STORABLE` naming the path.
 */
export function diffState(before: unknown, after: unknown, references?: ReferenceCodec): StateDiff {
  const findings = newFindings(references)
  const delta = diffValue(before, after, findings)
  if (findings.isRefused) throw unstorableError(after, 'state', references)
  return { delta, isTagged: findings.isTagged }
}

function diffValue(before: unknown, after: unknown, findings: SealFindings): StateDelta | undefined {
  if (Object.is(before, after)) return undefined
  if (typeof after !== 'object' || after === null) {
    sealPrimitive(after, findings)
    return [0, after]
  }
  if (findings.depth >= STORED_DEPTH_MAX) {
    findings.isRefused = true
    return undefined
  }
  const kind = storedKindOf(after, findings.references)
  if (typeof before !== 'object' || before === null || storedKindOf(before, findings.references) !== kind) {
    return replace(after, findings)
  }
  findings.depth += 1
  const delta = diffSameKind(before, after, findings)
  findings.depth -= 1
  if (!findings.isRefused) freezeShallow(after, kind)
  return delta
}

function diffSameKind(before: object, after: object, findings: SealFindings): StateDelta | undefined {
  const kind = storedKindOf(after, findings.references)
  switch (kind) {
    case 'object':
      return diffObjects(before as Record<string, unknown>, after as Record<string, unknown>, findings)
    case 'array':
      return diffArrays(before as readonly unknown[], after as readonly unknown[], findings)
    case 'map':
      return diffMaps(before as Map<unknown, unknown>, after as Map<unknown, unknown>, findings)
    case 'set':
      return diffSets(before as Set<unknown>, after as Set<unknown>, findings)
    case 'date':
    case 'bytes':
    case 'error':
    case 'reference':
      return isSameValue(before, after, findings.references) ? undefined : replace(after, findings)
    case 'unstorable':
      findings.isRefused = true
      return undefined
  }
}

function replace(after: unknown, findings: SealFindings): StateDelta {
  sealValue(after, findings)
  return [0, after]
}

function diffObjects(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  findings: SealFindings,
): StateDelta | undefined {
  const keys = Object.keys(after)
  const set: Record<string, unknown> = {}
  const nested: (readonly [string, StateDelta])[] = []
  const added: string[] = []
  let setCount = 0
  for (const key of keys) {
    const value = after[key]
    const isOld = Object.hasOwn(before, key)
    const delta = isOld ? diffValue(before[key], value, findings) : replace(value, findings)
    if (delta === undefined) continue
    if (!isOld) added.push(key)
    if (delta[0] === 0) {
      setMember(set, key, delta[1])
      setCount += 1
    } else nested.push([key, delta])
  }
  const oldKeys = Object.keys(before)
  const isShrunk = oldKeys.length + added.length !== keys.length
  const removed = isShrunk ? oldKeys.filter((key) => !Object.hasOwn(after, key)) : []
  const order = isSameOrder({ oldKeys, removed, added, keys }) ? undefined : keys
  if (setCount === 0 && nested.length === 0 && removed.length === 0 && order === undefined) return undefined
  if ('$k' in set) findings.isTagged = true
  return order === undefined ? [1, set, nested, removed] : [1, set, nested, removed, order]
}

type KeyOrder = {
  readonly oldKeys: readonly string[]
  readonly removed: readonly string[]
  readonly added: readonly string[]
  readonly keys: readonly string[]
}

/** Whether editing leaves the keys in the order of `keys`. Keys that are array indexes have their place by themselves. */
function isSameOrder({ oldKeys, removed, added, keys }: KeyOrder): boolean {
  if (removed.length === 0 && added.length === 0) {
    let position = 0
    while (position < keys.length && keys[position] === oldKeys[position]) position += 1
    if (position === keys.length) return true
  }
  const gone = new Set(removed)
  const edited = [...oldKeys.filter((key) => !gone.has(key)), ...added].filter(isOrderedByInsertion)
  const wanted = keys.filter(isOrderedByInsertion)
  return edited.length === wanted.length && edited.every((key, index) => key === wanted[index])
}

function isOrderedByInsertion(key: string): boolean {
  return !/^(0|[1-9]\d{0,9})$/.test(key)
}

function diffArrays(
  before: readonly unknown[],
  after: readonly unknown[],
  findings: SealFindings,
): StateDelta | undefined {
  const isSame = (left: unknown, right: unknown): boolean => isSameValue(left, right, findings.references)
  const found = findArrayEdits({ before, after, isSame })
  if (found === undefined) return undefined
  const nested: (readonly [number, StateDelta])[] = []
  for (let index = found.changed.from; index < found.changed.to; index += 1) {
    const delta = diffValue(before[index], after[index], findings)
    if (delta !== undefined) nested.push([index, delta])
  }
  for (const { from, to } of found.copied) {
    for (let index = from; index < to; index += 1) sealQuietly(after[index], findings)
  }
  const hunks = found.edits.map((edit) => hunkOf(after, edit, findings))
  return hunks.length === 0 && nested.length === 0 ? undefined : [2, hunks, nested]
}

function hunkOf(after: readonly unknown[], edit: ArrayEdit, findings: SealFindings): ArrayHunk {
  const inserted = after.slice(edit.inserted.from, edit.inserted.to)
  for (const item of inserted) sealValue(item, findings)
  return [edit.start, edit.removed, ...inserted]
}

function diffMaps(
  before: Map<unknown, unknown>,
  after: Map<unknown, unknown>,
  findings: SealFindings,
): StateDelta | undefined {
  if (!hasPrimitives(before.keys()) || !hasPrimitives(after.keys())) {
    return isSameValue(before, after, findings.references) ? sealQuietly(after, findings) : replace(after, findings)
  }
  const entries: (readonly [unknown, unknown])[] = []
  const nested: (readonly [unknown, StateDelta])[] = []
  const added: unknown[] = []
  for (const [key, value] of after) {
    const isOld = before.has(key)
    const delta = isOld ? diffValue(before.get(key), value, findings) : replace(value, findings)
    if (delta === undefined) continue
    sealPrimitive(key, findings)
    if (!isOld) added.push(key)
    if (delta[0] === 0) entries.push([key, delta[1]])
    else nested.push([key, delta])
  }
  const { removed, order } = diffKeys(before, after, added)
  if (entries.length === 0 && nested.length === 0 && removed.length === 0 && order === undefined) return undefined
  for (const key of [...removed, ...(order ?? [])]) sealPrimitive(key, findings)
  return order === undefined ? [3, entries, nested, removed] : [3, entries, nested, removed, order]
}

function diffSets(before: Set<unknown>, after: Set<unknown>, findings: SealFindings): StateDelta | undefined {
  if (!hasPrimitives(before) || !hasPrimitives(after)) {
    return isSameValue(before, after, findings.references) ? sealQuietly(after, findings) : replace(after, findings)
  }
  const added = [...after].filter((item) => !before.has(item))
  const { removed, order } = diffKeys(before, after, added)
  if (added.length === 0 && removed.length === 0 && order === undefined) return undefined
  for (const item of [...added, ...removed, ...(order ?? [])]) sealPrimitive(item, findings)
  return order === undefined ? [4, added, removed] : [4, added, removed, order]
}

type Keyed = { keys(): Iterable<unknown>; has(key: unknown): boolean; readonly size: number }

function diffKeys(
  before: Keyed,
  after: Keyed,
  added: readonly unknown[],
): { readonly removed: readonly unknown[]; readonly order: readonly unknown[] | undefined } {
  const removed = [...before.keys()].filter((key) => !after.has(key))
  const edited = [...[...before.keys()].filter((key) => after.has(key)), ...added]
  const wanted = [...after.keys()]
  return { removed, order: edited.every((key, index) => Object.is(key, wanted[index])) ? undefined : wanted }
}

function hasPrimitives(keys: Iterable<unknown>): boolean {
  for (const key of keys) if (typeof key === 'object' && key !== null) return false
  return true
}

/** For what is stored already, under another identity: it adds nothing to the delta. */
function sealQuietly(value: unknown, findings: SealFindings): undefined {
  const quiet = newFindings(findings.references)
  sealValue(value, quiet)
  findings.isRefused ||= quiet.isRefused
}
