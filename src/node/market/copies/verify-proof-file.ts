import { readFile, stat } from 'node:fs/promises'
import { honestShareOf } from '../../../core/notary/notary-set.ts'
import { firstSetOf, keysOf, type SetLineage } from '../../../core/notary/set-lineage.ts'
import { JOURNAL_GAPS, type JournalGap } from '../../../core/transparency/journal-findings.ts'
import { PROOF_FAULTS, type ProofFault } from '../../../core/transparency/proof-faults.ts'
import { createNodeVerifier } from '../../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../../keys/verify-signature.ts'
import { nameJournal } from '../../../market/ledger/journal-line.ts'
import { faultOfProof } from '../../../market/ledger/verify-proof.ts'
import { journalWordsOf } from '../../../market/notary/books/journaled-books.ts'
import { type JournalProof, readJournalProof } from '../../../wire/v1/journal-proofs.ts'
import { PORTABLE_HASHES } from '../../../market/parties/portable-hashes.ts'

/** What `kernell ledger verify` prints of a proof. */
export type ProofVerification = {
  readonly ok: boolean
  readonly proof: JournalProof['kind']
  /** Whose word it is; of a split view, who is convicted. */
  readonly signer: string
  readonly journal: string
  /** Entries that the checkpoint covers; of a split view, where the two part. */
  readonly entries: number
  /** The entry that is proven, or from which number of entries the journal only grew. */
  readonly index?: number
  readonly entryHash?: string
  readonly from?: number
  readonly code: ProofFault | null
  readonly cause?: string
  readonly remedy?: string
  readonly gaps: readonly JournalGap[]
}

/** A proof is a line of a journal at most, with what stands around it. */
const FILE_BYTES_MAX = 33_554_432

/** Checks a proof that a notary gave out, from its bytes alone; `undefined` for a file that is none. Rejects as reading does. */
export async function verifyProofFile(
  path: string,
  set: SetLineage | undefined,
): Promise<ProofVerification | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined || !found.isFile() || found.size > FILE_BYTES_MAX) return undefined
  const read = readJournalProof(parse(await readFile(path, 'utf8')))
  if (read === undefined) return undefined
  const code = faultOfProof(read, {
    verify: verifySignatureWith(createNodeVerifier()),
    digest: PORTABLE_HASHES.ofBytes,
    ...(set !== undefined && {
      signers: set.set.members.map(({ key }) => key),
      retired: keysOf(set),
      name: nameJournal(journalWordsOf(firstSetOf(set)), PORTABLE_HASHES.ofBytes),
    }),
  })
  return {
    ok: code === undefined,
    ...describe(read),
    code: code ?? null,
    ...(code !== undefined && PROOF_FAULTS[code]),
    gaps: gapsOf(read, set),
  }
}

type Described = Pick<ProofVerification, 'proof' | 'signer' | 'journal' | 'entries' | 'index' | 'entryHash' | 'from'>

function describe(read: JournalProof): Described {
  switch (read.kind) {
    case 'split-view': {
      const { signer, journal, checkpoints, entry } = read.proof
      return { proof: read.kind, signer, journal, entries: entry?.index ?? checkpoints[0].checkpoint.entries }
    }
    case 'checkpoint': {
      const { signer, journal, entries } = read.proof.checkpoint
      return { proof: read.kind, signer, journal, entries }
    }
    case 'inclusion': {
      const { index, entryHash, checkpoint } = read.proof
      const { signer, journal, entries } = checkpoint.checkpoint
      return { proof: read.kind, signer, journal, entries, index, entryHash }
    }
    case 'consistency': {
      const { from, checkpoint } = read.proof
      const { signer, journal, entries } = checkpoint.checkpoint
      return { proof: read.kind, signer, journal, entries, from }
    }
  }
}

/** A proof has one signer; whoever is convicted by it has lied, whatever the others do. */
function gapsOf({ kind }: JournalProof, lineage: SetLineage | undefined): readonly JournalGap[] {
  if (lineage === undefined) return ['JOURNAL_SET_UNNAMED']
  return kind === 'split-view' || honestShareOf(lineage.set) === 1 ? [] : ['JOURNAL_SIGNERS_FEW']
}

/** What a gap means, for people. */
export function explainGap(gap: JournalGap): string {
  const { cause, remedy } = JOURNAL_GAPS[gap]
  return `${cause} ${remedy}`
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
