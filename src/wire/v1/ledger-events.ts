/**
 * From a message about money outside of contracts to the event that the ledger takes. Shapes were checked when the message was decoded and the signature when
 * it was authenticated; whether the signer may do what it says, the ledger tells.
 *
 * ```ts
 * const account = (owner: string, kind: string, currency: string): string => `${owner}/${kind}/${currency}`
 * console.log(account('did:key:z6Mk', 'available', 'USD@did:key:z6Mk'))
 * ```
 *
 * @see protocol/spec/ledger.md#messages
 */
import { base64url } from 'multiformats/bases/base64'
import type { z } from 'zod'
import { hexOfBytes } from '../../base/hex.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { LedgerEvent } from '../../core/ledger/ledger-event.ts'
import { type AccountId, type Currency, formatAccountId, parseAccountId } from '../../core/ledger/ledger-names.ts'
import type { TransferOrder } from '../../core/ledger/transfer-order.ts'
import type { Authenticated, VerifyBytes } from './authenticate.ts'
import { canonicalText } from './canonical.ts'
import { publicKeyOfDid } from './did-key.ts'
import type { Envelope } from './envelope.ts'
import type { LedgerMessageType, SIGNED_ORDER } from './ledger-messages.ts'
import { hashOfText, signingBytes } from './signing-bytes.ts'

/** Types that make an event; a checkpoint is for whoever compares journals. */
export type LedgerRequestType = Exclude<LedgerMessageType, 'ledger-checkpoint'>

/** The event of an authenticated message; `undefined` for messages that are none of the ledger's. Never throws. */
export function readLedgerMessage({ envelope, evidence }: Authenticated): LedgerEvent | undefined {
  switch (envelope.type) {
    case 'ledger-currency-register': {
      const { currency, capNanos: cap, recoveryKey, recoveryDelayMs: recoveryDelay } = envelope.body
      return { ...evidence, type: 'currency-registered', currency, cap, recoveryKey, recoveryDelay }
    }
    case 'ledger-cap-change': {
      const { currency, capNanos: cap } = envelope.body
      return { ...evidence, type: 'cap-changed', currency, cap }
    }
    case 'ledger-issue': {
      const { amountNanos: amount, ...rest } = envelope.body
      return { ...evidence, type: 'credits-issued', amount, ...rest }
    }
    case 'ledger-redeem': {
      const { amountNanos: amount, ...rest } = envelope.body
      return { ...evidence, type: 'credits-redeemed', amount, ...rest }
    }
    case 'ledger-reconcile':
      return { ...evidence, type: 'credits-reconciled', ...envelope.body }
    case 'ledger-transfer':
      return { ...evidence, type: 'orders-signed', orders: envelope.body.orders.map(orderOf) }
    case 'ledger-account-open': {
      const { recoveryKey, recoveryDelayMs: recoveryDelay } = envelope.body
      return { ...evidence, type: 'account-opened', recoveryKey, recoveryDelay }
    }
    case 'ledger-key-rotate': {
      const { key, isLost } = envelope.body
      return { ...evidence, type: 'key-rotated', key, isLost }
    }
    case 'ledger-recovery-request':
      return { ...evidence, type: 'recovery-requested', ...envelope.body }
    case 'ledger-recovery-cancel':
      return { ...evidence, type: 'recovery-cancelled', ...envelope.body }
    case 'ledger-stamp':
      return { ...evidence, type: 'hash-stamped', ...envelope.body }
    case 'ledger-recovery-complete':
      return { type: 'recovery-completed', owner: envelope.body.owner, at: evidence.at }
    default:
      return undefined
  }
}

/** What a key signs that takes the place of another one. */
export function rotationBytes({ from, key }: { readonly from: Did; readonly key: Did }): Uint8Array {
  return signingBytes('ledger-key-rotate-statement', hashOfText(canonicalText({ from, key })))
}

/** Whether the key that takes the issuer's place has signed that; true for every other message. */
export function isRotationSigned({ head, ...envelope }: Envelope, verify: VerifyBytes): boolean {
  if (envelope.type !== 'ledger-key-rotate') return true
  const { key, signature } = envelope.body
  const publicKey = publicKeyOfDid(key)
  if (publicKey === undefined) return false
  const bytes = rotationBytes({ from: head.iss, key })
  return verify({ publicKeyHex: hexOfBytes(publicKey), bytes, signature: base64url.baseDecode(signature) })
}

type SignedOrder = z.output<typeof SIGNED_ORDER>

function orderOf(order: SignedOrder): TransferOrder {
  const { id, isLinked, reference } = order
  const head = { id, isLinked, reference, contract: undefined }
  switch (order.kind) {
    case 'post':
      return { ...head, kind: 'post', ...movementOf(order) }
    case 'hold':
      return { ...head, kind: 'hold', ...movementOf(order), expiresAt: order.expiresAt, agent: order.agent }
    case 'post-held': {
      const { heldId, currency, amountNanos: amount } = order
      return { ...head, kind: 'post-held', heldId, credit: accountOf(order.credit, currency), amount }
    }
    case 'void-held':
      return { ...head, kind: 'void-held', heldId: order.heldId }
  }
}

type Account = Extract<SignedOrder, { kind: 'post' }>['debit']

function movementOf({ debit, credit, currency, amountNanos }: Extract<SignedOrder, { kind: 'post' | 'hold' }>) {
  return { debit: accountOf(debit, currency), credit: accountOf(credit, currency), amount: amountNanos }
}

function accountOf({ owner, kind }: Account, currency: Currency): AccountId {
  return formatAccountId({ owner, kind, currency })
}

/** An order as its owner signs it. Throws `RangeError` for one of a contract, or with an account that is none. */
export function bodyOfOrder(order: TransferOrder, currency: Currency): SignedOrder {
  if (order.contract !== undefined) throw new RangeError('Orders of contracts are signed by nobody')
  const { id, isLinked, reference } = order
  const head = { id, isLinked, ...(reference !== undefined && { reference }) }
  switch (order.kind) {
    case 'post':
      return { ...head, kind: 'post', ...sidesOf(order), currency, amountNanos: order.amount }
    case 'hold': {
      const { expiresAt, agent, amount: amountNanos } = order
      if (expiresAt === undefined) throw new RangeError('A signed hold has an expiry')
      const ending = { expiresAt, ...(agent !== undefined && { agent }) }
      return { ...head, kind: 'hold', ...sidesOf(order), currency, amountNanos, ...ending }
    }
    case 'post-held': {
      const { heldId, amount: amountNanos } = order
      return { ...head, kind: 'post-held', heldId, credit: nameOf(order.credit), currency, amountNanos }
    }
    case 'void-held':
      return { ...head, kind: 'void-held', heldId: order.heldId }
  }
}

function sidesOf({ debit, credit }: { readonly debit: AccountId; readonly credit: AccountId }) {
  return { debit: nameOf(debit), credit: nameOf(credit) }
}

function nameOf(account: AccountId): Account {
  const name = parseAccountId(account)
  if (name === undefined) throw new RangeError(`${account} is no account`)
  return { owner: name.owner, kind: name.kind }
}
