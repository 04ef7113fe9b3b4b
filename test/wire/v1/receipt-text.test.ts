import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { timestampFromMs } from '../../../src/base/time.ts'
import { RECEIPT_KINDS } from '../../../src/core/escrow/escrow-effect.ts'
import { ESCROW_STATE_KINDS } from '../../../src/core/escrow/escrow-state.ts'
import type { ContractId, Hash } from '../../../src/core/evidence/names.ts'
import type { Certificate } from '../../../src/core/notary/certificate.ts'
import { canonicalText } from '../../../src/wire/v1/canonical.ts'
import { TRANSITION, type Transition } from '../../../src/wire/v1/notary-transition.ts'
import { certificateText, transitionText } from '../../../src/wire/v1/receipt-text.ts'

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex') as Hash)
const count = fc.nat()
const time = fc.nat().map(timestampFromMs)
const word = fc.constantFrom('accepted', 'contract-signed', 'timer-fired')
const nanos = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)
const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined })

const transitions: fc.Arbitrary<Transition> = fc
  .record({
    contract: hash,
    seq: count,
    previous: hash,
    message: hash,
    at: time,
    event: word,
    effect: fc.constantFrom('applied', 'exists', 'refused'),
    code: maybe(fc.constant('ESCROW_STATE_WRONG')),
    from: maybe(fc.constantFrom(...ESCROW_STATE_KINDS)),
    to: maybe(fc.constantFrom(...ESCROW_STATE_KINDS)),
    edges: fc.array(word, { maxLength: 3 }),
    receipt: maybe(
      fc.record({
        kind: fc.constantFrom(...RECEIPT_KINDS),
        currency: fc.constant(`USD@did:key:z6Mk${'a'.repeat(44)}`),
        capturedNanos: nanos,
        feeNanos: nanos,
        refundedNanos: nanos,
        subject: maybe(hash),
      }),
    ),
  })
  .map((value) => value as Transition)

const certificates: fc.Arbitrary<Certificate> = fc.record({
  set: hash,
  epoch: count,
  view: count,
  slot: count,
  contract: hash as fc.Arbitrary<ContractId>,
  seq: count,
  transitionHash: hash,
  at: time,
  message: hash,
  previous: hash,
  state: hash,
  path: fc.record({ index: count, size: count, hashes: fc.array(hash, { maxLength: 8 }) }),
  signatures: fc.array(fc.record({ member: count, signature: fc.constant('A'.repeat(86)) }), { maxLength: 3 }),
})

describe('texts of receipts', () => {
  it('of a transition are the canonical ones', () => {
    fc.assert(
      fc.property(transitions, (transition) => {
        expect(transitionText(transition)).toBe(canonicalText(transition))
        expect(z.safeDecode(TRANSITION, JSON.parse(transitionText(transition))).success).toBe(true)
      }),
    )
  })

  it('of a certificate are the canonical ones', () => {
    fc.assert(
      fc.property(certificates, (one) => {
        expect(certificateText(one)).toBe(canonicalText(one))
      }),
    )
  })
})
