import type { Timestamp } from '../../base/time.ts'
import type { Hash } from '../evidence/names.ts'
import type { NotaryRefusalCode } from './notary-codes.ts'
import type { NotarySet } from './notary-set.ts'
import { isQuorum, type MemberSignature, signingBytes, type VerifyStatement } from './statement.ts'

/**
 * One set hands the log to the next: `2f + 1` members of the old one say where it ends. They sign nothing else in their epoch afterwards. The
 * log of the new epoch begins at slot 1, on `state`, with stamps not below `at`.
 */
export type EpochChange = {
  readonly from: Hash
  readonly to: Hash
  /** Of the new set: one more than that of the old. */
  readonly epoch: number
  /** The last certified slot of the old epoch, its block, its stamp, and the application's state behind it. */
  readonly slot: number
  readonly block: Hash
  readonly at: Timestamp
  readonly state: Hash
  readonly signatures: readonly MemberSignature[]
}

/** The bytes that members of the old set sign: `"kernell/notary/epoch/v1\0" || SHA-256(canonical JSON)`. */
export function bytesOfEpochChange({
  from,
  to,
  epoch,
  slot,
  block,
  at,
  state,
}: Omit<EpochChange, 'signatures'>): Uint8Array {
  return signingBytes('epoch', { at, block, epoch, from, slot, state, to })
}

/** `undefined` when the change leads from one set to the other; else `NOTARY_SET_ID`, `NOTARY_SET_EPOCH`, `NOTARY_CERTIFICATE_SHORT`, `_SIGNATURE`. */
export function refuseEpochChange(
  change: EpochChange,
  { from, to, verify }: { from: NotarySet; to: NotarySet; verify: VerifyStatement },
): NotaryRefusalCode | undefined {
  if (change.from !== from.id || change.to !== to.id) return 'NOTARY_SET_ID'
  if (change.epoch !== to.epoch || to.epoch !== from.epoch + 1) return 'NOTARY_SET_EPOCH'
  if (!isQuorum(from, change)) return 'NOTARY_CERTIFICATE_SHORT'
  const bytes = bytesOfEpochChange(change)
  const isSigned = change.signatures.every(({ member, signature }) => {
    const key = from.members[member]?.key
    return key !== undefined && verify({ key, bytes, signature })
  })
  return isSigned ? undefined : 'NOTARY_CERTIFICATE_SIGNATURE'
}
