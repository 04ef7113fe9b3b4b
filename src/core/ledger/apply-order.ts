import { assert, assertNever } from '../../base/assert.ts'
import { type Amount, subtractAmounts, ZERO_AMOUNT } from '../../base/money.ts'
import { addDuration } from '../../base/time.ts'
import { addExpiry } from './expiry-heap.ts'
import {
  authorityIn,
  type LedgerDraft,
  placeOfHold,
  promise,
  read,
  remember,
  write,
  writeAccount,
} from './ledger-draft.ts'
import { type AccountId, type AccountName, formatAccountId, issuerOf, parseAccountId } from './ledger-names.ts'
import type { LedgerRefusalCode } from './ledger-refusals.ts'
import type { AccountRow, HoldEnd } from './ledger-state.ts'
import { KIND_RULES, type OrderOrigin, placeOf } from './order-origin.ts'
import { accountRoom, countNew, isFullOfHolds } from './order-rooms.ts'
import { keyOfHold } from './remembered-ids.ts'
import {
  HOLD_SPAN_MAX,
  type HoldOrder,
  type PostHeldOrder,
  type PostOrder,
  type TransferOrder,
  type VoidHeldOrder,
} from './transfer-order.ts'

const REFERENCE_PATTERN = /^[\x20-\x7e]{1,128}$/

export function isReference(text: string): boolean {
  return REFERENCE_PATTERN.test(text)
}

/** Applies an order whose id is new. @returns Why not, with nothing changed; `undefined` when it was applied. */
export function applyOrder(
  draft: LedgerDraft,
  order: TransferOrder,
  origin: OrderOrigin,
): LedgerRefusalCode | undefined {
  if (order.reference !== undefined && !isReference(order.reference)) return 'LEDGER_REFERENCE_INVALID'
  if (origin.kind === 'signed' && order.contract !== undefined) return 'LEDGER_CONTRACT_DIFFERS'
  if (origin.kind !== 'contract' && 'amount' in order && order.amount === ZERO_AMOUNT) return 'LEDGER_AMOUNT_ZERO'
  switch (order.kind) {
    case 'post':
      return applyPost(draft, order, origin)
    case 'hold':
      return applyHold(draft, order, origin)
    case 'post-held':
      return applyPostHeld(draft, order, origin)
    case 'void-held':
      return applyVoidHeld(draft, order, origin)
    default:
      return assertNever(order)
  }
}

/** Rows of both accounts, and as they stood: `undefined` for one that nothing has moved on yet. */
type Pair = {
  readonly debit: AccountRow
  readonly debitBefore: AccountRow | undefined
  readonly credit: AccountRow
  readonly creditBefore: AccountRow | undefined
}

function applyPost(draft: LedgerDraft, order: PostOrder, origin: OrderOrigin): LedgerRefusalCode | undefined {
  const pair = readPair(draft, order, origin)
  if (typeof pair === 'string') return pair
  const { amount } = order
  const short = findShortage(draft, pair.debit, amount)
  if (short !== undefined) return short
  const { debit, debitBefore, credit, creditBefore } = pair
  const created = (debitBefore === undefined ? 1 : 0) + (creditBefore === undefined ? 1 : 0)
  // What a contract pays out had its room when it was held.
  const isBound = created > 0 && origin.kind !== 'contract'
  if (isBound && created > accountRoom(draft, origin, credit.name.currency)) return 'LEDGER_ACCOUNTS_FULL'
  writeAccount(draft, { key: order.debit, before: debitBefore, after: debited(debit, amount) })
  writeAccount(draft, { key: order.credit, before: creditBefore, after: credited(credit, amount) })
  const kept = keptPost(order, debit.id, credit.id)
  remember(draft, placeOf(order, origin), { kind: 'applied', order: kept, at: draft.at })
  draft.effects.push({ type: 'transfer-posted', id: order.id, amount, heldId: undefined, released: ZERO_AMOUNT })
  return undefined
}

/** As it is remembered: its account ids are those of the rows, so that the texts it came with are kept by nobody. */
function keptPost(order: PostOrder, debit: AccountId, credit: AccountId): PostOrder {
  const { kind, id, isLinked, contract, reference, amount } = order
  return { kind, id, isLinked, contract, reference, debit, credit, amount }
}

