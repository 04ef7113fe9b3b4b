import { canonicalJson } from '../../base/canonical-json.ts'
import { sha256 } from '../../base/sha256.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Hash } from '../../core/evidence/names.ts'
import { bytesOfHash, formatHash } from '../../core/transparency/hash-text.ts'
import {
  appendLeaf,
  EMPTY_FRONTIER,
  hashLeaf,
  type MerkleFrontier,
  rootOf,
  type Sha256,
} from '../../core/transparency/merkle-tree.ts'
import type { SignedCheckpoint } from '../../wire/v1/checkpoint.ts'
import { encodeText } from '../../wire/v1/platform-text.ts'
import type { StateReader } from './journaled-machine.ts'

/** Hashes in one line at most. */
export const HASHES_PER_LINE = 4_096

/**
 * The beginning of a copy whose first entries were pruned: the checkpoint that stands for them, their hashes, and the state behind them.
 *
 * ```text
 * {"cut":{"at":STAMP,"checkpoint":{...},"signature":...}}     stamp of the last entry before
 * {"hashes":[HASH, ...]}                                      4,096 at most in a line, of every entry from 0 on
 * {"state":{"account":{...}}}                                 every line of the state
 * ```
 */
export function formatCut(at: Timestamp, signed: SignedCheckpoint): string {
  return canonicalJson({ cut: { at, ...signed } })
}

/** Lines of hashes, from 32 bytes each. */
export function* formatHashes(bytes: Uint8Array): Generator<string, void, undefined> {
  for (let start = 0; start < bytes.length; start += 32 * HASHES_PER_LINE) {
    const end = Math.min(bytes.length, start + 32 * HASHES_PER_LINE)
    const hashes: Hash[] = []
    for (let at = start; at < end; at += 32) hashes.push(formatHash(bytes.subarray(at, at + 32)))
    yield canonicalJson({ hashes })
  }
}

export function formatStateLine(line: string): string {
  return `{"state":${line}}`
}

/** The Merkle root over the lines of a state, one after the other: what a checkpoint calls `state`. */
export class StateRoot {
  private readonly digest: Sha256
  private frontier: MerkleFrontier = EMPTY_FRONTIER

  constructor(digest: Sha256 = sha256) {
    this.digest = digest
  }

  add(line: string): void {
    this.frontier = appendLeaf(this.frontier, hashLeaf(encodeText(line), this.digest), { digest: this.digest })
  }

  root(): Hash {
    return formatHash(rootOf(this.frontier, this.digest))
  }
}

export function rootOfState(lines: Iterable<string>, digest: Sha256 = sha256): Hash {
  const root = new StateRoot(digest)
  for (const line of lines) root.add(line)
  return root.root()
}

/** What the beginning of a pruned copy comes to. */
export type Beginning<State> = {
  readonly signed: SignedCheckpoint
  readonly at: Timestamp
  readonly frontier: MerkleFrontier
  readonly state: State
}

/** Takes the lines behind a cut and holds them to its checkpoint. */
export class CutReader<State> {
  private readonly signed: SignedCheckpoint
  private readonly at: Timestamp
  private readonly digest: Sha256
  private readonly states: StateReader<State>
  private readonly stateRoot: StateRoot
  private frontier: MerkleFrontier = EMPTY_FRONTIER
  private last: Hash | undefined
  private isSound = true

  constructor(init: {
    readonly signed: SignedCheckpoint
    readonly at: Timestamp
    readonly states: StateReader<State>
    readonly digest: Sha256
  }) {
    this.signed = init.signed
    this.at = init.at
    this.states = init.states
    this.digest = init.digest
    this.stateRoot = new StateRoot(init.digest)
  }

  addHashes(hashes: readonly Hash[]): void {
    const { digest } = this
    for (const hash of hashes) {
      this.frontier = appendLeaf(this.frontier, hashLeaf(bytesOfHash(hash), digest), { digest })
      this.last = hash
    }
  }

  addState(json: unknown): void {
    this.stateRoot.add(canonicalJson(json))
    this.isSound = this.states.add(json) && this.isSound
  }

  /** `undefined` when it is not what the checkpoint says. Balances are looked at by whoever knows them. */
  end(): Beginning<State> | undefined {
    const { checkpoint } = this.signed
    const state = this.isSound ? this.states.end() : undefined
    const isRight =
      checkpoint.entries === this.frontier.size &&
      checkpoint.head === this.last &&
      checkpoint.root === formatHash(rootOf(this.frontier, this.digest)) &&
      checkpoint.state === this.stateRoot.root()
    if (!isRight || state === undefined) return undefined
    return { signed: this.signed, at: this.at, frontier: this.frontier, state }
  }
}
