import { type Timestamp, timestampFromMs } from '../../base/time.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import { JOURNAL_GAPS, type JournalGap } from '../../core/transparency/journal-findings.ts'
import type { SplitView } from '../../wire/v1/journal-proofs.ts'
import { CopyComparison, type ComparedCopy, type HeldCopy } from './compare-copies.ts'
import { type Equivocation, findEquivocations } from './compare-journals.ts'
import type { JournalSums } from './journaled-machine.ts'
import { type BadLineReport, type JournalCopy, readCopy, type VerifyInit } from './read-copy.ts'
import { proveSplitView } from './split-view.ts'

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
  /** Entries that checkpoints of as many members as are needed stand behind. */
  readonly covered: number
  /** Entries that too few stand behind; `null` where all are covered. */
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
  /** Each of the other copies, in the order in which they were given; empty where none was. */
  readonly against: readonly ComparedCopy[]
}

/**
 * Verifies a copy of a journal from its lines alone: recomputes the chain, replays every event, checks sums and invariants, messages, checkpoints and their
 * signatures. Its memory grows by the hashes of the entries and the state of the machine; other copies are read one after the other, and what they share with
 * one before is not held again.
 */
export async function verifyJournal<State, Event, Effect, Report = unknown>(
  lines: AsyncIterable<string>,
  init: VerifyInit<State, Event, Effect, Report>,
): Promise<JournalVerification<Report>> {
  const copy = await readCopy(lines, init)
  const comparison = new CopyComparison(copy)
  for (const other of init.against ?? []) comparison.add(await readCopy(other, init))
  const found = findEquivocations(comparison.histories)
  const coverage = coverageIn(comparison, comparison.first)
  const gaps = gapsOf(copy, { coverage, signers: init.signers })
  const against = comparison.others.map((other) => ({
    ...comparison.relationOf(other),
    covered: coverageIn(comparison, other).covered,
  }))
  const isSound = copy.firstBad === null && found.length === 0 && against.every(({ ok }) => ok)
  const { hashes } = copy
  const { covered } = coverage
  return {
    ok: isSound && gaps.every((gap) => !JOURNAL_GAPS[gap].isWrong),
    entries: hashes.length,
    head: copy.head,
    checkpoints: copy.checkpoints.length,
    signaturesChecked: copy.checkpoints.length + copy.envelopeSignatures,
    sums: copy.sums,
    firstBad: copy.firstBad,
    equivocations: found.map(({ equivocation }) => equivocation),
    covered,
    uncovered: covered < hashes.length ? { first: covered, last: hashes.length - 1 } : null,
    coveredBy: coverage.coveredBy,
    asOf: coverage.asOf,
    envelopeSignatures: copy.envelopeSignatures,
    gaps,
    splitViews: found.flatMap((one) => proveSplitView(one) ?? []),
    audit: copy.audit,
    against,
  }
}

type Coverage = {
  readonly covered: number
  readonly coveredBy: readonly Did[]
  readonly asOf: Timestamp | null
  /** Entries that at least one signer stands behind. */
  readonly reach: number
}

/** How far as many signers stand behind a copy as it needs: those in it, and those in other ones whose entries are the same up to there. Who signs in several counts once. */
function coverageIn(comparison: CopyComparison, copy: HeldCopy): Coverage {
  const { entries: length, counted, needed, until } = copy
  const hashes = comparison.hashesOf(copy)
  const others = [comparison.first, ...comparison.others].filter((other) => other !== copy)
  const theirs = others
    .flatMap((other) => other.counted)
    .filter(({ checkpoint: { entries, head } }) => entries > 0 && entries <= length && hashes[entries - 1] === head)
  const all = [...counted, ...theirs].map(({ checkpoint }) => checkpoint)
  const reaches = new Map<Did, number>()
  for (const { signer, entries } of all) reaches.set(signer, Math.max(reaches.get(signer) ?? 0, entries))
  const ordered = [...reaches.values()].toSorted((one, next) => next - one)
  const covered = Math.min(ordered[needed - 1] ?? 0, length)
  const behind = covered === 0 ? [] : all.filter(({ entries }) => entries >= covered)
  const latest = new Map<Did, number>()
  for (const { signer, at } of behind) latest.set(signer, Math.max(latest.get(signer) ?? 0, at))
  // Of as many as may lie the stamps may be anything.
  const asOf = [...latest.values()].toSorted((one, next) => next - one)[needed - 1]
  return {
    covered,
    coveredBy: [...latest.keys()],
    asOf: asOf === undefined ? null : timestampFromMs(Math.min(asOf, until ?? asOf)),
    reach: Math.min(ordered[0] ?? 0, length),
  }
}

function gapsOf(
  copy: JournalCopy<unknown>,
  { coverage, signers }: { readonly coverage: Coverage; readonly signers: readonly Did[] | undefined },
): readonly JournalGap[] {
  const { hashes, checkpoints, isPruned } = copy
  const gaps: JournalGap[] = []
  if (hashes.length === 0) gaps.push('JOURNAL_EMPTY')
  else if (checkpoints.length === 0) gaps.push('JOURNAL_UNSIGNED')
  else if (coverage.reach < hashes.length) gaps.push('JOURNAL_TAIL_UNCOVERED')
  if (coverage.covered < coverage.reach) gaps.push('JOURNAL_SIGNERS_FEW')
  if (signers === undefined) gaps.push('JOURNAL_SET_UNNAMED')
  if (isPruned) gaps.push('JOURNAL_BEGINNING_PRUNED')
  return [...gaps, ...copy.gaps]
}
