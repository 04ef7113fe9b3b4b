/**
 * From the receipts that the parties of a contract signed to the event that the books of reputation take. A receipt counts only for what the notary set
 * certified, and only where something was held.
 *
 * @see protocol/spec/reputation.md#messages
 */
import type { Timestamp } from '../../base/time.ts'
import {
  type CertifiedEnding,
  refuseReceipt,
  type ReputationMessageRefusal,
} from '../../core/reputation/certified-ending.ts'
import type { ReputationEvent } from '../../core/reputation/reputation-machine.ts'
import { reputationReceiptHash, type ReputationReceipt } from '../../core/reputation/reputation-receipt.ts'
import type { Authenticated } from './authenticate.ts'

/** What one or two signed receipts of a contract are to the books of reputation: one event, or a code that says why they are none. */
export type ReputationReading =
  | { readonly kind: 'event'; readonly event: ReputationEvent }
  | { readonly kind: 'refused'; readonly code: ReputationMessageRefusal }

/** What receipts must agree with before they count, and when they came. */
export type ReputationReadingInit = {
  /** Read from certificates that were verified. */
  readonly ending: CertifiedEnding
  /** Stamp of the event. */
  readonly at: Timestamp
}

/** The event of one or two authenticated receipts of one contract; never throws. */
export function readReputationReceipts(
  messages: readonly Authenticated[],
  { ending, at }: ReputationReadingInit,
): ReputationReading {
  let receipt: ReputationReceipt | undefined
  let payerSigned: Authenticated['evidence'] | undefined
  let workerSigned: Authenticated['evidence'] | undefined
  for (const { envelope, evidence } of messages) {
    if (envelope.type !== 'reputation-receipt') return refused('REPUTATION_TYPE_UNKNOWN')
    const { body } = envelope
    if (receipt !== undefined && reputationReceiptHash(receipt) !== reputationReceiptHash(body))
      return refused('REPUTATION_BODIES_DIFFERENT')
    receipt = body
    if (evidence.iss !== body.payer && evidence.iss !== body.worker) return refused('REPUTATION_SIGNER_WRONG')
    if ((evidence.iss === body.payer ? payerSigned : workerSigned) !== undefined)
      return refused('REPUTATION_TYPE_UNKNOWN')
    if (evidence.iss === body.payer) payerSigned = evidence
    else workerSigned = evidence
  }
  if (receipt === undefined) return refused('REPUTATION_TYPE_UNKNOWN')
  const code = refuseReceipt(receipt, ending)
  if (code !== undefined) return refused(code)
  const { certificate } = ending
  return { kind: 'event', event: { type: 'receipt-presented', receipt, payerSigned, workerSigned, certificate, at } }
}

function refused(code: ReputationMessageRefusal): ReputationReading {
  return { kind: 'refused', code }
}
