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

type Leaf<Value> = { readonly keys: readonly string[]; readonly values: readonly Value[] }
type Branch<Value> = { readonly children: readonly TrieNode<Value>[] }
type TrieNode<Value> = Leaf<Value> | Branch<Value>

const BITS = 5
const FAN_OUT = 32
const LEAF_ENTRIES_MAX = 12
/** No hash bits are left below this level: a leaf there grows as it must. */
const SHIFT_MAX = 30
const EMPTY_LEAF: Leaf<never> = { keys: [], values: [] }

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
  const isNew = hashTrieGet(trie, key) === undefined
  return { size: trie.size + (isNew ? 1 : 0), root: withEntry(trie.root, 0, { key, value, hash: hashOf(key) }) }
}

export function hashTrieDelete<Value>(trie: HashTrie<Value>, key: string): HashTrie<Value> {
  if (hashTrieGet(trie, key) === undefined) return trie
  return { size: trie.size - 1, root: withoutEntry(trie.root, 0, { key, hash: hashOf(key) }) }
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

type Entry<Value> = { readonly key: string; readonly value: Value; readonly hash: number }

function withEntry<Value>(node: TrieNode<Value>, shift: number, entry: Entry<Value>): TrieNode<Value> {
  if ('children' in node) {
    const slot = (entry.hash >>> shift) & (FAN_OUT - 1)
    const children = node.children.slice()
    children[slot] = withEntry(children[slot] ?? EMPTY_LEAF, shift + BITS, entry)
    return { children }
  }
  const at = node.keys.indexOf(entry.key)
  if (at >= 0) return { keys: node.keys, values: node.values.with(at, entry.value) }
  const keys = [...node.keys, entry.key]
  const values = [...node.values, entry.value]
  return keys.length > LEAF_ENTRIES_MAX && shift < SHIFT_MAX ? split({ keys, values }, shift) : { keys, values }
}

function split<Value>(leaf: Leaf<Value>, shift: number): Branch<Value> {
  const children: TrieNode<Value>[] = Array.from({ length: FAN_OUT }, () => EMPTY_LEAF)
  for (const [at, key] of leaf.keys.entries()) {
    const hash = hashOf(key)
    const slot = (hash >>> shift) & (FAN_OUT - 1)
    const value = leaf.values[at] as Value
    children[slot] = withEntry(children[slot] ?? EMPTY_LEAF, shift + BITS, { key, value, hash })
  }
  return { children }
}

function withoutEntry<Value>(
  node: TrieNode<Value>,
  shift: number,
  entry: Omit<Entry<Value>, 'value'>,
): TrieNode<Value> {
  if ('children' in node) {
    const slot = (entry.hash >>> shift) & (FAN_OUT - 1)
    return {
      children: node.children.with(slot, withoutEntry(node.children[slot] ?? EMPTY_LEAF, shift + BITS, entry)),
    }
  }
  const at = node.keys.indexOf(entry.key)
  return { keys: node.keys.toSpliced(at, 1), values: node.values.toSpliced(at, 1) }
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
