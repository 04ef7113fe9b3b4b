import { assert } from '../../base/assert.ts'
import { type Sha256Hex, sha256Hex } from '../../base/sha256.ts'
import { type Hash, parseHash } from '../evidence/names.ts'
import { CHECKPOINT_EVERY } from './notary-state.ts'

const DOMAIN = 'kernell/notary/state/v1\0'

/** Whether the block of a slot commits to the whole state, so that a replica may start from a copy of it. */
export function isCheckpoint(slot: number): boolean {
  return slot > 0 && slot % CHECKPOINT_EVERY === 0
}

/** What comes of one block. */
export type StateStep = {
  readonly slot: number
  /** `state` of the block before; for slot 1 what the set began on. */
  readonly before: Hash
  /** Transition hashes of the block's entries, in order. */
  readonly transitions: readonly Hash[]
  /** Root of the whole state behind the block: at checkpoints, and nowhere else. */
  readonly root: Hash | undefined
}

/**
 * `state` of a block: a chain of all transitions, which costs one hash for each block however large the state is; at checkpoints it also covers the
 * root of the whole state. SHA-256 of `"kernell/notary/state/v1\0"` and the canonical JSON of `{before, root?, slot, transitions}`.
 */
export function commitState({ slot, before, transitions, root }: StateStep, digest: Sha256Hex = sha256Hex): Hash {
  assert((root !== undefined) === isCheckpoint(slot), 'checkpoints have a root, and nothing else has')
  const rootText = root === undefined ? '' : `"root":"${root}",`
  const list = transitions.map((transition) => `"${transition}"`).join(',')
  const state = parseHash(digest(`${DOMAIN}{"before":"${before}",${rootText}"slot":${slot},"transitions":[${list}]}`))
  assert(state !== undefined, 'a digest has the shape of a hash')
  return state
}
