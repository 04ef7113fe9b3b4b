import { signingBytesOfCheckpoint } from '../../src/wire/v1/checkpoint.ts'
import { rotationBytes } from '../../src/wire/v1/ledger-events.ts'
import { LEDGER_MESSAGES, type LedgerMessageType } from '../../src/wire/v1/ledger-messages.ts'
import type { FixedKey } from './fixed-keys.ts'
import type { Vector, VectorArea } from './vector.ts'
import { accepted, rawEnvelope, refused, VECTOR_KEYS } from './vector-kit.ts'

const { payer, worker, notary, arbiter } = VECTOR_KEYS
const CURRENCY = `USD@${notary.did}`
const id = (byte: string): string => byte.repeat(16)

/** Bodies in their written form, one of each type at least, with who signs. */
const BODIES: readonly (readonly [string, LedgerMessageType, unknown, FixedKey])[] = [
  [
    'a currency',
    'ledger-currency-register',
    { currency: CURRENCY, capNanos: '1000000000000', recoveryKey: arbiter.did, recoveryDelayMs: 604_800_000 },
    notary,
  ],
  ['another cap', 'ledger-cap-change', { currency: CURRENCY, capNanos: '18446744073709551615' }, notary],
  ['a confirmed issue', 'ledger-issue', issueOf('5000000000', true), notary],
  ['an unconfirmed issue', 'ledger-issue', issueOf('1', false), notary],
  ['a redemption', 'ledger-redeem', withoutConfirmation(issueOf('2000000000', true)), payer],
  ['a payment that came', 'ledger-reconcile', { id: id('a1'), issue: id('a2'), outcome: 'confirmed' }, notary],
  ['a payment that did not', 'ledger-reconcile', { id: id('a1'), issue: id('a2'), outcome: 'reversed' }, notary],
  ['a transfer', 'ledger-transfer', { orders: [postOf({})] }, payer],
  [
    'a chain of a transfer and a hold',
    'ledger-transfer',
    { orders: [postOf({ isLinked: true, reference: 'invoice 7' }), holdOf()] },
    payer,
  ],
  ['a hold posted in part', 'ledger-transfer', { orders: [postHeldOf()] }, worker],
  [
    'a hold given back',
    'ledger-transfer',
    { orders: [{ kind: 'void-held', id: id('b4'), isLinked: false, heldId: id('b2') }] },
    worker,
  ],
  ['a hold that a third one ends', 'ledger-transfer', { orders: [{ ...holdOf(), agent: arbiter.did }] }, payer],
  ['a stamp', 'ledger-stamp', { hash: 'a5'.repeat(32), currency: CURRENCY }, payer],
  [
    'a currency of an issuer that names no recovery key',
    'ledger-currency-register',
    { currency: CURRENCY, capNanos: '0' },
    notary,
  ],
  ['a rotated key', 'ledger-key-rotate', rotationTo(worker, payer.did, false), payer],
  ['a key that is given up as lost', 'ledger-key-rotate', rotationTo(worker, payer.did, true), payer],
  ['a recovery key', 'ledger-account-open', { recoveryKey: arbiter.did, recoveryDelayMs: 86_400_000 }, payer],
  ['a claim of the recovery key', 'ledger-recovery-request', { owner: payer.did, successor: worker.did }, arbiter],
  ['an objection of the owner', 'ledger-recovery-cancel', { owner: payer.did }, payer],
  ['the end of the delay', 'ledger-recovery-complete', { owner: payer.did }, worker],
  ['a checkpoint', 'ledger-checkpoint', checkpointBody(), worker],
]

/** Messages of the ledger as receivers see them, and bodies that none of them has. */
export const LEDGER_VECTORS: VectorArea = {
  area: 'ledger',
  vectors: () => [
    ...BODIES.map(([name, type, body, key]) => acceptedBody(name, { type, body, key })),
    ...refusedBodies(),
  ],
}

type Body = { readonly type: LedgerMessageType; readonly body: unknown; readonly key: FixedKey }

/** The sender's side starts from values: amounts are bigints there. */
function acceptedBody(name: string, { type, body, key }: Body): Vector {
  const value = LEDGER_MESSAGES[type].parse(body)
  return accepted(name, { type, body: value }, key)
}

