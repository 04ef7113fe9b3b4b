import type { Amount } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import type { EscrowFault, SettlementCause } from '../escrow/escrow-state.ts'
import type { CustodyModel } from '../escrow/escrow-terms.ts'
import type { ContractId, Did, Hash } from '../evidence/names.ts'
import type { Currency } from '../ledger/ledger-names.ts'
import type { ReputationReceipt } from './reputation-receipt.ts'

/** What the notary set's certificates say of a contract that was held and has ended: all of a receipt but where the parties' deposits came from. */
export type CertifiedEnding = {
  /** Hash of the certificate of the terminal transition. */
  readonly certificate: Hash
  readonly custody: CustodyModel
  readonly contract: ContractId
  readonly payer: Did
  readonly worker: Did
  readonly currency: Currency
  readonly heldNanos: Amount
  /** Captured less refunded. */
  readonly workerNanos: Amount
  readonly cause: SettlementCause
  readonly fault: EscrowFault
  readonly heldAt: Timestamp
  readonly endedAt: Timestamp
}

/** Why a receipt is not presented to the books of reputation, each with one sentence of cause and one of remedy. Nothing was changed. */
export const REPUTATION_MESSAGE_REFUSALS = {
  REPUTATION_TYPE_UNKNOWN: {
    cause: 'A message is no receipt of reputation, or there are none, or more than one of each party.',
    remedy: 'Present the receipt as the payer signed it, as the worker signed it, or both.',
  },
  REPUTATION_SIGNER_WRONG: {
    cause: 'A receipt is signed by neither party of its contract.',
    remedy: 'Let payer and worker sign the receipt.',
  },
  REPUTATION_BODIES_DIFFERENT: {
    cause: 'Payer and worker signed different receipts.',
    remedy: 'Present the one that the certificate confirms, with the signature of whoever signed it.',
  },
  REPUTATION_ENDING_DIFFERENT: {
    cause: 'The receipt says something else than the certificate of the terminal transition.',
    remedy: 'Sign what the notary set certified.',
  },
  REPUTATION_CUSTODY_CREDIT: {
    cause:
      'The contract was bilateral credit, where nothing was held: two keys of one owner could make as many as they like.',
    remedy: 'Nothing is to be done: reputation comes from contracts whose price was held.',
  },
} as const

export type ReputationMessageRefusal = keyof typeof REPUTATION_MESSAGE_REFUSALS

/** Members that receipt and certificates share. */
const CERTIFIED = [
  'contract',
  'payer',
  'worker',
  'currency',
  'heldNanos',
  'workerNanos',
  'cause',
  'fault',
  'heldAt',
  'endedAt',
] as const satisfies readonly (keyof ReputationReceipt & keyof CertifiedEnding)[]

/** Whether a receipt may count for what the certificates say; `undefined` when it may. */
export function refuseReceipt(
  receipt: ReputationReceipt,
  ending: CertifiedEnding,
): ReputationMessageRefusal | undefined {
  if (ending.custody === 'C1') return 'REPUTATION_CUSTODY_CREDIT'
  return CERTIFIED.every((name) => receipt[name] === ending[name]) ? undefined : 'REPUTATION_ENDING_DIFFERENT'
}

/** The receipt that both parties of a certified ending sign. */
export function receiptOfEnding(
  ending: CertifiedEnding,
  sources: Pick<ReputationReceipt, 'payerSource' | 'workerSource'>,
): ReputationReceipt {
  const { certificate: _certificate, custody: _custody, ...certified } = ending
  return { ...certified, ...sources }
}
