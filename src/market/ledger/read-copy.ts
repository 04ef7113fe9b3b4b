import { type Timestamp, timestampFromMs } from '../../base/time.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import type { JournalFinding } from '../../core/transparency/journal-findings.ts'
import type { Sha256 } from '../../core/transparency/merkle-tree.ts'
import type { VerifySignature } from '../../ports/signer.ts'
import type { SignedCheckpoint } from '../../wire/v1/checkpoint.ts'
import { JournalReader } from './journal-reader.ts'
import type { JournaledMachine, JournalSums } from './journaled-machine.ts'

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
  /** Entries that a checkpoint stands behind, and whose checkpoints these are. */
  readonly covered: number
  readonly coveredBy: readonly Did[]
  /** The latest stamp under which somebody has signed for these: what came later need not be in the copy. */
  readonly asOf: Timestamp | null
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
  const { journaled, verify, name, digest, signers } = init
  const audit = init.audit?.()
  const reader = new JournalReader<State, Event, Effect>({
    journaled,
    name,
    verify,
    digest,
    ...(audit !== undefined && { audit: (event: Event) => audit.take(event) }),
  })
  const hashes: Hash[] = []
  const checkpoints: SignedCheckpoint[] = []
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
    if (read.kind === 'bad') {
      firstBad = report(read.finding)
      break
    }
    if (read.kind === 'entry') hashes.push(read.hash)
    else if (read.kind === 'beginning' && read.signed === undefined) {
      isPruned ||= read.hashes.length > 0
      hashes.push(...read.hashes)
    } else if (read.signed !== undefined && signers !== undefined && !signers.includes(read.signed.checkpoint.signer)) {
      firstBad = report('JOURNAL_SIGNER_UNKNOWN')
      break
    } else if (read.signed !== undefined) checkpoints.push(read.signed)
  }
  const finding = firstBad === null ? reader.end() : undefined
  if (finding !== undefined) firstBad = report(finding)
  const broken = journaled.machine.violations(reader.state)
  if (broken.length > 0) firstBad ??= report('JOURNAL_INVARIANT_BROKEN', broken)
  const hash = hashes.at(-1)
  return {
    hashes,
    checkpoints,
    ...coverageOf(checkpoints, hashes.length),
    head: hash === undefined ? null : { index: hashes.length - 1, hash },
    envelopeSignatures: audit?.signatures ?? 0,
    sums: journaled.sumsOf(reader.state),
    isPruned,
    firstBad,
    audit: audit?.report ?? null,
  }
}

function coverageOf(
  checkpoints: readonly SignedCheckpoint[],
  entries: number,
): Pick<JournalCopy<unknown>, 'covered' | 'coveredBy' | 'asOf'> {
  const covered = checkpoints.reduce((most, { checkpoint }) => Math.max(most, checkpoint.entries), 0)
  const last = checkpoints.filter(({ checkpoint }) => checkpoint.entries === covered)
  return {
    covered: Math.min(covered, entries),
    asOf: last.length === 0 ? null : timestampFromMs(Math.max(...last.map(({ checkpoint }) => checkpoint.at))),
    coveredBy: [...new Set(last.map(({ checkpoint }) => checkpoint.signer))],
  }
}
