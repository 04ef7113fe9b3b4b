import { describe, expect, test } from 'vitest'
import {
  escrowSamples,
  SAMPLE_CONTRACT,
  SAMPLE_TERMS,
  signAll,
} from '../../../scripts/protocol-vectors/escrow-samples.ts'
import type { FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { rawEnvelope, VECTOR_CONTEXT, VECTOR_HEAD, VECTOR_KEYS } from '../../../scripts/protocol-vectors/vector-kit.ts'
import type { DurationMs, Timestamp } from '../../../src/base/time.ts'
import { BOOKS_MACHINE, contractOf } from '../../../src/core/books/books-machine.ts'
import type { BooksEvent } from '../../../src/core/books/books-state.ts'
import { DEFAULT_ESCROW_RULES } from '../../../src/core/escrow/escrow-rules.ts'
import { RECEIPT_KINDS } from '../../../src/core/escrow/escrow-effect.ts'
import { parseTransferId } from '../../../src/core/ledger/ledger-names.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { type Authenticated, authenticate } from '../../../src/wire/v1/authenticate.ts'
import type { Audience } from '../../../src/wire/v1/envelope-head.ts'
import { decodeEnvelope } from '../../../src/wire/v1/envelope.ts'
import { canonicalBytes } from '../../../src/wire/v1/canonical.ts'
import {
  type EscrowReading,
  readEscrowMessage,
  receiptMessage,
  statementBytes,
  voucherHash,
} from '../../../src/wire/v1/escrow-events.ts'
import { ESCROW_MESSAGES, type EscrowMessageType } from '../../../src/wire/v1/escrow-messages.ts'
import { bodyOfTerms, contractIdOf } from '../../../src/wire/v1/escrow-terms.ts'
import { isMessageType, MESSAGES } from '../../../src/wire/v1/message-types.ts'
import { z } from 'zod'

const verify = verifySignatureWith(createNodeVerifier())
const NOW = VECTOR_CONTEXT.now as Timestamp
const { payer, worker, notary } = VECTOR_KEYS

/** Through bytes, as a notary receives it. */
function received(envelope: unknown): Authenticated {
  const decoded = decodeEnvelope(canonicalBytes(envelope))
  if (decoded.kind === 'refused') throw new TypeError(`${decoded.code} ${decoded.reason ?? ''}`)
  const done = authenticate(decoded.envelope, {
    verify,
    now: NOW,
    clockSkewMs: VECTOR_CONTEXT.clockSkewMs as DurationMs,
    audience: VECTOR_CONTEXT.audience as readonly Audience[],
    network: VECTOR_CONTEXT.network,
  })
  if (done.kind === 'refused') throw new TypeError(done.code)
  return done
}

/** The wire form of a sample's body. */
function wireBody(type: EscrowMessageType, body: unknown): unknown {
  return z.encode(ESCROW_MESSAGES[type] as z.ZodType, body)
}

function read(
  type: EscrowMessageType,
  changes: { readonly body?: unknown; readonly head?: Readonly<Record<string, unknown>>; readonly key?: FixedKey } = {},
): EscrowReading {
  const sample = escrowSamples()[type]
  const body = changes.body ?? wireBody(type, sample.body)
  const head = { type, contract: SAMPLE_CONTRACT, ...changes.head }
  return readEscrowMessage(received(rawEnvelope(body, head, changes.key ?? sample.key)), {
    verify,
    terms: SAMPLE_TERMS,
  })
}

function eventOf(reading: EscrowReading): BooksEvent {
  if (reading.kind === 'refused') throw new TypeError(reading.code)
  return reading.event
}

describe('messages about contracts', () => {
  test('every request is an event', () => {
    const requests = Object.keys(ESCROW_MESSAGES).filter((type) => !type.endsWith('-receipt')) as EscrowMessageType[]
    const types = requests.map((type) => {
      const event = eventOf(read(type))
      return event.type === 'message-received' ? event.message.type : event.type
    })
    expect(types).toEqual([
      'offered',
      'withdrawn',
      'awarded',
      'contract-signed',
      'hold-requested',
      'started',
      'voucher-signed',
      'beat-sent',
      'delivered',
      'accepted',
      'rejected',
      'disputed',
      'evidence-added',
      'ruled',
      'cancelled',
      'settle-requested',
      'timer-fired',
      'refund-requested',
    ])
  })

  test('an offer carries its terms, its end and its evidence', () => {
    const event = eventOf(read('escrow-offer'))
    expect(event).toEqual({
      type: 'message-received',
      contract: SAMPLE_CONTRACT,
      terms: SAMPLE_TERMS,
      message: {
        type: 'offered',
        envelope: expect.stringMatching(/^[0-9a-f]{64}$/),
        iss: payer.did,
        seq: 0,
        prev: undefined,
        at: NOW,
        expiresAt: VECTOR_HEAD.exp,
      },
    })
  })

  test('receipts are no events', () => {
    for (const kind of RECEIPT_KINDS)
      expect(read(`escrow-${kind}-receipt`)).toEqual({ kind: 'refused', code: 'ESCROW_TYPE_UNKNOWN' })
  })

  test('terms have one id, with and without a credit line', () => {
    const credit = {
      limitNanos: SAMPLE_TERMS.maxNanos,
      owedNanos: 0n as typeof SAMPLE_TERMS.maxNanos,
      accountHead: SAMPLE_TERMS.taskHash,
    }
    expect(contractIdOf(SAMPLE_TERMS)).toBe(SAMPLE_CONTRACT)
    expect(contractIdOf({ ...SAMPLE_TERMS, credit })).not.toBe(SAMPLE_CONTRACT)
    expect(contractIdOf({ ...SAMPLE_TERMS, salt: 'BAECAwQFBgcICQoLDA0ODw' })).not.toBe(SAMPLE_CONTRACT)
  })

  test('a receipt of the machine is a message', () => {
    for (const kind of RECEIPT_KINDS) {
      const message = receiptMessage({
        kind,
        contract: SAMPLE_CONTRACT,
        at: NOW,
        envelope: SAMPLE_TERMS.taskHash,
        currency: SAMPLE_TERMS.currency,
        capturedNanos: SAMPLE_TERMS.maxNanos,
        feeNanos: SAMPLE_TERMS.fees.capNanos,
        refundedNanos: SAMPLE_TERMS.fees.flatNanos,
        subject: undefined,
      })
      expect(isMessageType(message.type)).toBe(true)
      expect(() => z.encode(MESSAGES[message.type], message.body)).not.toThrow()
    }
  })
})

describe('refusals of messages', () => {
  const voucher = escrowSamples()['escrow-voucher'].body
  const wire = wireBody('escrow-voucher', voucher) as {
    statement: Record<string, unknown>
    signatures: { iss: string; signature: string }[]
  }

  test('no contract', () => {
    expect(read('escrow-start', { head: { contract: undefined } })).toEqual({
      kind: 'refused',
      code: 'ESCROW_CONTRACT_MISSING',
    })
  })

  test('a statement about another contract', () => {
    const statement = { ...wire.statement, contract: 'ab'.repeat(32) }
    expect(read('escrow-voucher', { body: { ...wire, statement } })).toEqual({
      kind: 'refused',
      code: 'ESCROW_CONTRACT_MISSING',
    })
  })

  test('terms that are not those of the contract', () => {
    const terms = { ...bodyOfTerms(SAMPLE_TERMS), maxNanos: '1000000001' }
    expect(read('escrow-offer', { body: { terms } })).toEqual({ kind: 'refused', code: 'ESCROW_CONTRACT_HASH' })
  })

  test('terms for another network: what was signed on one is nothing on another', () => {
    const terms = { ...SAMPLE_TERMS, net: 'elsewhere' }
    const head = { contract: contractIdOf(terms) }
    expect(read('escrow-offer', { body: { terms: bodyOfTerms(terms) }, head })).toEqual({
      kind: 'refused',
      code: 'ESCROW_NETWORK_WRONG',
    })
  })

  test('another currency, alone and in a joint statement', () => {
    const currency = `EUR@${notary.did}`
    expect(read('escrow-accept', { body: { amountNanos: '1', currency } })).toEqual({
      kind: 'refused',
      code: 'ESCROW_CURRENCY_WRONG',
    })
    const body = { ...wire, statement: { ...wire.statement, currency } }
    expect(read('escrow-voucher', { body })).toEqual({ kind: 'refused', code: 'ESCROW_CURRENCY_WRONG' })
  })

  test('joint signatures that are wrong, for another statement, of another kind, or twice', () => {
    const [first, second] = wire.signatures
    const other = signAll(statementBytes('voucher', voucherHash({ ...voucher.statement, number: 2 })), [payer, worker])
    const asCancel = signAll(statementBytes('cancel', voucherHash(voucher.statement)), [payer, worker])
    const lists = [other, asCancel, [first, first], [first, { ...second, signature: first?.signature }]]
    for (const signatures of lists) {
      expect(read('escrow-voucher', { body: { ...wire, signatures } })).toEqual({
        kind: 'refused',
        code: 'ESCROW_COSIGNATURE_WRONG',
      })
    }
  })

  test('a contract that is signed for another id', () => {
    const signatures = signAll(statementBytes('contract', SAMPLE_TERMS.taskHash), [payer, worker])
    expect(read('escrow-contract', { body: { signatures } })).toEqual({
      kind: 'refused',
      code: 'ESCROW_COSIGNATURE_WRONG',
    })
  })
})

describe('proofs of equivocation', () => {
  function headOf(amountNanos: string, contract: string = SAMPLE_CONTRACT): unknown {
    const body = { amountNanos, currency: SAMPLE_TERMS.currency }
    const {
      body: _body,
      signature,
      ...head
    } = rawEnvelope(body, { type: 'escrow-accept', contract, seq: 3, prev: 'aa'.repeat(32) })
    return { head, signature }
  }

  function proof(first: unknown, second: unknown): EscrowReading {
    const envelope = rawEnvelope({ first, second }, { type: 'equivocation-proof' }, worker)
    return readEscrowMessage(received(envelope), { verify, terms: undefined })
  }

  test('two heads of one place freeze their contract, whoever brings them', () => {
    const event = eventOf(proof(headOf('1'), headOf('2')))
    expect(event).toMatchObject({
      type: 'message-received',
      contract: SAMPLE_CONTRACT,
      message: { type: 'equivocation-proved', iss: worker.did, culprit: payer.did, culpritSeq: 3 },
    })
  })

  test('two heads of one hash, or of two contracts, prove nothing', () => {
    expect(proof(headOf('1'), headOf('1'))).toEqual({ kind: 'refused', code: 'ESCROW_PROOF_WRONG' })
    expect(proof(headOf('1'), headOf('2', 'ab'.repeat(32)))).toEqual({ kind: 'refused', code: 'ESCROW_PROOF_WRONG' })
  })
})

test('a contract goes from offer to settlement through signed bytes alone', () => {
  const { currency } = SAMPLE_TERMS
  let state = BOOKS_MACHINE.initial({ at: NOW, set: SAMPLE_TERMS.notarySet })
  const apply = (event: BooksEvent): void => {
    const step = BOOKS_MACHINE.transition(state, event)
    expect(step.effects.filter(({ type }) => type === 'event-refused')).toEqual([])
    expect(BOOKS_MACHINE.violations(step.state)).toEqual([])
    state = step.state
  }
  const head = { envelope: SAMPLE_TERMS.taskHash, iss: notary.did, prev: undefined, at: NOW }
  apply({ type: 'parameters-published', hash: SAMPLE_TERMS.parametersHash, rules: DEFAULT_ESCROW_RULES, at: NOW })
  const cap = 10_000_000_000n as typeof SAMPLE_TERMS.maxNanos
  apply({
    type: 'ledger-event-received',
    event: {
      ...head,
      type: 'currency-registered',
      seq: 0,
      currency,
      cap,
      recoveryKey: payer.did,
      recoveryDelay: 3_600_000 as DurationMs,
    },
  })
  for (const [index, { did: owner }] of [payer, worker].entries()) {
    const id = parseTransferId(String(index).padStart(32, '0'))
    if (id === undefined) throw new TypeError('unreachable')
    const amount = 2_000_000_000n as typeof SAMPLE_TERMS.maxNanos
    apply({
      type: 'ledger-event-received',
      event: {
        ...head,
        type: 'credits-issued',
        seq: index + 1,
        id,
        owner,
        currency,
        amount,
        reference: `payment ${index}`,
        isConfirmed: true,
      },
    })
  }
  const path: EscrowMessageType[] = [
    'escrow-offer',
    'escrow-award',
    'escrow-contract',
    'escrow-hold-request',
    'escrow-start',
    'escrow-voucher',
    'escrow-delivery',
    'escrow-accept',
  ]
  for (const [seq, type] of path.entries()) {
    const prev = seq === 0 ? undefined : 'aa'.repeat(32)
    apply(eventOf(read(type, { head: { seq, prev, exp: NOW + 60_000 } })))
  }
  expect(contractOf(state, SAMPLE_CONTRACT)).toMatchObject({
    kind: 'SETTLED',
    capturedNanos: 1_000_000_000n,
    feeNanos: 6_000_000n,
  })
})
