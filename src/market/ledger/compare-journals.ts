import type { Did, Hash } from '../../core/evidence/names.ts'
import type { SignedCheckpoint } from '../../wire/v1/checkpoint.ts'

/** What is compared of a copy of a journal. */
export type ComparedJournal = {
  /** Of every entry. */
  readonly hashes: readonly Hash[]
  /** Signed ones. */
  readonly checkpoints: readonly SignedCheckpoint[]
}

/** How two copies of one journal lie to each other. */
export type JournalFork =
  | { readonly kind: 'same'; readonly commonEntries: number }
  /** One is the beginning of the other. */
  | {
      readonly kind: 'behind'
      readonly commonEntries: number
      readonly behindBy: number
      readonly which: 'first' | 'second'
    }
  /** Entry `at` differs: one of the two was not written by whoever keeps the journal, or that one has lied. */
  | {
      readonly kind: 'forked'
      readonly commonEntries: number
      readonly at: number
      readonly hashes: readonly [Hash, Hash]
    }

/** Two statements of one signer of which at most one can be true. Both are signed, so whoever holds them can show them to anybody. */
export type Equivocation = {
  readonly signer: Did
  /** `same-position`: two heads, roots or balances for one number of entries. `forked`: each confirms another side of a fork. */
  readonly kind: 'same-position' | 'forked'
  readonly checkpoints: readonly [SignedCheckpoint, SignedCheckpoint]
}

export function findFork(one: Pick<ComparedJournal, 'hashes'>, other: Pick<ComparedJournal, 'hashes'>): JournalFork {
  const shorter = Math.min(one.hashes.length, other.hashes.length)
  const at = one.hashes.findIndex((hash, index) => index < shorter && hash !== other.hashes[index])
  const [first, second] = [one.hashes[at], other.hashes[at]]
  if (first !== undefined && second !== undefined)
    return { kind: 'forked', commonEntries: at, at, hashes: [first, second] }
  const behindBy = Math.abs(one.hashes.length - other.hashes.length)
  if (behindBy === 0) return { kind: 'same', commonEntries: shorter }
  const which = one.hashes.length < other.hashes.length ? 'first' : 'second'
  return { kind: 'behind', commonEntries: shorter, behindBy, which }
}

/** A contradiction, and the two journals of which each has one of its checkpoints; without them for `same-position`, which needs none. */
export type FoundEquivocation = {
  readonly equivocation: Equivocation
  readonly sides?: readonly [ComparedJournal, ComparedJournal]
}

/** Contradictions between the checkpoints of any journals, at most one per signer. Their signatures were checked before. */
export function findEquivocations(journals: readonly ComparedJournal[]): readonly FoundEquivocation[] {
  const found = atOnePosition(journals.flatMap(({ checkpoints }) => checkpoints))
  const reported = new Set(found.map(({ signer }) => signer))
  const across: FoundEquivocation[] = []
  for (const [place, one] of journals.entries())
    for (const other of journals.slice(place + 1))
      for (const equivocation of acrossFork(one, other)) {
        if (reported.has(equivocation.signer)) continue
        reported.add(equivocation.signer)
        across.push({ equivocation, sides: [one, other] })
      }
  return [...found.map((equivocation) => ({ equivocation })), ...across]
}

function atOnePosition(checkpoints: readonly SignedCheckpoint[]): readonly Equivocation[] {
  const found = new Map<Did, Equivocation>()
  const seen = new Map<string, SignedCheckpoint>()
  for (const signed of checkpoints) {
    const { signer, journal, entries } = signed.checkpoint
    const key = `${signer} ${journal} ${entries}`
    const before = seen.get(key)
    // One that names the state contradicts more than one that does not.
    if (before?.checkpoint.state === undefined) seen.set(key, signed)
    if (before !== undefined && contradicts(before, signed) && !found.has(signer))
      found.set(signer, { signer, kind: 'same-position', checkpoints: [before, signed] })
  }
  return [...found.values()]
}

/** Whether two checkpoints of one number of entries say different things. */
export function contradicts(one: SignedCheckpoint, other: SignedCheckpoint): boolean {
  const [first, second] = [one.checkpoint, other.checkpoint]
  if (first.entries !== second.entries) return false
  return !(
    first.head === second.head &&
    first.root === second.root &&
    first.balances === second.balances &&
    isSameState(first.state, second.state)
  )
}

/** A checkpoint that closes no segment says nothing about the state. */
function isSameState(one: Hash | undefined, other: Hash | undefined): boolean {
  return one === undefined || other === undefined || one === other
}

/** Whoever has signed a position behind the fork in both copies has confirmed both. */
function acrossFork(one: ComparedJournal, other: ComparedJournal): readonly Equivocation[] {
  const fork = findFork(one, other)
  if (fork.kind !== 'forked') return []
  const behind = ({ checkpoints }: ComparedJournal): Map<Did, SignedCheckpoint> => {
    const first = new Map<Did, SignedCheckpoint>()
    for (const signed of checkpoints) {
      const { signer, entries } = signed.checkpoint
      if (entries > fork.at && !first.has(signer)) first.set(signer, signed)
    }
    return first
  }
  const theirs = behind(other)
  return [...behind(one)].flatMap(([signer, signed]): readonly Equivocation[] => {
    const second = theirs.get(signer)
    return second === undefined ? [] : [{ signer, kind: 'forked', checkpoints: [signed, second] }]
  })
}
