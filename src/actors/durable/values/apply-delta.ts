import { CodedError } from '../../../base/errors.ts'
import type { ArrayHunk, StateDelta } from './state-delta.ts'
import { setMember } from './value-codec.ts'

/**
 * Applies a delta in place.
 *
 * @param base  Nobody else holds a part of it, and nothing in it is frozen. Of `delta` neither, once it is applied.
 * @returns The root, which may be another one.
 * @throws `STORE_CORRUPTED` when the delta does not fit the state.
 */
export function applyDelta(base: unknown, delta: StateDelta): unknown {
  switch (delta[0]) {
    case 0:
      return delta[1]
    case 1:
      return applyToObject(base, delta)
    case 2:
      return applyToArray(base, delta)
    case 3:
      return applyToMap(base, delta)
    case 4:
      return applyToSet(base, delta)
    default:
      throw misfitError()
  }
}

function applyToObject(base: unknown, [, set, nested, removed, order]: Extract<StateDelta, { 0: 1 }>): unknown {
  if (typeof base !== 'object' || base === null || Array.isArray(base)) throw misfitError()
  const members = base as Record<string, unknown>
  for (const key of removed) delete members[key]
  for (const key of Object.keys(set)) setMember(members, key, set[key])
  for (const [key, delta] of nested) {
    if (!Object.hasOwn(members, key)) throw misfitError()
    setMember(members, key, applyDelta(members[key], delta))
  }
  return order === undefined ? members : Object.fromEntries(order.map((key) => [key, members[key]]))
}

function applyToArray(base: unknown, [, hunks, nested]: Extract<StateDelta, { 0: 2 }>): unknown {
  if (!Array.isArray(base)) throw misfitError()
  const items: unknown[] = base
  for (const hunk of hunks) applyHunk(items, hunk)
  for (const [index, delta] of nested) {
    if (index >= items.length) throw misfitError()
    items[index] = applyDelta(items[index], delta)
  }
  return items
}

function applyHunk(items: unknown[], [start, removed, ...inserted]: ArrayHunk): void {
  if (start + removed > items.length) throw misfitError()
  // An engine bounds how many arguments a call takes; a long piece is put in by parts.
  if (inserted.length <= 10_000) {
    items.splice(start, removed, ...inserted)
    return
  }
  const rest = items.splice(start)
  for (const item of inserted) items.push(item)
  for (let index = removed; index < rest.length; index += 1) items.push(rest[index])
}

function applyToMap(base: unknown, [, entries, nested, removed, order]: Extract<StateDelta, { 0: 3 }>): unknown {
  if (!(base instanceof Map)) throw misfitError()
  const map: Map<unknown, unknown> = base
  for (const key of removed) map.delete(key)
  for (const [key, value] of entries) map.set(key, value)
  for (const [key, delta] of nested) {
    if (!map.has(key)) throw misfitError()
    map.set(key, applyDelta(map.get(key), delta))
  }
  return order === undefined ? map : new Map(order.map((key) => [key, map.get(key)]))
}

function applyToSet(base: unknown, [, added, removed, order]: Extract<StateDelta, { 0: 4 }>): unknown {
  if (!(base instanceof Set)) throw misfitError()
  const set: Set<unknown> = base
  for (const item of removed) set.delete(item)
  for (const item of added) set.add(item)
  return order === undefined ? set : new Set(order)
}

function misfitError(): CodedError {
  return new CodedError('STORE_CORRUPTED', { message: 'A change in the journal does not fit the state before it' })
}
