import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import {
  ACCOUNT_FIELD,
  AMOUNT_FIELD,
  CONTRACT_FIELD,
  COUNT_FIELD,
  CURRENCY_FIELD,
  DID_FIELD,
  type FieldCodec,
  type FieldRow,
  FLAG_FIELD,
  HASH_FIELD,
  listOf,
  memberOf,
  oneOf,
  optional,
  REFERENCE_FIELD,
  TRANSFER_FIELD,
  unionOf,
} from './codec-fields.ts'
import { type LedgerEvent, ORDERS_MAX } from './ledger-event.ts'
import type { TransferOrder } from './transfer-order.ts'

/** Of events and states. A reader refuses any other. */
export const LEDGER_FORMAT = 1

const HEAD: readonly FieldRow[] = [
  ['id', 'id', TRANSFER_FIELD],
  ['isLinked', 'isLinked', FLAG_FIELD],
  ['contract', 'contract', optional(CONTRACT_FIELD)],
  ['reference', 'reference', optional(REFERENCE_FIELD)],
]
const SIDES: readonly FieldRow[] = [
  ['debit', 'debit', ACCOUNT_FIELD],
  ['credit', 'credit', ACCOUNT_FIELD],
  ['amount', 'amountNanos', AMOUNT_FIELD],
]

/** Orders as `transfers-submitted` carries them, and as clients sign them. */
export const ORDER_FIELD: FieldCodec = unionOf('kind', {
  post: [...HEAD, ...SIDES],
  hold: [...HEAD, ...SIDES, ['expiresAt', 'expiresAt', optional(COUNT_FIELD)], ['agent', 'agent', optional(DID_FIELD)]],
  'post-held': [
    ...HEAD,
    ['heldId', 'heldId', TRANSFER_FIELD],
    ['credit', 'credit', ACCOUNT_FIELD],
    ['amount', 'amountNanos', AMOUNT_FIELD],
  ],
  'void-held': [...HEAD, ['heldId', 'heldId', TRANSFER_FIELD]],
})

const EVIDENCE: readonly FieldRow[] = [
  ['envelope', 'envelope', HASH_FIELD],
  ['iss', 'iss', DID_FIELD],
  ['seq', 'seq', COUNT_FIELD],
  ['prev', 'prev', optional(HASH_FIELD)],
  ['at', 'at', COUNT_FIELD],
]
const CURRENCY: FieldRow = ['currency', 'currency', CURRENCY_FIELD]
const OWNER: FieldRow = ['owner', 'owner', DID_FIELD]
const ID: FieldRow = ['id', 'id', TRANSFER_FIELD]
const AMOUNT: FieldRow = ['amount', 'amountNanos', AMOUNT_FIELD]
const CAP: FieldRow = ['cap', 'capNanos', AMOUNT_FIELD]
const REFERENCE: FieldRow = ['reference', 'reference', REFERENCE_FIELD]
const AT: FieldRow = ['at', 'at', COUNT_FIELD]
const ORDERS: FieldRow = ['orders', 'orders', listOf(ORDER_FIELD, ORDERS_MAX)]
const KEY: FieldRow = ['key', 'key', DID_FIELD]
const RECOVERY: readonly FieldRow[] = [
  ['recoveryKey', 'recoveryKey', DID_FIELD],
  ['recoveryDelay', 'recoveryDelayMs', COUNT_FIELD],
]

