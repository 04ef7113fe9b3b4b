import type { Timestamp } from '../../base/time.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import type { JournalFinding, JournalGap } from '../../core/transparency/journal-findings.ts'
import type { Sha256 } from '../../core/transparency/merkle-tree.ts'
import type { VerifySignature } from '../../ports/signer.ts'
import type { SignedCheckpoint } from '../../wire/v1/checkpoint.ts'
import { type JournalPlace, JournalReader } from './journal-reader.ts'
import type { JournaledMachine, JournalSums } from './journaled-machine.ts'

/** What is wrong with, or missing in, a copy as a whole. */
export type AuditedEnd = {
  readonly finding?: JournalFinding | undefined
  readonly gaps?: readonly JournalGap[]
  /** Stamp behind which whoever signed says nothing. */
  readonly until?: Timestamp | undefined
}

/** Whose checkpoints count at a place, and how many of them have to stand behind an entry. */
export type CountedSigners = { readonly signers: readonly Did[]; readonly needed: number }

/** Looks at each event of a copy before it is replayed, and counts what it has checked. One for each copy. */
export type JournalAudit<State, Event, Report> = {
  take(event: Event, place: JournalPlace<State>): JournalFinding | undefined
  /** To be called behind the last line. `isCovered`: a checkpoint stands behind the last entry. */
  end?(copy: { readonly isCovered: boolean; readonly state: State }): AuditedEnd
  /** Signatures that were right, so far. */
  readonly signatures: number
  readonly report: Report
}

export type VerifyInit<State, Event, Effect, Report> = {
  readonly journaled: JournaledMachine<State, Event, Effect>
  readonly verify: VerifySignature
  /** Begins to audit a copy; absent where events carry nothing that is signed. */
  readonly audit?: (() => JournalAudit<State, Event, Report>) | undefined
  /** Keys whose checkpoints count: those of the notary set. `undefined` takes any. */
  readonly signers?: readonly Did[] | undefined
  /** Of those, whose checkpoints count where the journal has come to a state; absent: all of them, one for each entry. */
  readonly counted?: ((state: State) => CountedSigners) | undefined
  /** Name that the journal must have. `undefined` takes the one that it has. */
  readonly name?: Hash | undefined
  /** Other copies, to be compared with the first, one read after the other. They need not be sound. */
  readonly against?: readonly AsyncIterable<string>[] | undefined
  readonly digest?: Sha256 | undefined
  readonly signal?: AbortSignal | undefined
}

export type BadLineReport = {
  /** From 1. */
  readonly line: number
  /** Entries that were right before it. */
  readonly index: number
  readonly code: JournalFinding
  /** Broken invariants by name, for `JOURNAL_INVARIANT_BROKEN`. */
  readonly details: readonly string[]
}

/** What a copy holds, up to its first bad line. */
export type JournalCopy<Report> = {
  /** Of every entry. */
  readonly hashes: readonly Hash[]
  /** Signed ones. */
  readonly checkpoints: readonly SignedCheckpoint[]
  /** Those of keys that count where they stand. */
  readonly counted: readonly SignedCheckpoint[]
  /** Signers that an entry needs. */
  readonly needed: number
  readonly gaps: readonly JournalGap[]
  /** Stamp behind which whoever signed says nothing. */
  readonly until: Timestamp | undefined
  readonly head: { readonly index: number; readonly hash: Hash } | null
  readonly envelopeSignatures: number
  readonly sums: JournalSums
  /** Its first entries are hashes alone. */
  readonly isPruned: boolean
  readonly firstBad: BadLineReport | null
  readonly audit: Report | null
}

