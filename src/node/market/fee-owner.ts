import type { Did } from '../../core/evidence/names.ts'
import type { NotarySetTerms } from '../../core/escrow/escrow-terms.ts'
import { type NotarySet, quorumOf } from '../../core/notary/notary-set.ts'

/** Who owns the account that a set earns into: its first member. Both sides of a contract and whoever verifies the books work it out of the document. */
export function feeOwnerOf({ members }: NotarySet): Did {
  const [first] = members
  if (first === undefined) throw new RangeError('A notary set has a member')
  return first.key
}

/** A set as contracts name it. */
export function termsOfSet(set: NotarySet): NotarySetTerms {
  return { id: set.id, epoch: set.epoch, n: set.members.length, m: quorumOf(set), feeOwner: feeOwnerOf(set) }
}