function applyHold(draft: LedgerDraft, order: HoldOrder, origin: OrderOrigin): LedgerRefusalCode | undefined {
  const { id, debit, amount, expiresAt } = order
  const pair = readPair(draft, order, origin)
  if (typeof pair === 'string') return pair
  if (origin.kind === 'signed' && expiresAt === undefined) return 'LEDGER_EXPIRY_MISSING'
  if (expiresAt !== undefined && expiresAt <= draft.at) return 'LEDGER_EXPIRY_PAST'
  if (origin.kind === 'signed' && expiresAt !== undefined && expiresAt > addDuration(draft.at, HOLD_SPAN_MAX))
    return 'LEDGER_EXPIRY_FAR'
  const { currency } = pair.debit.name
  if (isFullOfHolds(draft, origin, currency)) return 'LEDGER_HOLDS_FULL'
  const short = findShortage(draft, pair.debit, amount)
  if (short !== undefined) return short
  const held = heldAccountOf(pair.debit.name)
  // The account that the hold is for has its room now: posting it never fails for want of any.
  if (countNew(draft, [debit, held, order.credit]) > accountRoom(draft, origin, currency)) return 'LEDGER_ACCOUNTS_FULL'
  ensureAccount(draft, order.credit)
  move(draft, { debit, credit: held, amount })
  changeHeld(draft, debit, amount)
  const kept: HoldOrder = { ...order, debit: pair.debit.id, credit: pair.credit.id }
  const key = keyOfHold(kept)
  write(draft, draft.holds, { key, before: undefined, after: kept })
  if (order.contract === undefined) {
    draft.clientHolds += 1
    promise(draft, kept.credit, 1)
  }
  if (expiresAt !== undefined) draft.expiries = addExpiry(draft.expiries, { at: expiresAt, id: key })
  draft.effects.push({ type: 'transfer-held', id, amount, expiresAt })
  return undefined
}

function applyPostHeld(draft: LedgerDraft, order: PostHeldOrder, origin: OrderOrigin): LedgerRefusalCode | undefined {
  const hold = findHold(draft, order, origin)
  if (typeof hold === 'string') return hold
  const { id, heldId, credit, amount } = order
  if (origin.kind === 'signed' && credit !== hold.credit) return 'LEDGER_SIGNER_WRONG'
  const released = subtractAmounts(hold.amount, amount)
  if (released === undefined) return 'LEDGER_HOLD_EXCEEDED'
  const row = rowOf(draft, credit)
  if (typeof row === 'string') return row
  if (!KIND_RULES[origin.kind].credit.includes(row.name.kind)) return 'LEDGER_ACCOUNT_KIND'
  const from = nameOf(draft, hold.debit)
  if (row.name.currency !== from.currency) return 'LEDGER_CURRENCY_DIFFERS'
  const held = heldAccountOf(from)
  move(draft, { debit: held, credit, amount })
  move(draft, { debit: held, credit: hold.debit, amount: released })
  endHold(draft, hold, { kind: 'posted', by: id, captured: amount })
  const kept = { ...order, heldId: hold.id, credit: row.id }
  remember(draft, placeOf(order, origin), { kind: 'applied', order: kept, at: draft.at })
  draft.effects.push({ type: 'transfer-posted', id, amount, heldId, released })
  return undefined
}

function applyVoidHeld(draft: LedgerDraft, order: VoidHeldOrder, origin: OrderOrigin): LedgerRefusalCode | undefined {
  const hold = findHold(draft, order, origin)
  if (typeof hold === 'string') return hold
  releaseHold(draft, hold, { kind: 'voided', by: order.id })
  remember(draft, placeOf(order, origin), { kind: 'applied', order: { ...order, heldId: hold.id }, at: draft.at })
  draft.effects.push({ type: 'transfer-voided', id: order.id, heldId: order.heldId, released: hold.amount })
  return undefined
}

/** All of the hold goes back to where it came from. */
export function releaseHold(draft: LedgerDraft, hold: HoldOrder, end: HoldEnd): void {
  move(draft, { debit: heldAccountOf(nameOf(draft, hold.debit)), credit: hold.debit, amount: hold.amount })
  endHold(draft, hold, end)
}

function endHold(draft: LedgerDraft, hold: HoldOrder, end: HoldEnd): void {
  changeHeld(draft, hold.debit, 0n - hold.amount)
  write(draft, draft.holds, { key: keyOfHold(hold), before: hold, after: undefined })
  if (hold.contract === undefined) {
    draft.clientHolds -= 1
    promise(draft, hold.credit, -1)
  }
  remember(draft, placeOfHold(hold), { kind: 'ended-hold', order: hold, end, at: draft.at })
}

/** The open hold that an order of this origin may end now. */
function findHold(
  draft: LedgerDraft,
  order: PostHeldOrder | VoidHeldOrder,
  origin: OrderOrigin,
): HoldOrder | LedgerRefusalCode {
  const { heldId: id, contract } = order
  const hold = read(draft.holds, keyOfHold({ id, contract }))
  if (hold === undefined) {
    const isOfContract = contract === undefined && read(draft.holds, id) !== undefined
    const code = whyNoHold(draft, order)
    return code === 'LEDGER_HOLD_UNKNOWN' && isOfContract ? 'LEDGER_CONTRACT_DIFFERS' : code
  }
  if (hold.contract !== order.contract) return 'LEDGER_CONTRACT_DIFFERS'
  if (origin.kind === 'signed') {
    // Its agent, or whoever the hold is for, may give it to that one or back; whoever made it waits for that, or for its expiry.
    const judge = hold.agent ?? nameOf(draft, hold.credit).owner
    if (authorityIn(draft, judge) !== origin.iss) return 'LEDGER_SIGNER_WRONG'
  }
  if (hold.expiresAt !== undefined && draft.at >= hold.expiresAt) return 'LEDGER_HOLD_EXPIRED'
  return hold
}