function refusedBodies(): readonly Vector[] {
  const order = postOf({})
  const wrong: readonly (readonly [string, LedgerMessageType, unknown])[] = [
    ['an amount as a number', 'ledger-transfer', { orders: [{ ...order, amountNanos: 5 }] }],
    ['an amount with a leading zero', 'ledger-transfer', { orders: [{ ...order, amountNanos: '05' }] }],
    ['an amount above 64 bits', 'ledger-transfer', { orders: [{ ...order, amountNanos: '18446744073709551616' }] }],
    ['a negative amount', 'ledger-transfer', { orders: [{ ...order, amountNanos: '-5' }] }],
    ['an id of another length', 'ledger-transfer', { orders: [{ ...order, id: 'b1' }] }],
    ['an id in upper case', 'ledger-transfer', { orders: [{ ...order, id: id('B1') }] }],
    [
      'a kind of account that there is not',
      'ledger-transfer',
      { orders: [{ ...order, debit: { owner: payer.did, kind: 'cash' } }] },
    ],
    ['a currency without an issuer', 'ledger-transfer', { orders: [{ ...order, currency: 'USD' }] }],
    ['no orders', 'ledger-transfer', { orders: [] }],
    [
      '33 orders',
      'ledger-transfer',
      {
        orders: Array.from({ length: 33 }, () => ({
          kind: 'void-held',
          id: id('b4'),
          isLinked: false,
          heldId: id('b2'),
        })),
      },
    ],
    ['a contract in a signed order', 'ledger-transfer', { orders: [{ ...order, contract: '22'.repeat(32) }] }],
    ['a hold without an expiry', 'ledger-transfer', { orders: [{ ...order, kind: 'hold' }] }],
    ['an issue without a reference', 'ledger-issue', { ...issueOf('1', true), reference: '' }],
    ['a reference beyond ASCII', 'ledger-issue', { ...issueOf('1', true), reference: 'Überweisung' }],
    ['an outcome that there is not', 'ledger-reconcile', { id: id('a1'), issue: id('a2'), outcome: 'maybe' }],
    ['a member more', 'ledger-recovery-cancel', { owner: payer.did, at: 5 }],
    [
      'a checkpoint of another version',
      'ledger-checkpoint',
      { ...checkpointBody(), checkpoint: { ...checkpointOf(), v: 2 } },
    ],
  ]
  return wrong.map(([name, type, body]) =>
    refused(name, 'ENVELOPE_BODY_SHAPE', { envelope: rawEnvelope(body, { type }) }),
  )
}

function issueOf(amountNanos: string, isConfirmed: boolean) {
  const reference = 'wire 2026-0001'
  return { id: id('a2'), owner: payer.did, currency: CURRENCY, amountNanos, reference, isConfirmed }
}

function withoutConfirmation({ id: name, owner, currency, amountNanos, reference }: ReturnType<typeof issueOf>) {
  return { id: name, owner, currency, amountNanos, reference }
}

function sides() {
  return {
    debit: { owner: payer.did, kind: 'available' },
    credit: { owner: worker.did, kind: 'available' },
    currency: CURRENCY,
    amountNanos: '1500000000',
  }
}

function postOf(members: Readonly<Record<string, unknown>>) {
  return { kind: 'post', id: id('b1'), isLinked: false, ...sides(), ...members }
}

function holdOf() {
  return { kind: 'hold', id: id('b2'), isLinked: false, ...sides(), expiresAt: 1_790_000_100_000 }
}

function postHeldOf() {
  const { credit, currency } = sides()
  const amountNanos = '1000000000'
  return { kind: 'post-held', id: id('b3'), isLinked: false, heldId: id('b2'), credit, currency, amountNanos }
}

function checkpointOf() {
  return {
    v: 1,
    journal: '55'.repeat(32),
    entries: 8,
    head: '66'.repeat(32),
    root: '77'.repeat(32),
    balances: '88'.repeat(32),
    at: 1_790_000_000_000,
    signer: notary.did,
  }
}

function rotationTo(key: FixedKey, from: string, isLost: boolean) {
  const signature = key.sign(rotationBytes({ from: from as never, key: key.did }))
  return { key: key.did, isLost, signature: Buffer.from(signature).toString('base64url') }
}

function checkpointBody() {
  const checkpoint = checkpointOf()
  const signature = notary.sign(signingBytesOfCheckpoint(checkpoint as never))
  return { checkpoint, signature: Buffer.from(signature).toString('base64url') }
}
