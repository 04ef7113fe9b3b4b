/**
 * An immutable map from strings whose changes copy about 100 slots however many entries there are: 32-way branches by five
 * bits of the key's hash, leaves of a few entries. `budget/bucket-map.ts` copies a 256th of all entries instead, which is
 * as fast for thousands of them and no longer for tens of thousands (`npm run bench -- memory` prints both).
 *
 * ```text
 * branch[32] -> branch[32] -> leaf { hashes, keys, values }      keys go by MurmurHash3
 * ```
 */
export type HashTrie<Value> = { readonly size: number; readonly root: TrieNode<Value> }

/** `owner`: the edit that made the node and may change it in place; nodes that are read from a finished map belong to no edit that is still open. */
type Leaf<Value> = {
  /** Of the keys: long keys are compared where these are equal, and never hashed again. */
  readonly hashes: number[]
  readonly keys: string[]
  readonly values: Value[]
  readonly owner: object | undefined
  /** The edit that made hashes and keys: a leaf of which only values differ has them in common with the one before. */
  readonly keysOwner: object | undefined
}
type Branch<Value> = { readonly children: TrieNode<Value>[]; readonly owner: object | undefined }
type TrieNode<Value> = Leaf<Value> | Branch<Value>

const BITS = 5
const FAN_OUT = 32
const LEAF_ENTRIES_MAX = 12
/** No hash bits are left below this level: a leaf there grows as it must. */
const SHIFT_MAX = 30
const EMPTY_LEAF: Leaf<never> = { hashes: [], keys: [], values: [], owner: undefined, keysOwner: undefined }

export function emptyHashTrie<Value>(): HashTrie<Value> {
  return { size: 0, root: EMPTY_LEAF }
}

export function hashTrieGet<Value>(trie: HashTrie<Value>, key: string): Value | undefined {
  let node = trie.root
  const hash = hashOf(key)
  for (let shift = 0; 'children' in node; shift += BITS)
    node = node.children[(hash >>> shift) & (FAN_OUT - 1)] ?? EMPTY_LEAF
  const at = positionOf(node, hash, key)
  return at < 0 ? undefined : node.values[at]
}

/** The map with `key` standing for `value`, in place of what it stood for. */
export function hashTrieSet<Value>(trie: HashTrie<Value>, key: string, value: Value): HashTrie<Value> {
  const entry: Entry<Value> = { key, value, hash: hashOf(key), owner: undefined, isNew: false }
  const root = withEntry(trie.root, 0, entry)
  return { size: trie.size + (entry.isNew ? 1 : 0), root }
}

export function hashTrieDelete<Value>(trie: HashTrie<Value>, key: string): HashTrie<Value> {
  if (hashTrieGet(trie, key) === undefined) return trie
  return { size: trie.size - 1, root: withoutEntry(trie.root, 0, { key, hash: hashOf(key) }) }
}

/**
 * The map after many changes at once: `undefined` deletes. Each node on the way is copied once for all of them and then changed in place, which
 * nobody sees, since the nodes of the copy are reached from nowhere until it is returned.
 */
export function hashTrieApply<Value>(
  trie: HashTrie<Value>,
  changes: Iterable<readonly [string, Value | undefined]>,
): HashTrie<Value> {
  const owner = {}
  let { size, root } = trie
  for (const [key, value] of changes) {
    if (value === undefined) {
      const after: HashTrie<Value> = hashTrieDelete({ size, root }, key)
      size = after.size
      root = after.root
    } else {
      const entry: Entry<Value> = { key, value, hash: hashOf(key), owner, isNew: false }
      root = withEntry(root, 0, entry)
      if (entry.isNew) size += 1
    }
  }
  return { size, root }
}

/** Calls `visit` for every entry; the order follows the hashes and means nothing. Fast: nothing is allocated. */
export function hashTrieForEach<Value>(trie: HashTrie<Value>, visit: (value: Value, key: string) => void): void {
  visitNode(trie.root, visit)
}

/** Entries sorted by key in UTF-16 order, so that two equal maps list the same whatever happened before. */
export function hashTrieEntries<Value>(trie: HashTrie<Value>): readonly (readonly [string, Value])[] {
  const entries: (readonly [string, Value])[] = []
  hashTrieForEach(trie, (value, key) => entries.push([key, value]))
  return entries.sort(([left], [right]) => (left < right ? -1 : 1))
}

type Entry<Value> = {
  readonly key: string
  readonly value: Value
  readonly hash: number
  readonly owner: object | undefined
  /** Set by `withEntry` where the key was not there. */
  isNew: boolean
}

function withEntry<Value>(node: TrieNode<Value>, shift: number, entry: Entry<Value>): TrieNode<Value> {
  const { owner } = entry
  const isOwned = owner !== undefined && node.owner === owner
  if (!('children' in node)) return leafWithEntry(node, shift, entry)
  const slot = (entry.hash >>> shift) & (FAN_OUT - 1)
  const before = node.children[slot] ?? EMPTY_LEAF
  const after = withEntry(before, shift + BITS, entry)
  if (after === before) return node
  const children = isOwned ? node.children : node.children.slice()
  children[slot] = after
  return isOwned ? node : { children, owner }
}

function leafWithEntry<Value>(node: Leaf<Value>, shift: number, entry: Entry<Value>): TrieNode<Value> {
  const { key, value, owner } = entry
  const isOwned = owner !== undefined && node.owner === owner
  const at = positionOf(node, entry.hash, key)
  entry.isNew = at < 0
  if (at >= 0) {
    const leaf = isOwned ? node : { ...node, values: node.values.slice(), owner }
    leaf.values[at] = value
    return leaf
  }
  const leaf = withOwnKeys(node, owner)
  leaf.hashes.push(entry.hash)
  leaf.keys.push(key)
  leaf.values.push(value)
  return leaf.keys.length > LEAF_ENTRIES_MAX && shift < SHIFT_MAX ? split(leaf, shift) : leaf
}

