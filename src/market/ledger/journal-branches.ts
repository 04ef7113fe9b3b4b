import { type ComparedJournal, findFork } from './compare-journals.ts'

/**
 * What several copies of one journal come to: copies that begin with each other are one branch, which has all their checkpoints. A hash that branches share is
 * held once, so that many copies of one journal need no more memory than one.
 */
export class JournalBranches {
  private readonly branches: ComparedJournal[] = []

  /** In the order in which they were found. */
  get all(): readonly ComparedJournal[] {
    return this.branches
  }

  /** Adds a copy, and gives the place of the branch that it lies on. */
  add(copy: ComparedJournal): number {
    const forks = this.branches.map((branch) => findFork(branch, copy))
    const place = forks.findIndex(({ kind }) => kind !== 'forked')
    const branch = this.branches[place]
    if (branch !== undefined) {
      this.branches[place] = joined(branch, copy)
      return place
    }
    const most = forks.reduce((length, { commonEntries }) => Math.max(length, commonEntries), 0)
    const nearest = this.branches[forks.findIndex(({ commonEntries }) => commonEntries === most)]
    const shared = (nearest?.hashes ?? []).slice(0, most)
    this.branches.push(joined({ hashes: shared, checkpoints: [] }, copy))
    return this.branches.length - 1
  }
}

/** The first, and behind it what the other one has more. */
function joined(one: ComparedJournal, other: ComparedJournal): ComparedJournal {
  const [length, checkpoints] = [one.hashes.length, [...one.checkpoints, ...other.checkpoints]]
  return {
    hashes: other.hashes.length <= length ? one.hashes : [...one.hashes, ...other.hashes.slice(length)],
    checkpoints,
  }
}
