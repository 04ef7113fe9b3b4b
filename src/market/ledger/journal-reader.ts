import { sha256 } from '../../base/sha256.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Hash } from '../../core/evidence/names.ts'
import { bytesOfHash, formatHash } from '../../core/transparency/hash-text.ts'
import type { JournalFinding } from '../../core/transparency/journal-findings.ts'
import {
  appendLeaf,
  EMPTY_FRONTIER,
  hashLeaf,
  type MerkleFrontier,
  type MerkleHash,
  type MerkleNode,
  rootOf,
  type Sha256,
} from '../../core/transparency/merkle-tree.ts'
import type { VerifySignature } from '../../ports/signer.ts'
import type { Checkpoint, SignedCheckpoint } from '../../wire/v1/checkpoint.ts'
import { CutReader, rootOfState } from './journal-cut.ts'
import { encodeText } from '../../wire/v1/platform-text.ts'
import { type CutLine, type EntryLine, hashEntry, parseLine } from './journal-line.ts'
import type { JournaledMachine } from './journaled-machine.ts'
import { isCheckpointSigned } from './sign-checkpoint.ts'

export type JournalReaderInit<State, Event, Effect> = {
  readonly journaled: JournaledMachine<State, Event, Effect>
  /** Name of the journal; `undefined` takes the one that the first entry follows. */
  readonly name: Hash | undefined
  /** `undefined` leaves signatures unchecked: a journal that was written here is read without. */
  readonly verify: VerifySignature | undefined
  /** Looks at each event before it is replayed on a state. */
  readonly audit?: ((event: Event, place: JournalPlace<State>) => JournalFinding | undefined) | undefined
  /** Native SHA-256 where there is one. */
  readonly digest?: Sha256 | undefined
  /** Sees the complete subtrees of the Merkle tree as they come. */
  readonly onNode?: ((node: MerkleNode, hash: MerkleHash) => void) | undefined
}

/** Where an entry comes: behind so many others, to a state. */
export type JournalPlace<State> = { readonly index: number; readonly state: State }

/** What a line was. */
export type ReadLine<Effect> =
  | {
      readonly kind: 'entry'
      readonly index: number
      readonly hash: Hash
      readonly at: Timestamp
      readonly effects: readonly Effect[]
    }
  | { readonly kind: 'checkpoint'; readonly signed: SignedCheckpoint; readonly isVerified: boolean }
  /** A line of the beginning of a pruned copy: hashes of entries, and the cut itself once all of it is there. */
  | { readonly kind: 'beginning'; readonly hashes: readonly Hash[]; readonly signed: SignedCheckpoint | undefined }
  | { readonly kind: 'bad'; readonly finding: JournalFinding }

/** Where to go on from. */
export type Restart<State> = {
  readonly state: State
  readonly frontier: MerkleFrontier
  readonly head: Hash
  readonly at: Timestamp
}

/**
 * Follows a journal line by line: the chain, the replay through the machine, the Merkle tree and the checkpoints. After a bad line it must not be given
 * another one.
 */
export class JournalReader<State, Event, Effect> {
  private readonly init: JournalReaderInit<State, Event, Effect>
  private readonly digest: Sha256
  private current: State
  private last: Hash | undefined
  private named: Hash | undefined
  private stamp: Timestamp | undefined
  private frontier: MerkleFrontier = EMPTY_FRONTIER
  /** Of the cut whose lines are being read. */
  private cut: CutReader<State> | undefined
  private isReplayed = false

  constructor(init: JournalReaderInit<State, Event, Effect>) {
    this.init = init
    this.digest = init.digest ?? sha256
    this.current = init.journaled.first
    this.named = init.name
  }

  get state(): State {
    return this.current
  }

  get entries(): number {
    return this.frontier.size
  }

  /** `undefined` before the first entry of a journal whose name was not given. */
  get name(): Hash | undefined {
    return this.named
  }

  /** Hash of the last entry; the name before the first. */
  get head(): Hash | undefined {
    return this.last ?? this.named
  }

  /** Stamp of the last entry. */
  get at(): Timestamp | undefined {
    return this.stamp
  }

  /** All that appending to the tree needs. */
  get peaks(): MerkleFrontier {
    return this.frontier
  }

  /** Goes on from a state that was written down, instead of from the first entry. */
  restart({ state, frontier, head, at }: Restart<State>): void {
    this.current = state
    this.frontier = frontier
    this.last = head
    this.stamp = at
  }

  /** To be called behind the last line: a copy may end within its beginning. */
  end(): JournalFinding | undefined {
    const { cut } = this
    this.cut = undefined
    if (cut === undefined) return undefined
    const beginning = cut.end()
    if (beginning === undefined) return 'JOURNAL_CUT_WRONG'
    if (this.isReplayed) return undefined
    const { signed, state, frontier, at } = beginning
    this.restart({ state, frontier, head: signed.checkpoint.head, at })
    return this.balances() === signed.checkpoint.balances ? undefined : 'JOURNAL_CUT_WRONG'
  }