/** For journals that carry events of the ledger within their own. */
export const LEDGER_EVENT_FIELD: FieldCodec = unionOf('type', {
  'currency-registered': [
    ...EVIDENCE,
    CURRENCY,
    CAP,
    ['recoveryKey', 'recoveryKey', optional(DID_FIELD)],
    ['recoveryDelay', 'recoveryDelayMs', optional(COUNT_FIELD)],
  ],
  'cap-changed': [...EVIDENCE, CURRENCY, CAP],
  'credits-issued': [...EVIDENCE, ID, OWNER, CURRENCY, AMOUNT, REFERENCE, ['isConfirmed', 'isConfirmed', FLAG_FIELD]],
  'credits-redeemed': [...EVIDENCE, ID, OWNER, CURRENCY, AMOUNT, REFERENCE],
  'credits-reconciled': [
    ...EVIDENCE,
    ID,
    ['issue', 'issue', TRANSFER_FIELD],
    ['outcome', 'outcome', oneOf(['confirmed', 'reversed'])],
  ],
  'account-opened': [...EVIDENCE, ...RECOVERY],
  'key-rotated': [...EVIDENCE, KEY, ['isLost', 'isLost', FLAG_FIELD]],
  'recovery-requested': [...EVIDENCE, OWNER, ['successor', 'successor', DID_FIELD]],
  'recovery-cancelled': [...EVIDENCE, OWNER],
  'recovery-completed': [OWNER, AT],
  'transfers-submitted': [AT, ORDERS],
  'orders-signed': [...EVIDENCE, ORDERS],
  'holds-expired': [AT],
  'hash-stamped': [...EVIDENCE, ['hash', 'hash', HASH_FIELD], CURRENCY],
  'issuer-listed': [['issuer', 'issuer', DID_FIELD], ['isListed', 'isListed', FLAG_FIELD], AT],
})

/** Canonical JSON of an event: the same text for the same event, and another for any other. ASCII. */
export function formatLedgerEvent(event: LedgerEvent): string {
  if (event.type === 'transfers-submitted')
    return `{"at":${event.at},"orders":${formatOrders(event.orders)},"type":"transfers-submitted"}`
  return canonicalJson(LEDGER_EVENT_FIELD.write(event))
}

/** Reads the JSON of `formatLedgerEvent`; `undefined` for anything else. */
export function parseLedgerEvent(json: unknown): LedgerEvent | undefined {
  return LEDGER_EVENT_FIELD.read(json) as LedgerEvent | undefined
}

export function formatOrderJson(order: TransferOrder): JsonValue {
  return ORDER_FIELD.write(order)
}

/** Reads the JSON of an order; `undefined` for anything else. */
export function parseOrder(json: unknown): TransferOrder | undefined {
  return ORDER_FIELD.read(json) as TransferOrder | undefined
}

/**
 * Canonical JSON of orders, written member by member in the order of their names: a journal of batches spends its time here. Everything but the reference
 * is of an alphabet that JSON leaves as it is. A test holds it to `canonicalJson`.
 */
export function formatOrders(orders: readonly TransferOrder[]): string {
  return `[${orders.map(formatOrder).join(',')}]`
}

function formatOrder(order: TransferOrder): string {
  const contract = order.contract === undefined ? '' : `"contract":"${order.contract}",`
  const reference = order.reference === undefined ? '' : `,"reference":${JSON.stringify(order.reference)}`
  const agent = order.kind === 'hold' && order.agent !== undefined ? `"agent":"${order.agent}",` : ''
  const amount = order.kind === 'void-held' ? '' : `"amountNanos":"${order.amount}",`
  const credit = order.kind === 'void-held' ? '' : `"credit":"${order.credit}",`
  const debit = order.kind === 'post' || order.kind === 'hold' ? `"debit":"${order.debit}",` : ''
  const expiry = order.kind === 'hold' && order.expiresAt !== undefined ? `"expiresAt":${order.expiresAt},` : ''
  const held = order.kind === 'post-held' || order.kind === 'void-held' ? `"heldId":"${order.heldId}",` : ''
  const tail = `"id":"${order.id}","isLinked":${order.isLinked},"kind":"${order.kind}"${reference}`
  return `{${agent}${amount}${contract}${credit}${debit}${expiry}${held}${tail}}`
}

/** Whether JSON says that it is an event or state of this format. */
export function isLedgerFormat(json: unknown): boolean {
  return memberOf(json, 'format') === LEDGER_FORMAT
}
