import { amountFromNanos } from '../../../src/base/money.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { Evidence } from '../../../src/core/evidence/evidence.ts'
import {
  type ContractId,
  type Did,
  type Hash,
  parseContractId,
  parseDid,
  parseHash,
} from '../../../src/core/evidence/names.ts'
import { type Currency, parseCurrency } from '../../../src/core/ledger/ledger-names.ts'
import type { ReputationEvent } from '../../../src/core/reputation/reputation-machine.ts'
import { REPUTATION_POLICY_DEFAULTS, type ReputationPolicy } from '../../../src/core/reputation/reputation-policy.ts'
import { type ReputationReceipt, reputationReceiptHash } from '../../../src/core/reputation/reputation-receipt.ts'

const DIGITS = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new TypeError('a fixture does not parse')
  return value
}

/** A DID of the right shape; numbers ascend as DIDs do, up to 58^3. */
export function didOf(number: number): Did {
  const digits = [3364, 58, 1].map((unit) => DIGITS[Math.floor(number / unit) % 58] ?? '1').join('')
  return given(parseDid(`did:key:z6Mk${digits.padEnd(44, '1')}`))
}

export function hashOf(text: string): Hash {
  return given(parseHash(sha256Hex(text)))
}

export function contractOf(text: string): ContractId {
  return given(parseContractId(sha256Hex(text)))
}

export const CREDITS: Currency = given(parseCurrency(`USD@${didOf(9_000)}`))

/** One credit of value is one unit of evidence; an epoch is 1,000 ms. */
export const POLICY: ReputationPolicy = {
  ...REPUTATION_POLICY_DEFAULTS,
  unitNanos: new Map([[CREDITS, amountFromNanos(1_000_000_000n)]]),
  epochMs: 1_000 as ReputationPolicy['epochMs'],
  epochsKept: 10,
  forgettingPpm: 500_000n,
}

export type ReceiptInit = Partial<Omit<ReputationReceipt, 'contract' | 'payer' | 'worker'>> & {
  readonly name: string
  readonly payer: number
  readonly worker: number
  readonly credits?: number
}

/** An accepted contract of one credit that ended at 500 ms, unless told otherwise; each party has a purse of its own. */
export function receiptOf({ name, payer, worker, credits = 1, ...rest }: ReceiptInit): ReputationReceipt {
  const value = amountFromNanos(BigInt(Math.round(credits * 1_000)) * 1_000_000n)
  return {
    contract: contractOf(name),
    payer: didOf(payer),
    worker: didOf(worker),
    payerSource: hashOf(`purse ${payer}`),
    workerSource: hashOf(`purse ${worker}`),
    currency: CREDITS,
    heldNanos: value,
    workerNanos: value,
    cause: 'accepted',
    fault: 'none',
    heldAt: timestampFromMs(100),
    endedAt: timestampFromMs(500),
    ...rest,
  }
}

export function signedBy(iss: Did, what: string, at: number): Evidence {
  return { envelope: hashOf(`${iss} ${what}`), iss, seq: 0, prev: undefined, at: timestampFromMs(at) }
}

export function presented(
  receipt: ReputationReceipt,
  at = 900,
): Extract<ReputationEvent, { type: 'receipt-presented' }> {
  const hash = reputationReceiptHash(receipt)
  return {
    type: 'receipt-presented',
    receipt,
    payerSigned: signedBy(receipt.payer, hash, at),
    workerSigned: signedBy(receipt.worker, hash, at),
    certificate: hashOf(`certificate ${receipt.contract}`),
    at: timestampFromMs(at),
  }
}
