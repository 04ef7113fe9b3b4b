import { assert } from '../../base/assert.ts'
import { type Sha256Hex, sha256Hex } from '../../base/sha256.ts'
import type { Timestamp } from '../../base/time.ts'
import type { ContractId, Hash } from '../evidence/names.ts'

/** A message that waits for its place in the log. The notary knows its hash; what it says is the business of the application. */
export type Entry = {
  /** Hash of the authenticated message. */
  readonly message: Hash
  /** The contract that it is about. */
  readonly contract: ContractId
}

/** What the application made of an entry. */
export type EntryResult = {
  /** Position among the messages of the contract, from 0. */
  readonly seq: number
  /** Hash of the transition: of what was before, the message, the stamp and what came of it. Equal on every honest notary. */
  readonly transition: Hash
}

export type BlockEntry = Entry & EntryResult

/** What one slot of the log holds. */
export type Block = {
  /** Position in the log, from 1. */
  readonly slot: number
  /** Hash of the block before; `GENESIS` for slot 1. */
  readonly previous: Hash
  /** Stamp of all its entries: integer milliseconds, never smaller than that of the block before. */
  readonly at: Timestamp
  readonly entries: readonly BlockEntry[]
  /** Commits to the state of the application behind this block, so that a replica may start from a copy of that state. */
  readonly state: Hash
}

/** Where an entry stands in its block, and the hashes beside the way from it to the root. */
export type EntryPath = { readonly index: number; readonly size: number; readonly hashes: readonly Hash[] }

/** What stands in front of slot 1: 64 zeros. */
export const GENESIS: Hash = hashFrom('0'.repeat(64))

const ENTRY_DOMAIN = 'kernell/notary/entry/v1\0'
const NODE_DOMAIN = 'kernell/notary/node/v1\0'
const BLOCK_DOMAIN = 'kernell/notary/block/v1\0'

/** What was worked out of a block. A block never changes, and is named again wherever it goes by. */
const NAMES = new WeakMap<Block, { readonly leaves: readonly Hash[]; hash: Hash | undefined }>()

/** The name of a block. It covers every entry through the root of a tree of them (shape: RFC 6962, section 2.1). */
export function hashOfBlock(block: Block, digest: Sha256Hex = sha256Hex): Hash {
  const name = nameOf(block, digest)
  const { leaves } = name
  name.hash ??= hashOfHeader({ ...block, root: rootOf(leaves, digest), size: leaves.length }, digest)
  return name.hash
}

function nameOf(block: Block, digest: Sha256Hex): { readonly leaves: readonly Hash[]; hash: Hash | undefined } {
  const known = NAMES.get(block)
  if (known !== undefined) return known
  const name = { leaves: block.entries.map((entry) => hashOfEntry(entry, block.at, digest)), hash: undefined }
  NAMES.set(block, name)
  return name
}

export type BlockHeader = Pick<Block, 'slot' | 'previous' | 'at' | 'state'> & {
  readonly root: Hash
  readonly size: number
}

/** The canonical JSON of a header is written out here, since all that is in it is integers and hashes. */
export function hashOfHeader(header: BlockHeader, digest: Sha256Hex = sha256Hex): Hash {
  const { slot, previous, at, state, root, size } = header
  const text = `{"at":${at},"previous":"${previous}","root":"${root}","size":${size},"slot":${slot},"state":"${state}"}`
  return hashFrom(digest(BLOCK_DOMAIN + text))
}

/** The leaf of one entry: the canonical JSON of integers and hashes, as above. */
export function hashOfEntry(entry: BlockEntry, at: Timestamp, digest: Sha256Hex = sha256Hex): Hash {
  const { message, contract, seq, transition } = entry
  const text = `{"at":${at},"contract":"${contract}","message":"${message}","seq":${seq},"transition":"${transition}"}`
  return hashFrom(digest(ENTRY_DOMAIN + text))
}

/** The paths of all entries, in order. Every node of the tree is hashed once. */
export function pathsOfEntries(block: Block, digest: Sha256Hex = sha256Hex): readonly EntryPath[] {
  const { leaves } = nameOf(block, digest)
  const paths = leaves.map((): Hash[] => [])
  const rise = (from: number, to: number): Hash => {
    const leaf = leaves[from]
    assert(leaf !== undefined, 'a block has entries')
    if (to - from === 1) return leaf
    const middle = from + halfOf(to - from)
    const [left, right] = [rise(from, middle), rise(middle, to)]
    for (let index = from; index < to; index += 1) paths[index]?.push(index < middle ? right : left)
    return hashOfPair([left, right], digest)
  }
  rise(0, leaves.length)
  return paths.map((hashes, index) => ({ index, size: leaves.length, hashes }))
}

/** The root that a path leads to from its leaf; `undefined` when the path has another length than its place asks for. */
export function rootOfPath(leaf: Hash, path: EntryPath): Hash | undefined {
  if (!Number.isSafeInteger(path.index) || path.index < 0 || path.index >= path.size) return undefined
  const sides: boolean[] = []
  let at = path.index
  let size = path.size
  while (size > 1) {
    const half = halfOf(size)
    sides.push(at < half)
    size = at < half ? half : size - half
    at = at < half ? at : at - half
  }
  if (sides.length !== path.hashes.length) return undefined
  let root = leaf
  for (const [level, isLeft] of sides.toReversed().entries()) {
    const beside = path.hashes[level]
    if (beside === undefined) return undefined
    root = hashOfPair(isLeft ? [root, beside] : [beside, root], sha256Hex)
  }
  return root
}

function rootOf(leaves: readonly Hash[], digest: Sha256Hex): Hash {
  const [first] = leaves
  if (first === undefined) return hashFrom(digest(NODE_DOMAIN))
  if (leaves.length === 1) return first
  const half = halfOf(leaves.length)
  return hashOfPair([rootOf(leaves.slice(0, half), digest), rootOf(leaves.slice(half), digest)], digest)
}

/** The largest power of two below `size`, which is 2 or more. */
function halfOf(size: number): number {
  let half = 1
  while (half * 2 < size) half *= 2
  return half
}

function hashOfPair([left, right]: readonly [Hash, Hash], digest: Sha256Hex): Hash {
  return hashFrom(digest(NODE_DOMAIN + left + right))
}

function hashFrom(text: string): Hash {
  assert(text.length === 64, 'a digest has the shape of a hash')
  return text as Hash
}
