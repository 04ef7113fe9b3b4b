import { custodyLabelOf } from '../core/escrow/escrow-terms.ts'
import { parseDid } from '../core/evidence/names.ts'
import { NOTARY_REFUSALS, type NotaryRefusalCode } from '../core/notary/notary-codes.ts'
import { createNotarySet, type NotaryMember, type NotarySet, quorumOf } from '../core/notary/notary-set.ts'

export type NotarySetText = {
  /** `DID@MULTIADDR` each. */
  readonly members: readonly string[]
  readonly f: number
  readonly epoch: number
}

export type NotarySetMade =
  | { readonly kind: 'made'; readonly set: NotarySet; readonly quorum: number; readonly custody: string }
  /** A text is no `DID@MULTIADDR`. */
  | { readonly kind: 'unreadable'; readonly member: string }
  | { readonly kind: 'refused'; readonly code: NotaryRefusalCode; readonly cause: string; readonly remedy: string }

/** The document of a notary set from what a person writes, or why there is none. */
export function makeNotarySet({ members, f, epoch }: NotarySetText): NotarySetMade {
  const read: NotaryMember[] = []
  for (const member of members) {
    const at = member.indexOf('@')
    const key = parseDid(member.slice(0, Math.max(0, at)))
    if (key === undefined) return { kind: 'unreadable', member }
    read.push({ key, address: member.slice(at + 1) })
  }
  const made = createNotarySet({ epoch, members: read, f })
  if (made.kind === 'refused') return { kind: 'refused', code: made.code, ...NOTARY_REFUSALS[made.code] }
  return {
    kind: 'made',
    set: made.set,
    quorum: quorumOf(made.set),
    custody: custodyLabelOf('C2', made.set.members.length),
  }
}
