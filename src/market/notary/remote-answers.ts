import { canonicalJson } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import { firstSetOf, keysOf, type SetLineage } from '../../core/notary/set-lineage.ts'
import type { VerifyStatement } from '../../core/notary/statement.ts'
import { encodeSignature, signerOfKey } from '../../wire/v1/checkpoint.ts'
import { type JournalProof, readJournalProof } from '../../wire/v1/journal-proofs.ts'
import { nameJournal } from '../ledger/journal-line.ts'
import { faultOfProof } from '../ledger/verify-proof.ts'
import { journalWordsOf } from './books/journaled-books.ts'

/** A proof that a member of the set has signed, or of one that kept the log before. Throws `NOTARY_ANSWER_WRONG` for anything else. */
export function readProof(
  answer: unknown,
  { lineage, verify }: { readonly lineage: SetLineage; readonly verify: VerifyStatement },
): JournalProof {
  const read = readJournalProof(answer)
  const fault =
    read &&
    faultOfProof(read, {
      verify: ({ publicKeyHex, bytes, signature }) =>
        verify({ key: signerOfKey(publicKeyHex), bytes, signature: encodeSignature(signature) }),
      signers: lineage.set.members.map(({ key }) => key),
      retired: keysOf(lineage),
      name: nameJournal(journalWordsOf(firstSetOf(lineage))),
    })
  if (read !== undefined && fault === undefined) return read
  throw new CodedError('NOTARY_ANSWER_WRONG', { message: `A proof does not hold (${fault ?? 'malformed'})` })
}

/** What members have to say alike: each quorum has its own signatures. */
export function withoutCertificate(value: unknown): string {
  const isView = typeof value === 'object' && value !== null && 'certificate' in value
  return canonicalJson(isView ? { ...value, certificate: null } : value)
}

export function wrong(member: number, what: string): CodedError {
  return new CodedError('NOTARY_ANSWER_WRONG', {
    message: `Member ${member} answered with ${what}`,
    details: { member },
  })
}

export function unreachable(set: NotarySet, causes: readonly unknown[]): CodedError {
  // A member that says why it does not answer is worth more than that the others are away.
  const [coded] = causes.filter((cause) => CodedError.is(cause))
  return new CodedError('NOTARY_UNREACHABLE', {
    message: `${causes.length} of ${set.members.length} members did not answer`,
    cause: coded ?? causes[0],
  })
}
