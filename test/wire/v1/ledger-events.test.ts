import { expect, it } from 'vitest'
import { LEDGER_VECTORS } from '../../../scripts/protocol-vectors/ledger-vectors.ts'
import { VECTOR_KEYS } from '../../../scripts/protocol-vectors/vector-kit.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import { formatLedgerEvent, parseLedgerEvent } from '../../../src/core/ledger/ledger-codec.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { decodeEnvelope, type Envelope } from '../../../src/wire/v1/envelope.ts'
import { isRotationSigned, readLedgerMessage } from '../../../src/wire/v1/ledger-events.ts'

const AT = timestampFromMs(1_790_000_000_500)

function eventsOfVectors() {
  return LEDGER_VECTORS.vectors().flatMap((vector) => {
    if (vector.kind !== 'accepted') return []
    const decoded = decodeEnvelope(new Uint8Array(Buffer.from(vector.bytes, 'hex')))
    if (decoded.kind === 'refused') throw new Error(decoded.code)
    const { envelope } = decoded
    const { iss, seq, prev } = envelope.head
    const evidence = { envelope: envelope.hash, iss, seq, prev, at: AT }
    return [readLedgerMessage({ kind: 'authenticated', evidence, envelope })]
  })
}

it('makes an event of every message but a checkpoint, which a journal writes and reads', () => {
  const events = eventsOfVectors()
  expect(events.map((event) => event?.type)).toEqual([
    'currency-registered',
    'cap-changed',
    'credits-issued',
    'credits-issued',
    'credits-redeemed',
    'credits-reconciled',
    'credits-reconciled',
    'orders-signed',
    'orders-signed',
    'orders-signed',
    'orders-signed',
    'orders-signed',
    'hash-stamped',
    'currency-registered',
    'key-rotated',
    'key-rotated',
    'account-opened',
    'recovery-requested',
    'recovery-cancelled',
    'recovery-completed',
    undefined,
  ])
  for (const event of events)
    if (event !== undefined) expect(parseLedgerEvent(JSON.parse(formatLedgerEvent(event)))).toEqual(event)
})

it('names accounts by owner, kind and the currency beside the amount', () => {
  const { payer, worker, notary } = VECTOR_KEYS
  const chain = eventsOfVectors()[8]
  const currency = `USD@${notary.did}`
  expect(chain).toMatchObject({
    iss: payer.did,
    at: AT,
    orders: [
      {
        kind: 'post',
        isLinked: true,
        contract: undefined,
        reference: 'invoice 7',
        debit: `${payer.did}/available/${currency}`,
        credit: `${worker.did}/available/${currency}`,
        amount: 1_500_000_000n,
      },
      { kind: 'hold', isLinked: false, reference: undefined, expiresAt: 1_790_000_100_000 },
    ],
  })
})

it('takes a rotation that the new key has signed for this very key, and no other', () => {
  const { payer, worker } = VECTOR_KEYS
  const [rotation] = LEDGER_VECTORS.vectors().filter(({ name }) => name === 'a rotated key')
  if (rotation?.kind !== 'accepted') throw new Error('There is a vector of a rotation')
  const decoded = decodeEnvelope(new Uint8Array(Buffer.from(rotation.bytes, 'hex')))
  if (decoded.kind === 'refused') throw new Error(decoded.code)
  const { envelope } = decoded
  const verify = verifySignatureWith(createNodeVerifier())
  const [head, { body }] = [envelope.head, envelope as Extract<Envelope, { type: 'ledger-key-rotate' }>]
  const forms: readonly Envelope[] = [
    envelope,
    { ...envelope, head: { ...head, iss: worker.did } },
    { ...envelope, type: 'ledger-key-rotate', body: { ...body, key: payer.did } },
    { ...envelope, type: 'ledger-key-rotate', body: { ...body, signature: envelope.signature } },
  ]
  expect(forms.map((form) => isRotationSigned(form, verify))).toEqual([true, false, false, false])
})