/** Reads a copy to its end or its first bad line. */
export async function readCopy<State, Event, Effect, Report>(
  lines: AsyncIterable<string>,
  init: VerifyInit<State, Event, Effect, Report>,
): Promise<JournalCopy<Report>> {
  const { journaled, verify, name, digest } = init
  const audit = init.audit?.()
  const reader = new JournalReader<State, Event, Effect>({
    journaled,
    name,
    verify,
    digest,
    ...(audit !== undefined && { audit: (event: Event, place: JournalPlace<State>) => audit.take(event, place) }),
  })
  const hashes: Hash[] = []
  const signatures = new CopySignatures(init)
  let firstBad: BadLineReport | null = null
  let isPruned = false
  let line = 0
  const report = (code: JournalFinding, details: readonly string[] = []): BadLineReport => ({
    line,
    index: hashes.length,
    code,
    details,
  })
  for await (const text of lines) {
    init.signal?.throwIfAborted()
    line += 1
    if (text === '') continue
    const read = reader.read(text)
    const signed = read.kind === 'checkpoint' || read.kind === 'beginning' ? read.signed : undefined
    const finding =
      read.kind === 'bad'
        ? read.finding
        : signed &&
          signatures.take(signed, { isCut: read.kind === 'beginning' && hashes.length === 0, state: reader.state })
    if (finding !== undefined) {
      firstBad = report(finding)
      break
    }
    if (read.kind === 'entry') hashes.push(read.hash)
    else if (read.kind === 'beginning' && signed === undefined) {
      isPruned ||= read.hashes.length > 0
      hashes.push(...read.hashes)
    }
  }
  if (firstBad === null) {
    const finding = reader.end() ?? signatures.end(hashes.length, reader.state)
    if (finding !== undefined) firstBad = report(finding)
  }
  const isCovered = signatures.reach === hashes.length
  const ended = audit?.end?.({ isCovered, state: reader.state })
  if (ended?.finding !== undefined) firstBad ??= report(ended.finding)
  const broken = journaled.machine.violations(reader.state)
  if (broken.length > 0) firstBad ??= report('JOURNAL_INVARIANT_BROKEN', broken)
  const hash = hashes.at(-1)
  return {
    hashes,
    checkpoints: signatures.all,
    counted: signatures.counted,
    needed: init.counted?.(reader.state).needed ?? 1,
    gaps: ended?.gaps ?? [],
    until: ended?.until,
    head: hash === undefined ? null : { index: hashes.length - 1, hash },
    envelopeSignatures: audit?.signatures ?? 0,
    sums: journaled.sumsOf(reader.state),
    isPruned,
    firstBad,
    audit: audit?.report ?? null,
  }
}

/** The checkpoints of a copy, and which of them count. */
class CopySignatures<State> {
  readonly all: SignedCheckpoint[] = []
  readonly counted: SignedCheckpoint[] = []
  private readonly signers: readonly Did[] | undefined
  private readonly countedAt: ((state: State) => CountedSigners) | undefined
  /** That of a pruned beginning: the state that it stands for is read behind it. */
  private cut: SignedCheckpoint | undefined

  constructor({ signers, counted }: Pick<VerifyInit<State, never, never, never>, 'signers' | 'counted'>) {
    this.signers = signers
    this.countedAt = counted
  }

  /** Entries that some checkpoint stands behind. */
  get reach(): number {
    return this.counted.reduce((most, { checkpoint }) => Math.max(most, checkpoint.entries), 0)
  }

  take(
    signed: SignedCheckpoint,
    { isCut, state }: { readonly isCut: boolean; readonly state: State },
  ): JournalFinding | undefined {
    const { signer } = signed.checkpoint
    if (this.signers !== undefined && !this.signers.includes(signer)) return 'JOURNAL_SIGNER_UNKNOWN'
    this.all.push(signed)
    if (isCut) this.cut = signed
    else if (this.isRetired(signed, state)) return 'JOURNAL_SIGNER_RETIRED'
    this.counted.push(signed)
    return undefined
  }

  end(entries: number, state: State): JournalFinding | undefined {
    const { cut } = this
    // Where entries follow, later checkpoints stand for the cut as well.
    if (cut === undefined || cut.checkpoint.entries < entries) return undefined
    return this.isRetired(cut, state) ? 'JOURNAL_SIGNER_RETIRED' : undefined
  }

  private isRetired({ checkpoint }: SignedCheckpoint, state: State): boolean {
    return this.countedAt?.(state).signers.includes(checkpoint.signer) === false
  }
}
