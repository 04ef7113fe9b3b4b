/**
 * What a notary set answers to an envelope, as one canonical document. A *transition* says what the envelope came to in its contract, with the certificate of the
 * set over it; a *statement* says that it changed nothing, and is signed by members one by one. Who has the set's document needs nothing else to check either.
 *
 * ```text
 * {"certificate":{...},"set":"<hash>","transition":{"at":...,"contract":"<hash>","effect":"applied","event":"accepted",...},"v":1}
 * {"set":"<hash>","signatures":[...],"statement":{"code":"ESCROW_STATE_WRONG","effect":"refused","message":"<hash>"},"v":1}
 * ```
 *
 * @see protocol/spec/notary.md#receipts
 */
import { z } from 'zod'
import type { Sha256Hex } from '../../base/sha256.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import { type Certificate, refuseCertificate } from '../../core/notary/certificate.ts'
import type { NotaryRefusalCode } from '../../core/notary/notary-codes.ts'
import { FAULTS_MAX, honestShareOf, type NotarySet } from '../../core/notary/notary-set.ts'
import type { MemberSignature, VerifyStatement } from '../../core/notary/statement.ts'
import { canonicalText, CANONICAL_LIMITS, readCanonical } from './canonical.ts'
import { COUNT, HASH, SIGNATURE } from './fields.ts'
import { NOTARY_CERTIFICATE } from './notary-messages.ts'
import { CODE, TRANSITION, type Transition } from './notary-transition.ts'
import { certificateText, transitionText } from './receipt-text.ts'
import { hashOfText, signingBytes } from './signing-bytes.ts'

/** Nothing changed, and no stamp stands in it, so that members who say the same sign the same. `exists` when what it asks for stood already, `refused` with a code. */
export const NOTARY_STATEMENT = z.strictObject({
  /** Hash of the envelope; of the bytes, where they are none. */
  message: HASH,
  effect: z.enum(['exists', 'refused']),
  code: CODE.optional(),
})

export type NotaryStatement = z.input<typeof NOTARY_STATEMENT>

const MEMBERS_MAX = 3 * FAULTS_MAX + 1

const SIGNED_STATEMENT = z.strictObject({
  v: z.literal(1),
  set: HASH,
  statement: NOTARY_STATEMENT,
  signatures: z
    .array(z.strictObject({ member: COUNT, signature: SIGNATURE }))
    .min(1)
    .max(MEMBERS_MAX),
})
const CERTIFIED = z.strictObject({
  v: z.literal(1),
  set: HASH,
  transition: TRANSITION,
  certificate: NOTARY_CERTIFICATE,
})

export const NOTARY_RECEIPT = z.union([CERTIFIED, SIGNED_STATEMENT])

export type NotaryReceipt =
  | { readonly kind: 'transition'; readonly transition: Transition; readonly certificate: Certificate }
  | {
      readonly kind: 'statement'
      readonly statement: NotaryStatement
      readonly signatures: readonly MemberSignature[]
    }

/** Bytes of a receipt at most: a certificate of a set of 100 fits. */
export const RECEIPT_BYTES_MAX = 32_768

const TRANSITION_DOMAIN = 'kernell/notary/transition/v1\u0000'

/** What a certificate commits to. */
export function hashOfTransition(transition: Transition, hash?: Sha256Hex): Hash {
  return hashOfText(TRANSITION_DOMAIN + transitionText(transition), hash)
}

/** What a member signs of a statement; the set stands in it, so that it is nobody else's. */
export function statementSigningBytes(set: Hash, statement: NotaryStatement, hash?: Sha256Hex): Uint8Array {
  return signingBytes('notary-statement', hashOfText(canonicalText({ set, statement }), hash))
}

/** The canonical text of a receipt. */
export function formatReceipt(set: Hash, receipt: NotaryReceipt): string {
  if (receipt.kind === 'transition') {
    const { transition, certificate } = receipt
    return `{"certificate":${certificateText(certificate)},"set":"${set}","transition":${transitionText(transition)},"v":1}`
  }
  const { statement, signatures } = receipt
  return canonicalText({ v: 1, set, statement, signatures })
}

/** Reads what `formatReceipt` wrote; `undefined` for anything else. Signatures are not looked at. Never throws. */
export function readReceipt(bytes: Uint8Array): { readonly set: Hash; readonly receipt: NotaryReceipt } | undefined {
  const reading = readCanonical(bytes, { ...CANONICAL_LIMITS, bytesMax: RECEIPT_BYTES_MAX })
  if (reading.kind === 'refused') return undefined
  const certified = CERTIFIED.safeParse(reading.value)
  if (certified.success) {
    const { set, certificate } = certified.data
    const transition = (reading.value as { readonly transition: Transition }).transition
    return { set, receipt: { kind: 'transition', transition, certificate } }
  }
  const signed = SIGNED_STATEMENT.safeParse(reading.value)
  if (!signed.success) return undefined
  const { set, statement, signatures } = signed.data
  return { set, receipt: { kind: 'statement', statement, signatures } }
}

/**
 * Why a receipt is not the set's word about a message; `undefined` when it is. A statement needs `f + 1` members, of which one at least is honest; a transition its
 * certificate: `NOTARY_CERTIFICATE_SET`, `_PATH`, `_SHORT` or `_SIGNATURE`.
 */
export function refuseReceipt(
  set: NotarySet,
  { message, receipt }: { readonly message: Hash | undefined; readonly receipt: NotaryReceipt },
  verify: VerifyStatement,
): NotaryRefusalCode | undefined {
  if (receipt.kind === 'transition') {
    const { transition, certificate } = receipt
    const isAbout =
      (message === undefined || certificate.message === message) &&
      certificate.message === transition.message &&
      certificate.contract === transition.contract &&
      certificate.seq === transition.seq &&
      certificate.at === transition.at &&
      certificate.transitionHash === hashOfTransition(transition)
    return isAbout ? refuseCertificate(set, certificate, verify) : 'NOTARY_CERTIFICATE_PATH'
  }
  if (message !== undefined && receipt.statement.message !== message) return 'NOTARY_CERTIFICATE_PATH'
  const bytes = statementSigningBytes(set.id, receipt.statement)
  const signers = new Set<number>()
  for (const { member, signature } of receipt.signatures) {
    const key: Did | undefined = set.members[member]?.key
    if (key === undefined || signers.has(member)) return 'NOTARY_MEMBER_UNKNOWN'
    if (!verify({ key, bytes, signature })) return 'NOTARY_CERTIFICATE_SIGNATURE'
    signers.add(member)
  }
  return signers.size >= honestShareOf(set) ? undefined : 'NOTARY_CERTIFICATE_SHORT'
}
