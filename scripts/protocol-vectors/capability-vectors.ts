import { bodyArea, type BodyRow, type WrongBodyRow } from './body-area.ts'
import { delegate, invoke, revoke } from './ucan-builder.ts'
import type { VectorArea } from './vector.ts'
import { VECTOR_KEYS } from './vector-kit.ts'

const { payer, worker } = VECTOR_KEYS
/** Alice and Bob of the tokens are payer and worker here: both are made of the same seeds. */
const granted = delegate(payer, worker, { nonce: new Uint8Array(16).fill(1) })
const order = invoke(worker, [granted], { nonce: new Uint8Array(16).fill(2) })
const revoked = revoke(payer, granted, { nonce: new Uint8Array(16).fill(3) })

const BODIES: readonly BodyRow[] = [
  ['a delegation', 'capability-delegate', { chain: [granted.text] }, payer],
  ['an order with its proof', 'capability-invoke', { invocation: order.text, chain: [granted.text] }, worker],
  ['an order of the subject itself', 'capability-invoke', { invocation: order.text, chain: [] }, payer],
  ['a revocation', 'capability-revoke', { revocation: revoked.text, chain: [granted.text] }, payer],
]

const WRONG: readonly WrongBodyRow[] = [
  ['no delegation', 'capability-delegate', { chain: [] }],
  ['17 delegations', 'capability-delegate', { chain: Array.from({ length: 17 }, () => granted.text) }],
  ['a token in plain base64', 'capability-delegate', { chain: [`${granted.text}=`] }],
  ['a token that is too long', 'capability-invoke', { invocation: 'A'.repeat(10_924), chain: [] }],
  ['an order without its chain', 'capability-invoke', { invocation: order.text }],
  ['a revocation of nothing', 'capability-revoke', { revocation: revoked.text, chain: [] }],
]

/** Messages that carry capability tokens; what becomes of the tokens is in `ucan.json`. */
export const CAPABILITY_VECTORS: VectorArea = bodyArea('capability', BODIES, WRONG)
