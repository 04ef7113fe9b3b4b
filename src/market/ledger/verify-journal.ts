import type { Timestamp } from '../../base/time.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import { JOURNAL_GAPS, type JournalFinding, type JournalGap } from '../../core/transparency/journal-findings.ts'
import type { Sha256 } from '../../core/transparency/merkle-tree.ts'
import type { VerifySignature } from '../../ports/signer.ts'
import type { SplitView } from '../../wire/v1/journal-proofs.ts'
import { type Equivocation, findEquivocations, findFork, type JournalFork } from './compare-journals.ts'
import type { JournaledMachine, JournalSums } from './journaled-machine.ts'
import { type BadLineReport, type JournalCopy, readCopy } from './read-copy.ts'
import { proveSplitView } from './split-view.ts'

/** Looks at each event of a copy before it is replayed, and counts what it has checked. One for each copy. */
export type JournalAudit<Event, Report> = {
  take(event: Event): JournalFinding | undefined
  /** Signatures that were right, so far. */
  readonly signatures: number
  readonly report: Report
}

export type VerifyInit<State, Event, Effect, Report> = {
  readonly journaled: JournaledMachine<State, Event, Effect>
  readonly verify: VerifySignature
  /** Begins to audit a copy; absent where events carry nothing that is signed. */
  readonly audit?: (() => JournalAudit<Event, Report>) | undefined
  /** Keys whose checkpoints count: those of the notary set. `undefined` takes any. */
  readonly signers?: readonly Did[] | undefined
  /** Name that the journal must have. `undefined` takes the one that it has. */
  readonly name?: Hash | undefined
  /** Another copy, to be compared with the first. It need not be sound. */
  readonly against?: AsyncIterable<string> | undefined
  readonly digest?: Sha256 | undefined
  readonly signal?: AbortSignal | undefined
}

/** What `kernell ledger verify` prints. */
export type JournalVerification<Report = unknown> = {
  /** Every line is right, the books balance, checkpoints cover every entry, and no two of them contradict each other. */
  readonly ok: boolean
  readonly entries: number
  readonly head: { readonly index: number; readonly hash: Hash } | null
  readonly checkpoints: number
  /** Of checkpoints and of messages. */
  readonly signaturesChecked: number
  readonly sums: JournalSums
  readonly firstBad: BadLineReport | null
  readonly equivocations: readonly Equivocation[]
  /** Entries that a checkpoint stands behind. */
  readonly covered: number
  /** Entries that none stands behind; `null` where all are covered. */
  readonly uncovered: { readonly first: number; readonly last: number } | null
  /** Whose checkpoints cover the last entry that is covered. */
  readonly coveredBy: readonly Did[]
  /** The latest stamp under which somebody has signed for these: what came later need not be in the copy. */
  readonly asOf: Timestamp | null
  readonly envelopeSignatures: number
  /** What could not be looked at (`JOURNAL_GAPS`). */
  readonly gaps: readonly JournalGap[]
  /** The same for anybody who has neither copy. */
  readonly splitViews: readonly SplitView[]
  /** What the audit says besides; `null` without one. */
  readonly audit: Report | null
  /** Of the other copy; absent where none was given. */
  readonly against?: {
    readonly entries: number
    readonly covered: number
    readonly firstBad: BadLineReport | null
    readonly fork: JournalFork
  }
}

/**
 * Verifies a copy of a journal from its lines alone: recomputes the chain, replays every event, checks sums and invariants, messages, checkpoints and their
 * signatures. Its memory grows by the hashes of the entries and the state of the machine.
 */
export async function verifyJournal<State, Event, Effect, Report = unknown>(
  lines: AsyncIterable<string>,
  init: VerifyInit<State, Event, Effect, Report>,
): Promise<JournalVerification<Report>> {
  const copy = await readCopy(lines, init)
  const other = init.against === undefined ? undefined : await readCopy(init.against, init)
  const equivocations = findEquivocations(copy, other)
  const fork = other === undefined ? undefined : findFork(copy, other)
  const isApart = fork !== undefined && fork.kind === 'forked'
  const gaps = gapsOf(copy, init.signers)
  const isSound = copy.firstBad === null && (other?.firstBad ?? null) === null
  const { hashes, covered } = copy
  return {
    ok: isSound && equivocations.length === 0 && !isApart && gaps.every((gap) => !JOURNAL_GAPS[gap].isWrong),
    entries: hashes.length,
    head: copy.head,
    checkpoints: copy.checkpoints.length,
    signaturesChecked: copy.checkpoints.length + copy.envelopeSignatures,
    sums: copy.sums,
    firstBad: copy.firstBad,
    equivocations,
    covered,
    uncovered: covered < hashes.length ? { first: covered, last: hashes.length - 1 } : null,
    coveredBy: copy.coveredBy,
    asOf: copy.asOf,
    envelopeSignatures: copy.envelopeSignatures,
    gaps,
    splitViews: equivocations.flatMap((found) => proveSplitView(found, copy, other) ?? []),
    audit: copy.audit,
    ...(other !== undefined &&
      fork !== undefined && {
        against: { entries: other.hashes.length, covered: other.covered, firstBad: other.firstBad, fork },
      }),
  }
}

function gapsOf(copy: JournalCopy<unknown>, signers: readonly Did[] | undefined): readonly JournalGap[] {
  const { hashes, checkpoints, covered, isPruned } = copy
  const gaps: JournalGap[] = []
  if (hashes.length === 0) gaps.push('JOURNAL_EMPTY')
  else if (checkpoints.length === 0) gaps.push('JOURNAL_UNSIGNED')
  else if (covered < hashes.length) gaps.push('JOURNAL_TAIL_UNCOVERED')
  if (signers === undefined) gaps.push('JOURNAL_SET_UNNAMED')
  if (isPruned) gaps.push('JOURNAL_BEGINNING_PRUNED')
  return gaps
}
