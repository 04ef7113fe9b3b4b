/**
 * An immutable map from strings for very many entries, of which the newest version is the one that is read: a look-up and a change cost what they cost
 * in a `Map`, however many entries there are, and nothing is copied. All versions of a large map share one table, which is as the version says that was
 * read or made last; the others say in what they differ from the one that followed (Baker 1991, "Shallow Binding Makes Functional Arrays Fast").
 *
 * ```text
 * version 1 --differs by--> version 2 --differs by--> version 3 = table       an old version that is read becomes the table, and the others differ
 * ```
 *
 * Reading an old version takes as long as there are changes between it and the table. So what goes back and forth between versions, as a search through
 * states does, must be small: up to 128 entries each version has a table of its own. `HashTrie` costs the same for every version.
 */
export type VersionedMap<Value> = { readonly size: number; readonly version: Version<Value> }

type Table<Value> = readonly Map<string, Value>[]

/** `differs`: what stands here where the version `next` has something else; `undefined`, nothing. */
type Content<Value> =
  | { readonly kind: 'table'; readonly table: Table<Value> }
  | {
      readonly kind: 'differs'
      readonly keys: readonly string[]
      readonly values: readonly (Value | undefined)[]
      readonly next: Version<Value>
    }

/** The one thing that is written to behind the back of those who have it: what it stands for stays the same. */
type Version<Value> = { content: Content<Value> }

/** Up to so many entries nothing is shared. */
const SMALL_MAX = 128
/** Tables of large maps grow in so many steps, so that no single change pays for all of them. A power of two, at most 256. */
const SHARDS = 64
const SHARD_ENTRIES_MAX = 16_000_000

/** Entries that a map may have, however its keys are chosen: a `Map` of the engine has 2^24 at most. */
export const VERSIONED_MAP_MAX = SHARD_ENTRIES_MAX

export function emptyVersionedMap<Value>(): VersionedMap<Value> {
  return { size: 0, version: { content: { kind: 'table', table: [new Map()] } } }
}

export function versionedMapGet<Value>({ size, version }: VersionedMap<Value>, key: string): Value | undefined {
  return size === 0 ? undefined : shardOf(tableOf(version), key).get(key)
}

/** The map after many changes at once: `undefined` deletes. */
export function versionedMapApply<Value>(
  map: VersionedMap<Value>,
  changes: Iterable<readonly [string, Value | undefined]>,
): VersionedMap<Value> {
  const table = tableOf(map.version)
  if (map.size <= SMALL_MAX) return changedCopy(table, changes)
  const keys: string[] = []
  const values: (Value | undefined)[] = []
  let { size } = map
  for (const [key, value] of changes) {
    const shard = shardOf(table, key)
    const before = shard.get(key)
    keys.push(key)
    values.push(before)
    if (value !== undefined) shard.set(key, value)
    else if (before !== undefined) shard.delete(key)
    size += (value === undefined ? 0 : 1) - (before === undefined ? 0 : 1)
  }
  const next: Version<Value> = { content: { kind: 'table', table } }
  map.version.content = { kind: 'differs', keys, values, next }
  return size <= SMALL_MAX ? changedCopy(table, []) : { size, version: next }
}

/** Calls `visit` for every entry; the order means nothing. The map must not be changed meanwhile, nor another version of it be read. */
export function versionedMapForEach<Value>(
  { version }: VersionedMap<Value>,
  visit: (value: Value, key: string) => void,
): void {
  for (const shard of tableOf(version)) shard.forEach(visit)
}

/** Entries sorted by key in UTF-16 order, so that two equal maps list the same whatever happened before. */
export function versionedMapEntries<Value>(map: VersionedMap<Value>): readonly (readonly [string, Value])[] {
  const entries: (readonly [string, Value])[] = []
  versionedMapForEach(map, (value, key) => entries.push([key, value]))
  return entries.sort(([left], [right]) => (left < right ? -1 : 1))
}

function changedCopy<Value>(
  table: Table<Value>,
  changes: Iterable<readonly [string, Value | undefined]>,
): VersionedMap<Value> {
  const whole = new Map<string, Value>()
  for (const shard of table) for (const [key, value] of shard) whole.set(key, value)
  for (const [key, value] of changes) {
    if (value === undefined) whole.delete(key)
    else whole.set(key, value)
  }
  const { size } = whole
  return { size, version: { content: { kind: 'table', table: size <= SMALL_MAX ? [whole] : spread(whole) } } }
}

function spread<Value>(whole: ReadonlyMap<string, Value>): Table<Value> {
  const table = Array.from({ length: SHARDS }, () => new Map<string, Value>())
  for (const [key, value] of whole) shardOf(table, key).set(key, value)
  return table
}

/** By the last two characters, of which hexadecimal digits give each their four bits. */
function shardOf<Value>(table: Table<Value>, key: string): Map<string, Value> {
  const { length } = table
  const slot =
    length === 1 ? 0 : (digitOf(key.charCodeAt(key.length - 1)) + 16 * digitOf(key.charCodeAt(key.length - 2))) % length
  return table[slot] as Map<string, Value>
}

function digitOf(code: number): number {
  // `0` to `9` are 48 to 57 and `a` to `f` are 97 to 102; what is before the start of a short key is no number.
  return (code + 9 * (code >> 6)) & 15
}

function tableOf<Value>(version: Version<Value>): Table<Value> {
  const { content } = version
  return content.kind === 'table' ? content.table : takeTable(version)
}

/** Makes the version the table: from the one that is, back along the changes, each of which is turned round. */
function takeTable<Value>(version: Version<Value>): Table<Value> {
  const path: Version<Value>[] = []
  let newest = version
  while (newest.content.kind === 'differs') {
    path.push(newest)
    newest = newest.content.next
  }
  const { table } = newest.content
  for (let index = path.length - 1; index >= 0; index -= 1) {
    const older = path[index] as Version<Value>
    newest.content = turned(table, older)
    newest = older
  }
  version.content = { kind: 'table', table }
  return table
}

/** Applies what `older` differs by, last change first, and gives back what undoes that. */
function turned<Value>(table: Table<Value>, older: Version<Value>): Content<Value> {
  const { content } = older
  if (content.kind === 'table') return content
  const keys: string[] = []
  const values: (Value | undefined)[] = []
  for (let at = content.keys.length - 1; at >= 0; at -= 1) {
    const key = content.keys[at] as string
    const value = content.values[at]
    const shard = shardOf(table, key)
    keys.push(key)
    values.push(shard.get(key))
    if (value === undefined) shard.delete(key)
    else shard.set(key, value)
  }
  return { kind: 'differs', keys, values, next: older }
}
