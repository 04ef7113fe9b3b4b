/**
 * Messages about currencies, accounts and money outside of contracts. An issuer registers, issues and reconciles; an owner moves and redeems what it has. What
 * becomes of a message the ledger says; the answer is a `receipt`. Money of contracts moves by messages of those contracts only.
 *
 * Amounts stand beside their currency; an account is its owner and its kind, in that currency.
 *
 * ```ts
 * import { z } from 'zod'
 *
 * const body = z.strictObject({ owner: z.string(), kind: z.enum(['available']) })
 * console.log(body.safeParse({ owner: 'did:key:z6Mk', kind: 'issuer' }).success) // false
 * ```
 *
 * @see protocol/spec/ledger.md#messages
 */
import { z } from 'zod'
import type { DurationMs } from '../../base/time.ts'
import { ACCOUNT_KINDS } from '../../core/ledger/ledger-names.ts'
import { RECOVERY_DELAY_MAX } from '../../core/ledger/ledger-state.ts'
import { SIGNED_CHECKPOINT } from './checkpoint.ts'
import { CURRENCY, DID, HASH, NANOS, SIGNATURE, TIME, TRANSFER_ID } from './fields.ts'

/** Orders in one message at most: they fit 16 KiB. */
export const ORDERS_OF_MESSAGE_MAX = 32

/** Name of a payment outside. */
const REFERENCE = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[\x20-\x7e]+$/)

const ACCOUNT = z.strictObject({ owner: DID, kind: z.enum(ACCOUNT_KINDS) })

const ORDER_HEAD = { id: TRANSFER_ID, isLinked: z.boolean(), reference: REFERENCE.optional() }
const MOVEMENT = { debit: ACCOUNT, credit: ACCOUNT, currency: CURRENCY, amountNanos: NANOS }

/** An order over the signer's own money. */
export const SIGNED_ORDER = z.discriminatedUnion('kind', [
  z.strictObject({ ...ORDER_HEAD, kind: z.literal('post'), ...MOVEMENT }),
  z.strictObject({ ...ORDER_HEAD, kind: z.literal('hold'), ...MOVEMENT, expiresAt: TIME, agent: DID.optional() }),
  z.strictObject({
    ...ORDER_HEAD,
    kind: z.literal('post-held'),
    heldId: TRANSFER_ID,
    credit: ACCOUNT,
    currency: CURRENCY,
    amountNanos: NANOS,
  }),
  z.strictObject({ ...ORDER_HEAD, kind: z.literal('void-held'), heldId: TRANSFER_ID }),
])

const RECOVERY_DELAY = z.int().min(0).max(RECOVERY_DELAY_MAX) as unknown as z.ZodType<DurationMs, number>
const RECOVERY = { recoveryKey: DID, recoveryDelayMs: RECOVERY_DELAY }
const CREDITS = { id: TRANSFER_ID, owner: DID, currency: CURRENCY, amountNanos: NANOS, reference: REFERENCE }

export const LEDGER_MESSAGES = {
  /** By the issuer: the currency exists from now on, down to the cap. */
  'ledger-currency-register': z.strictObject({
    currency: CURRENCY,
    capNanos: NANOS,
    recoveryKey: DID.optional(),
    recoveryDelayMs: RECOVERY.recoveryDelayMs.optional(),
  }),
  /** By the issuer. */
  'ledger-cap-change': z.strictObject({ currency: CURRENCY, capNanos: NANOS }),
  /** By the issuer: credits for a payment outside; not to be spent while it is not confirmed. */
  'ledger-issue': z.strictObject({ ...CREDITS, isConfirmed: z.boolean() }),
  /** By the owner: credits go back, and the issuer pays outside. */
  'ledger-redeem': z.strictObject(CREDITS),
  /** By the issuer: the payment behind an unconfirmed issue came, or did not. */
  'ledger-reconcile': z.strictObject({
    id: TRANSFER_ID,
    issue: TRANSFER_ID,
    outcome: z.enum(['confirmed', 'reversed']),
  }),
  /** By the owner of what is debited, or by the one a hold is for. */
  'ledger-transfer': z.strictObject({ orders: z.array(SIGNED_ORDER).min(1).max(ORDERS_OF_MESSAGE_MAX) }),
  /** By the owner, once. */
  'ledger-account-open': z.strictObject(RECOVERY),
  /** By the key, with the signature of the one that takes its place. `isLost`: the key may do nothing more, not even in contracts that it has signed. */
  'ledger-key-rotate': z.strictObject({ key: DID, isLost: z.boolean(), signature: SIGNATURE }),
  /** By the recovery key. */
  'ledger-recovery-request': z.strictObject({ owner: DID, successor: DID }),
  /** By the owner while the delay runs, or by the recovery key. */
  'ledger-recovery-cancel': z.strictObject({ owner: DID }),
  /** By anybody, when it has passed. */
  'ledger-recovery-complete': z.strictObject({ owner: DID }),
  /** By whoever has an account in the currency: its certificate says when the hash was there, in the order of everything else. Nothing moves. */
  'ledger-stamp': z.strictObject({ hash: HASH, currency: CURRENCY }),
  /** By anybody: a checkpoint, which carries the signature of its own signer, passed on. */
  'ledger-checkpoint': SIGNED_CHECKPOINT,
} as const

export type LedgerMessageType = keyof typeof LEDGER_MESSAGES