  /** What a checkpoint made now says, but for its signer and what closes a segment. */
  content(at: Timestamp): Omit<Checkpoint, 'v' | 'signer'> | undefined {
    const { named, head } = this
    if (named === undefined || head === undefined) return undefined
    return {
      journal: named,
      entries: this.frontier.size,
      head,
      root: formatHash(rootOf(this.frontier, this.digest)),
      balances: this.balances(),
      at,
    }
  }

  read(text: string): ReadLine<Effect> {
    const line = parseLine(text)
    if (line.kind === 'bad') return line
    if (line.kind === 'hashes' || line.kind === 'state') {
      if (this.cut === undefined) return bad('JOURNAL_CUT_WRONG')
      if (line.kind === 'state') this.cut.addState(line.json)
      else this.cut.addHashes(line.hashes)
      const hashes = line.kind === 'hashes' && !this.isReplayed ? line.hashes : []
      return { kind: 'beginning', hashes, signed: undefined }
    }
    const finding = this.end()
    if (finding !== undefined) return bad(finding)
    if (line.kind === 'cut') return this.readCut(line)
    return line.kind === 'entry' ? this.readEntry(line, text) : this.readCheckpoint(line.signed)
  }

  /** Adds an entry by its name: `state` is the one after its event. */
  add(hash: Hash, state: State, at: Timestamp): Hash {
    const { onNode } = this.init
    const leaf = hashLeaf(bytesOfHash(hash), this.digest)
    this.frontier = appendLeaf(this.frontier, leaf, { digest: this.digest, ...(onNode && { onNode }) })
    this.last = hash
    this.current = state
    this.stamp = at
    return hash
  }

  private readEntry(line: EntryLine, text: string): ReadLine<Effect> {
    const { journaled, audit } = this.init
    if (line.index !== this.frontier.size) return bad('JOURNAL_INDEX_WRONG')
    const isFirst = line.index === 0
    if (isFirst && this.named === undefined) this.named = line.prev
    if (line.prev !== this.head) return bad(isFirst ? 'JOURNAL_NAME_WRONG' : 'JOURNAL_CHAIN_BROKEN')
    const event = journaled.parseEvent(line.event)
    if (event === undefined) return bad('JOURNAL_EVENT_UNKNOWN')
    const isBackward = this.stamp !== undefined && line.at < this.stamp
    if (journaled.stampOf(event) !== line.at || isBackward) return bad('JOURNAL_STAMP_WRONG')
    const finding = audit?.(event, { index: line.index, state: this.current })
    if (finding !== undefined) return bad(finding)
    const step = journaled.machine.transition(this.current, event)
    if (step.state === this.current) return bad('JOURNAL_EVENT_WITHOUT_TRACE')
    const hash = this.add(hashEntry(text, this.digest), step.state, line.at)
    return { kind: 'entry', index: line.index, hash, at: line.at, effects: step.effects }
  }

  /** At the beginning it is believed once its lines come to what it says; behind entries it is a checkpoint like any other. */
  private readCut({ at, signed }: CutLine): ReadLine<Effect> {
    const { journaled, verify } = this.init
    const { checkpoint } = signed
    const isReplayed = this.frontier.size > 0
    if (isReplayed) {
      const read = this.readCheckpoint(signed)
      if (read.kind === 'bad') return read
    } else if (this.named !== undefined && checkpoint.journal !== this.named) return bad('JOURNAL_NAME_WRONG')
    else if (verify !== undefined && !isCheckpointSigned(signed, verify)) return bad('JOURNAL_SIGNATURE_WRONG')
    const states = journaled.written?.read()
    const isLate = checkpoint.at < at || (isReplayed && at !== this.stamp)
    if (states === undefined || checkpoint.state === undefined || isLate) return bad('JOURNAL_CUT_WRONG')
    this.named ??= checkpoint.journal
    this.isReplayed = isReplayed
    this.cut = new CutReader<State>({ signed, at, states, digest: this.digest })
    return { kind: 'beginning', hashes: [], signed }
  }

  private readCheckpoint(signed: SignedCheckpoint): ReadLine<Effect> {
    const { checkpoint } = signed
    this.named ??= checkpoint.journal
    if (checkpoint.journal !== this.named) return bad('JOURNAL_NAME_WRONG')
    const due = this.content(checkpoint.at)
    const isRight =
      due !== undefined &&
      checkpoint.entries === due.entries &&
      checkpoint.head === due.head &&
      checkpoint.root === due.root &&
      checkpoint.balances === due.balances &&
      checkpoint.at >= (this.stamp ?? 0) &&
      (checkpoint.state === undefined || checkpoint.state === this.stateRoot())
    if (!isRight) return bad('JOURNAL_CHECKPOINT_WRONG')
    const { verify } = this.init
    if (verify !== undefined && !isCheckpointSigned(signed, verify)) return bad('JOURNAL_SIGNATURE_WRONG')
    return { kind: 'checkpoint', signed, isVerified: verify !== undefined }
  }

  private stateRoot(): Hash | undefined {
    const { written } = this.init.journaled
    return written && rootOfState(written.lines(this.current), this.digest)
  }

  private balances(): Hash {
    const text = this.init.journaled.formatBalances(this.current)
    return formatHash(this.digest(encodeText(text)))
  }
}

function bad<Effect>(finding: JournalFinding): ReadLine<Effect> {
  return { kind: 'bad', finding }
}
