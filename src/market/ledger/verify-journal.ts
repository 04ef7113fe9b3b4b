import type { Did, Hash } from '../../core/evidence/names.ts'
import type { JournalFinding } from '../../core/transparency/journal-findings.ts'
import type { Sha256 } from '../../core/transparency/merkle-tree.ts'
import type { VerifySignature } from '../../ports/signer.ts'
import type { SignedCheckpoint } from '../../wire/v1/checkpoint.ts'
import { type Equivocation, findEquivocations, findFork, type JournalFork } from './compare-journals.ts'
import { JournalReader } from './journal-reader.ts'
import type { JournaledMachine, JournalSums } from './journaled-machine.ts'

export type VerifyInit<State, Event, Effect> = {
  readonly journaled: JournaledMachine<State, Event, Effect>
  readonly verify: VerifySignature
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

/** What `kernell ledger verify` prints. */
export type JournalVerification = {
  /** Every line is right, the books balance, and no two checkpoints contradict each other. */
  readonly ok: boolean
  readonly entries: number
  readonly head: { readonly index: number; readonly hash: Hash } | null
  readonly checkpoints: number
  readonly signaturesChecked: number
  readonly sums: JournalSums
  readonly firstBad: BadLineReport | null
  readonly equivocations: readonly Equivocation[]
  /** Of the other copy; absent where none was given. */
  readonly against?: {
    readonly entries: number
    readonly firstBad: BadLineReport | null
    readonly fork: JournalFork
  }
}

/**
 * Verifies a copy of a journal from its lines alone: recomputes the chain, replays every event, checks sums and invariants, checkpoints and their
 * signatures. Its memory grows by the hashes of the entries and the state of the machine.
 */
export async function verifyJournal<State, Event, Effect>(
  lines: AsyncIterable<string>,
  init: VerifyInit<State, Event, Effect>,
): Promise<JournalVerification> {
  const copy = await readCopy(lines, init)
  const other = init.against === undefined ? undefined : await readCopy(init.against, init)
  const equivocations = findEquivocations(copy, other)
  const fork = other === undefined ? undefined : findFork(copy, other)
  const isApart = fork !== undefined && fork.kind === 'forked'
  return {
    ok: copy.firstBad === null && (other?.firstBad ?? null) === null && equivocations.length === 0 && !isApart,
    entries: copy.hashes.length,
    head: copy.head,
    checkpoints: copy.checkpoints.length,
    signaturesChecked: copy.signaturesChecked,
    sums: copy.sums,
    firstBad: copy.firstBad,
    equivocations,
    ...(other !== undefined &&
      fork !== undefined && { against: { entries: other.hashes.length, firstBad: other.firstBad, fork } }),
  }
}

/** What a copy holds, up to its first bad line. */
export type JournalCopy = {
  /** Of every entry. */
  readonly hashes: readonly Hash[]
  /** Signed ones, those of the bad line included where only its content is wrong. */
  readonly checkpoints: readonly SignedCheckpoint[]
  readonly head: { readonly index: number; readonly hash: Hash } | null
  readonly signaturesChecked: number
  readonly sums: JournalSums
  readonly firstBad: BadLineReport | null
}

async function readCopy<State, Event, Effect>(
  lines: AsyncIterable<string>,
  init: VerifyInit<State, Event, Effect>,
): Promise<JournalCopy> {
  const { journaled, verify, name, digest, signers } = init
  const reader = new JournalReader<State, Event, Effect>({ journaled, name, verify, digest })
  const hashes: Hash[] = []
  const checkpoints: SignedCheckpoint[] = []
  let firstBad: BadLineReport | null = null
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
    else if (read.kind === 'beginning' && read.signed === undefined) hashes.push(...read.hashes)
    else if (read.signed !== undefined && signers !== undefined && !signers.includes(read.signed.checkpoint.signer)) {
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
    head: hash === undefined ? null : { index: hashes.length - 1, hash },
    signaturesChecked: checkpoints.length,
    sums: journaled.sumsOf(reader.state),
    firstBad,
  }
}
