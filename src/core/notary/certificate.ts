import { assert } from '../../base/assert.ts'
import { type Sha256Hex, sha256Hex } from '../../base/sha256.ts'
import type { Timestamp } from '../../base/time.ts'
import type { ContractId, Hash } from '../evidence/names.ts'
import { type Block, type EntryPath, hashOfEntry, hashOfHeader, pathsOfEntries, rootOfPath } from './block.ts'
import type { NotaryRefusalCode } from './notary-codes.ts'
import type { NotarySet } from './notary-set.ts'
import { isQuorum, type MemberSignature, type VerifyStatement, type VoteQuorum, verifyQuorum } from './statement.ts'

/** A block and the commit votes that made it part of the log. */
export type Decision = { readonly block: Block; readonly quorum: VoteQuorum }

/**
 * The word of a notary set about one message of a contract: it was ordered at this place, with this stamp, and came to this transition. A
 * client accepts nothing less. One signature of a member covers all entries of a block; the path leads from this entry to what was signed.
 */
export type Certificate = {
  readonly set: Hash
  readonly epoch: number
  readonly view: number
  readonly slot: number
  readonly contract: ContractId
  readonly seq: number
  readonly transitionHash: Hash
  readonly at: Timestamp
  /** Hash of the message. */
  readonly message: Hash
  /** The rest of the block's name. */
  readonly previous: Hash
  readonly state: Hash
  readonly path: EntryPath
  readonly signatures: readonly MemberSignature[]
}

/** One certificate for each entry of a decided block, in order. `digest`: a native one, where it runs often. */
export function certificatesOf(
  set: NotarySet,
  { block, quorum }: Decision,
  digest: Sha256Hex = sha256Hex,
): readonly Certificate[] {
  assert(quorum.phase === 'commit' && isQuorum(set, quorum), 'a decision has a quorum of commit votes')
  const paths = pathsOfEntries(block, digest)
  return block.entries.map(({ message, contract, seq, transition }, index) => ({
    set: set.id,
    epoch: set.epoch,
    view: quorum.view,
    slot: block.slot,
    contract,
    seq,
    transitionHash: transition,
    at: block.at,
    message,
    previous: block.previous,
    state: block.state,
    path: paths[index] ?? { index, size: 0, hashes: [] },
    signatures: quorum.signatures,
  }))
}

/** Hash of the block that a certificate is about; `undefined` when its path is none. */
export function blockOfCertificate(certificate: Certificate): Hash | undefined {
  const { at, slot, previous, state, path, contract, message, seq, transitionHash } = certificate
  const root = rootOfPath(hashOfEntry({ contract, message, seq, transition: transitionHash }, at), path)
  return root === undefined ? undefined : hashOfHeader({ at, slot, previous, state, root, size: path.size })
}

/**
 * `undefined` when the certificate holds under this set, else why not: `NOTARY_CERTIFICATE_SET`, `_PATH`, `_SHORT` or `_SIGNATURE`.
 */
export function refuseCertificate(
  set: NotarySet,
  certificate: Certificate,
  verify: VerifyStatement,
): NotaryRefusalCode | undefined {
  if (certificate.set !== set.id || certificate.epoch !== set.epoch) return 'NOTARY_CERTIFICATE_SET'
  const block = blockOfCertificate(certificate)
  if (block === undefined) return 'NOTARY_CERTIFICATE_PATH'
  const { view, slot, signatures } = certificate
  const quorum: VoteQuorum = { phase: 'commit', view, slot, block, signatures }
  if (!isQuorum(set, quorum)) return 'NOTARY_CERTIFICATE_SHORT'
  return verifyQuorum(set, quorum, verify) ? undefined : 'NOTARY_CERTIFICATE_SIGNATURE'
}
