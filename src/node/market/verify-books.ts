import { createHash } from 'node:crypto'
import { timestampFromMs } from '../../base/time.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import type { Sha256 } from '../../core/transparency/merkle-tree.ts'
import { createNodeVerifier } from '../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../keys/verify-signature.ts'
import { journaledLedger } from '../../market/ledger/journaled-machine.ts'
import { type JournalVerification, verifyJournal } from '../../market/ledger/verify-journal.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import { openJournalLines } from './journal-source.ts'

export type { JournalVerification } from '../../market/ledger/verify-journal.ts'

export type VerifyBooksInit = AbortOptions & {
  /** A file that `kernell ledger export` wrote, a data directory, or the folder of a journal. */
  readonly path: string
  /** Whose signatures count; absent: those of any key. */
  readonly set?: NotarySet
  /** Another copy of the same books. */
  readonly against?: string
}

export const nativeSha256: Sha256 = (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest())

/**
 * Checks a copy of the books from its bytes alone, and compares it with another one.
 *
 * Rejects with `STORE_READ_FAILED` where there is nothing to read, and the signal's reason.
 */
export async function verifyBooks({ path, set, against, signal }: VerifyBooksInit): Promise<JournalVerification> {
  return await verifyJournal(await openJournalLines(path), {
    journaled: journaledLedger({ at: timestampFromMs(0) }),
    verify: verifySignatureWith(createNodeVerifier()),
    digest: nativeSha256,
    ...(set !== undefined && { signers: set.members.map(({ key }) => key) }),
    ...(against !== undefined && { against: await openJournalLines(against) }),
    ...(signal !== undefined && { signal }),
  })
}
