import { custodyLabelOf } from '../core/escrow/escrow-terms.ts'
import { parseDid } from '../core/evidence/names.ts'
import { NOTARY_REFUSALS, type NotaryRefusalCode } from '../core/notary/notary-codes.ts'
import { createNotarySet, type NotaryMember, type NotarySet, quorumOf } from '../core/notary/notary-set.ts'
import { splitPeerAddress } from '../wire/v1/peer-address.ts'
import { parsePeerName } from '../wire/v1/peer-id.ts'

export type NotarySetText = {
  /** `ID@MULTIADDR` each, where ID is a DID or a peer id; the address may end with `/p2p/ID` as well. */
  readonly members: readonly string[]
  readonly f: number
  readonly epoch: number
}

export type NotarySetMade =
  | { readonly kind: 'made'; readonly set: NotarySet; readonly quorum: number; readonly custody: string }
  /** A text is no `ID@MULTIADDR`. */
  | { readonly kind: 'unreadable'; readonly member: string }
  /** The address names another node than the key. */
  | { readonly kind: 'of-another'; readonly member: string }
  | { readonly kind: 'refused'; readonly code: NotaryRefusalCode; readonly cause: string; readonly remedy: string }

/** The document of a notary set from what a person writes, or why there is none. */
export function makeNotarySet({ members, f, epoch }: NotarySetText): NotarySetMade {
  const read: NotaryMember[] = []
  for (const member of members) {
    const at = member.indexOf('@')
    const text = member.slice(0, Math.max(0, at))
    const key = parseDid(text) ?? parsePeerName(text)
    if (key === undefined) return { kind: 'unreadable', member }
    const { address, name } = splitPeerAddress(member.slice(at + 1))
    if (name !== undefined && parsePeerName(name) !== key) return { kind: 'of-another', member }
    read.push({ key, address })
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