/** A leaf that may be changed in place. */
function withOwnKeys<Value>(node: Leaf<Value>, owner: object | undefined): Leaf<Value> {
  if (owner !== undefined && node.owner === owner && node.keysOwner === owner) return node
  const { hashes, keys, values } = node
  return { hashes: hashes.slice(), keys: keys.slice(), values: values.slice(), owner, keysOwner: owner }
}

function split<Value>(leaf: Leaf<Value>, shift: number): Branch<Value> {
  const { owner } = leaf
  const children: TrieNode<Value>[] = Array.from({ length: FAN_OUT }, () => EMPTY_LEAF)
  for (const [at, key] of leaf.keys.entries()) {
    const hash = leaf.hashes[at] as number
    const slot = (hash >>> shift) & (FAN_OUT - 1)
    const value = leaf.values[at] as Value
    const entry = { key, value, hash, owner, isNew: false }
    children[slot] = withEntry(children[slot] ?? EMPTY_LEAF, shift + BITS, entry)
  }
  return { children, owner }
}

function withoutEntry<Value>(
  node: TrieNode<Value>,
  shift: number,
  entry: Pick<Entry<Value>, 'key' | 'hash'>,
): TrieNode<Value> {
  if ('children' in node) {
    const slot = (entry.hash >>> shift) & (FAN_OUT - 1)
    const child = withoutEntry(node.children[slot] ?? EMPTY_LEAF, shift + BITS, entry)
    return { children: node.children.with(slot, child), owner: undefined }
  }
  const at = positionOf(node, entry.hash, entry.key)
  return {
    hashes: node.hashes.toSpliced(at, 1),
    keys: node.keys.toSpliced(at, 1),
    values: node.values.toSpliced(at, 1),
    owner: undefined,
    keysOwner: undefined,
  }
}

function visitNode<Value>(node: TrieNode<Value>, visit: (value: Value, key: string) => void): void {
  if ('children' in node) {
    for (const child of node.children) visitNode(child, visit)
    return
  }
  for (let at = 0; at < node.keys.length; at += 1) visit(node.values[at] as Value, node.keys[at] as string)
}

function positionOf<Value>({ hashes, keys }: Leaf<Value>, hash: number, key: string): number {
  let at = hashes.indexOf(hash)
  while (at >= 0 && keys[at] !== key) at = hashes.indexOf(hash, at + 1)
  return at
}

/**
 * Four characters at a time, by the 32 bits of MurmurHash3 (Appleby 2011, public domain): keys of accounts are long. 32 bits with a sign, which the engine
 * keeps without an object of their own.
 */
function hashOf(key: string): number {
  const { length } = key
  let hash = length
  let index = 0
  for (; index + 3 < length; index += 4) {
    const low = key.charCodeAt(index) | (key.charCodeAt(index + 1) << 8)
    const high = (key.charCodeAt(index + 2) << 16) | (key.charCodeAt(index + 3) << 24)
    hash = withBlock(hash, low | high)
  }
  for (; index < length; index += 1) hash = withBlock(hash, key.charCodeAt(index))
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

function withBlock(hash: number, block: number): number {
  const first = Math.imul(block, 0xcc9e2d51)
  const mixed = hash ^ Math.imul((first << 15) | (first >>> 17), 0x1b873593)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

/** Entries behind a key, at most so many: in an order that follows from the keys alone, so that equal maps have equal pages. What is skipped costs nothing. */
export function hashTriePage<Value>(
  trie: HashTrie<Value>,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): readonly (readonly [string, Value])[] {
  const page: (readonly [string, Value])[] = []
  const from = after === undefined ? undefined : { key: after, hash: hashOf(after) }
  addPage(trie.root, { shift: 0, from, limit, page })
  return page
}

type PageWalk<Value> = {
  readonly shift: number
  /** Absent in a subtree all of which is behind it. */
  readonly from: { readonly key: string; readonly hash: number } | undefined
  readonly limit: number
  readonly page: (readonly [string, Value])[]
}

function addPage<Value>(node: TrieNode<Value>, walk: PageWalk<Value>): void {
  const { shift, from, limit, page } = walk
  if ('children' in node) {
    const first = from === undefined ? 0 : (from.hash >>> shift) & (FAN_OUT - 1)
    for (let slot = first; slot < FAN_OUT && page.length < limit; slot += 1) {
      const child = node.children[slot]
      if (child !== undefined) addPage(child, { ...walk, shift: shift + BITS, from: slot === first ? from : undefined })
    }
    return
  }
  const rows = node.keys.map((key, at) => ({ key, hash: node.hashes[at] ?? 0, value: node.values[at] }))
  rows.sort(compareInTrie)
  for (const { key, hash, value } of rows) {
    if (page.length >= limit) return
    if (value !== undefined && (from === undefined || compareInTrie({ key, hash }, from) > 0)) page.push([key, value])
  }
}

/** By the branches that lead to a key, from the root down, and then by the key. */
function compareInTrie(
  one: { readonly key: string; readonly hash: number },
  other: { readonly key: string; readonly hash: number },
): number {
  for (let shift = 0; shift <= SHIFT_MAX; shift += BITS) {
    const difference = ((one.hash >>> shift) & (FAN_OUT - 1)) - ((other.hash >>> shift) & (FAN_OUT - 1))
    if (difference !== 0) return difference
  }
  if (one.key === other.key) return 0
  return one.key < other.key ? -1 : 1
}
