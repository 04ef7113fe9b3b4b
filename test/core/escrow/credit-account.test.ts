import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { creditBeginning, creditSettlement } from '../../../src/core/escrow/credit-account.ts'
import type { ContractId, Did, Hash } from '../../../src/core/evidence/names.ts'
import type { Currency } from '../../../src/core/ledger/ledger-names.ts'

const pair = {
  payer: 'did:key:zPayer' as Did,
  worker: 'did:key:zWorker' as Did,
  currency: 'IOU@did:key:zPayer' as Currency,
}
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('the head of an account in C1', () => {
  it('begins with the pair and its currency, and nothing else', () => {
    expect(creditBeginning(pair)).toBe(
      sha256(
        'kernell/credit-account/v1\0{"currency":"IOU@did:key:zPayer","payer":"did:key:zPayer","worker":"did:key:zWorker"}',
      ),
    )
    expect(creditBeginning({ ...pair, payer: pair.worker, worker: pair.payer })).not.toBe(creditBeginning(pair))
    expect(creditBeginning({ ...pair, currency: 'OWE@did:key:zPayer' as Currency })).not.toBe(creditBeginning(pair))
    // What else is known of the two plays no part.
    expect(creditBeginning(Object.assign({ salt: 'a' }, pair))).toBe(creditBeginning(pair))
  })

  it('moves with each contract, its end and all that was before', () => {
    const accountHead = creditBeginning(pair)
    const one = { accountHead, contract: 'a'.repeat(64) as ContractId, ending: 'b'.repeat(64) as Hash }
    expect(creditSettlement(one)).toBe(
      sha256(
        `kernell/credit-settlement/v1\0{"accountHead":"${accountHead}","contract":"${one.contract}","ending":"${one.ending}"}`,
      ),
    )
    const others = [
      { ...one, accountHead: creditSettlement(one) },
      { ...one, contract: 'c'.repeat(64) as ContractId },
      { ...one, ending: 'c'.repeat(64) as Hash },
    ]
    expect(new Set([one, ...others].map(creditSettlement)).size).toBe(4)
  })
})