function whyNoHold(draft: LedgerDraft, { heldId: id, contract }: PostHeldOrder | VoidHeldOrder): LedgerRefusalCode {
  const known = read(draft.remembered, keyOfHold({ id, contract }))
  if (known?.kind !== 'ended-hold') return 'LEDGER_HOLD_UNKNOWN'
  if (known.end.kind === 'posted') return 'LEDGER_HOLD_POSTED'
  return known.end.kind === 'voided' ? 'LEDGER_HOLD_VOIDED' : 'LEDGER_HOLD_EXPIRED'
}

type Sides = { readonly debit: AccountId; readonly credit: AccountId }

/** Both accounts of an order, as its origin may use them. */
function readPair(draft: LedgerDraft, sides: Sides, origin: OrderOrigin): Pair | LedgerRefusalCode {
  const debitBefore = read(draft.accounts, sides.debit)
  const debit = debitBefore ?? newRow(draft, sides.debit)
  if (typeof debit === 'string') return debit
  const creditBefore = read(draft.accounts, sides.credit)
  const credit = creditBefore ?? newRow(draft, sides.credit)
  if (typeof credit === 'string') return credit
  if (sides.debit === sides.credit) return 'LEDGER_ACCOUNTS_SAME'
  const rule = KIND_RULES[origin.kind]
  if (!rule.debit.includes(debit.name.kind) || !rule.credit.includes(credit.name.kind)) return 'LEDGER_ACCOUNT_KIND'
  if (debit.name.currency !== credit.name.currency) return 'LEDGER_CURRENCY_DIFFERS'
  if (origin.kind === 'signed' && authorityIn(draft, debit.name.owner) !== origin.iss) return 'LEDGER_SIGNER_WRONG'
  return { debit, debitBefore, credit, creditBefore }
}

/** The account's row; one of zeros where nothing has moved on it yet. */
function rowOf(draft: LedgerDraft, account: AccountId): AccountRow | LedgerRefusalCode {
  return read(draft.accounts, account) ?? newRow(draft, account)
}

function newRow(draft: LedgerDraft, account: AccountId): AccountRow | LedgerRefusalCode {
  const name = parseAccountId(account)
  if (name === undefined) return 'LEDGER_ACCOUNT_INVALID'
  if (read(draft.currencies, name.currency) === undefined) return 'LEDGER_CURRENCY_UNKNOWN'
  if (name.kind === 'issuer' && name.owner !== issuerOf(name.currency)) return 'LEDGER_ACCOUNT_INVALID'
  return { id: account, name, debits: 0n, credits: 0n, held: 0n }
}

/** Of an account that a refusal would have stopped at, were it none. One with nothing in it may have left its room to others. */
function nameOf(draft: LedgerDraft, account: AccountId): AccountName {
  const name = read(draft.accounts, account)?.name ?? parseAccountId(account)
  assert(name !== undefined, 'the accounts of a hold exist')
  return name
}

function findShortage(draft: LedgerDraft, { name, debits, credits }: AccountRow, amount: Amount) {
  const balance = credits - debits
  if (name.kind !== 'issuer') return balance < amount ? ('LEDGER_BALANCE_SHORT' as const) : undefined
  const cap = read(draft.currencies, name.currency)?.cap ?? 0n
  return balance - amount + cap < 0n ? ('LEDGER_CAP_EXCEEDED' as const) : undefined
}

function heldAccountOf({ owner, currency }: AccountName): AccountId {
  return formatAccountId({ owner, kind: 'held', currency })
}

type Movement = Sides & { readonly amount: Amount }

/** What leaves `debit` arrives at `credit`. */
function move(draft: LedgerDraft, { debit, credit, amount }: Movement): void {
  change(draft, debit, debited(existing(draft, debit), amount))
  change(draft, credit, credited(existing(draft, credit), amount))
}

function debited({ id, name, debits, credits, held }: AccountRow, amount: Amount): AccountRow {
  return { id, name, debits: debits + amount, credits, held }
}

function credited({ id, name, debits, credits, held }: AccountRow, amount: Amount): AccountRow {
  return { id, name, debits, credits: credits + amount, held }
}

function ensureAccount(draft: LedgerDraft, account: AccountId): void {
  if (read(draft.accounts, account) === undefined) change(draft, account, existing(draft, account))
}

function changeHeld(draft: LedgerDraft, account: AccountId, by: bigint): void {
  const row = existing(draft, account)
  change(draft, account, { ...row, held: row.held + by })
}

function change(draft: LedgerDraft, account: AccountId, after: AccountRow): void {
  writeAccount(draft, { key: account, before: read(draft.accounts, account), after })
}

function existing(draft: LedgerDraft, account: AccountId): AccountRow {
  const row = rowOf(draft, account)
  assert(typeof row !== 'string', 'an account that money moves on was looked up before')
  return row
}
