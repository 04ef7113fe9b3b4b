import type { Did } from '../../core/evidence/names.ts'
import { type ComparedJournal, findFork, type JournalFork } from './compare-journals.ts'
import { JournalBranches } from './journal-branches.ts'
import type { BadLineReport, JournalCopy } from './read-copy.ts'

/** What is kept of a copy once it was read: its hashes are those of its branch. */
export type HeldCopy = Pick<JournalCopy<unknown>, 'checkpoints' | 'counted' | 'needed' | 'until' | 'firstBad'> & {
  readonly entries: number
  /** Among the branches. */
  readonly branch: number
}

/** Another copy, beside the first one. */
export type ComparedCopy = {
  /** It is right as far as it goes, and parts from no other copy that agrees with the first. */
  readonly ok: boolean
  readonly entries: number
  /** Entries of this copy that checkpoints of as many members as are needed stand behind. */
  readonly covered: number
  readonly firstBad: BadLineReport | null
  /** How it lies to the first copy. */
  readonly fork: JournalFork
  /** Who has signed for its side of the fork, and for that of the first copy in any of the copies. */
  readonly signedBoth: readonly Did[]
  /** Where the first copy has ended: which other copy, by its place in the list, it parts from, and at which entry; `null` where it parts from none. */
  readonly partsFrom: { readonly copy: number; readonly at: number } | null
}

/** The first copy of a journal and others, one read after the other: of each what is compared is kept, and the rest is let go. */
export class CopyComparison {
  readonly first: HeldCopy
  private readonly held: HeldCopy[] = []
  private readonly branches = new JournalBranches()

  constructor(first: JournalCopy<unknown>) {
    this.first = this.hold(first)
  }

  get others(): readonly HeldCopy[] {
    return this.held
  }

  /** Each history that some copy tells, with the checkpoints that stand on it. */
  get histories(): readonly ComparedJournal[] {
    return this.branches.all
  }

  add(other: JournalCopy<unknown>): void {
    this.held.push(this.hold(other))
  }

  /** Hashes of the copy's branch: those of the copy, and what others have behind it. */
  hashesOf({ branch }: HeldCopy): ComparedJournal['hashes'] {
    return this.branches.all[branch]?.hashes ?? []
  }

  /** How another copy lies to the first one, and to those before it. */
  relationOf(other: HeldCopy): Omit<ComparedCopy, 'covered'> {
    const { entries, firstBad } = other
    const fork = findFork(this.ownHashes(this.first), this.ownHashes(other))
    const isForked = fork.kind === 'forked'
    const signedBoth = isForked ? this.signersOfBoth(other, fork.at) : []
    const partsFrom = isForked ? null : this.partingOf(other)
    const ok = firstBad === null && !isForked && partsFrom === null
    return { ok, entries, firstBad, fork, signedBoth, partsFrom }
  }

  private hold(copy: JournalCopy<unknown>): HeldCopy {
    const { checkpoints, counted, needed, until, firstBad, hashes } = copy
    const branch = this.branches.add(copy)
    return { checkpoints, counted, needed, until, firstBad, entries: hashes.length, branch }
  }

  private ownHashes(copy: HeldCopy): Pick<ComparedJournal, 'hashes'> {
    return { hashes: this.hashesOf(copy).slice(0, copy.entries) }
  }

  private signersOfBoth(other: HeldCopy, at: number): readonly Did[] {
    const entry = this.hashesOf(this.first)[at]
    const witnesses = [this.first, ...this.held].filter((copy) => this.hashesOf(copy)[at] === entry)
    const confirmed = new Set(witnesses.flatMap((copy) => signersBehind(copy, at)))
    return signersBehind(other, at).filter((signer) => confirmed.has(signer))
  }

  /** A copy that agrees with the first one and lies on another branch can only part from one that goes on behind the first one too. */
  private partingOf(other: HeldCopy): ComparedCopy['partsFrom'] {
    if (other.branch === this.first.branch) return null
    const { commonEntries: at } = findFork({ hashes: this.hashesOf(this.first) }, { hashes: this.hashesOf(other) })
    const copy = this.held.findIndex(({ branch, entries }) => branch === this.first.branch && entries > at)
    return { copy, at }
  }
}

/** Whose checkpoints in a copy stand behind the entry `at`, each once. */
function signersBehind({ checkpoints }: HeldCopy, at: number): readonly Did[] {
  const behind = checkpoints.filter(({ checkpoint }) => checkpoint.entries > at)
  return [...new Set(behind.map(({ checkpoint }) => checkpoint.signer))]
}
