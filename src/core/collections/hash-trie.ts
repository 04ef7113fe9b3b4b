/**
 * An immutable map from strings whose changes copy about 100 slots however many entries there are: 32-way branches by five
 * bits of the key's hash, leaves of a few entries. `budget/bucket-map.ts` copies a 256th of all entries instead, which is
 * as fast for thousands of them and no longer for tens of thousands (`npm run bench -- memory` prints both).
 *
 * ```text
 * branch[32] -> branch[32] -> leaf { keys, values }      keys go by FNV-1a, mixed
 * ```
 */
export type HashTrie<Value> = { readonly size: number; readonly root: TrieNode<Value> }

/** `owner`: the edit that made the node and may change it in place; nodes that are read from a finished map belong to no edit that is still open. */
type Leaf<Value> = { readonly keys: string[]; readonly values: Value[]; readonly owner: object | undefined }
type Branch<Value> = { readonly children: TrieNode<Value>[]; readonly owner: object | undefined }
type TrieNode<Value> = Leaf<Value> | Branch<Value>

const BITS = 5
const FAN_OUT = 32
const LEAF_ENTRIES_MAX = 12
/** No hash bits are left below this level: a leaf there grows as it must. */
const SHIFT_MAX = 30
const EMPTY_LEAF: Leaf<never> = { keys: [], values: [], owner: undefined }

export function emptyHashTrie<Value>(): HashTrie<Value> {
  return { size: 0, root: EMPTY_LEAF }
}

export function hashTrieGet<Value>(trie: HashTrie<Value>, key: string): Value | undefined {
  let node = trie.root
  let hash = hashOf(key)
  while ('children' in node) {
    node = node.children[hash & (FAN_OUT - 1)] ?? EMPTY_LEAF
    hash >>>= BITS
  }
  const at = node.keys.indexOf(key)
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
  const at = node.keys.indexOf(key)
  entry.isNew = at < 0
  const leaf = isOwned ? node : { keys: node.keys.slice(), values: node.values.slice(), owner }
  if (at >= 0) {
    leaf.values[at] = value
    return leaf
  }
  leaf.keys.push(key)
  leaf.values.push(value)
  return leaf.keys.length > LEAF_ENTRIES_MAX && shift < SHIFT_MAX ? split(leaf, shift) : leaf
}

function split<Value>(leaf: Leaf<Value>, shift: number): Branch<Value> {
  const { owner } = leaf
  const children: TrieNode<Value>[] = Array.from({ length: FAN_OUT }, () => EMPTY_LEAF)
  for (const [at, key] of leaf.keys.entries()) {
    const hash = hashOf(key)
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
  const at = node.keys.indexOf(entry.key)
  return { keys: node.keys.toSpliced(at, 1), values: node.values.toSpliced(at, 1), owner: undefined }
}

function visitNode<Value>(node: TrieNode<Value>, visit: (value: Value, key: string) => void): void {
  if ('children' in node) {
    for (const child of node.children) visitNode(child, visit)
    return
  }
  for (let at = 0; at < node.keys.length; at += 1) visit(node.values[at] as Value, node.keys[at] as string)
}

function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
