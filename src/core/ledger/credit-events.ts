import type { Did } from '../evidence/names.ts'
import { isReference } from './apply-order.ts'
import { applyOrders } from './apply-orders.ts'
import { authorityIn, type LedgerDraft, read, write } from './ledger-draft.ts'
import type {
  CapChanged,
  CreditsIssued,
  CreditsReconciled,
  CreditsRedeemed,
  CurrencyRegistered,
} from './ledger-event.ts'
import {
  type AccountId,
  type AccountKind,
  type Currency,
  formatAccountId,
  issuerOf,
  type TransferId,
} from './ledger-names.ts'
import type { LedgerRefusalCode } from './ledger-refusals.ts'
import type { CurrencyRow } from './ledger-state.ts'
import { addListed } from './listed-issuers.ts'
import { nameRecovery } from './owner-events.ts'
import { keyOfClientId } from './remembered-ids.ts'
import { LISTED_CURRENCIES_MAX, shareOf } from './rooms.ts'
import type { PostOrder } from './transfer-order.ts'

/** @returns Why not; `undefined` when it was done, with its effect in the draft. */
export function registerCurrency(draft: LedgerDraft, event: CurrencyRegistered): LedgerRefusalCode | undefined {
  const { currency, cap, recoveryKey, recoveryDelay, iss } = event
  const issuer = issuerOf(currency)
  if (authorityIn(draft, issuer) !== iss) return 'LEDGER_SIGNER_WRONG'
  const before = read(draft.currencies, currency)
  if (before !== undefined) {
    const isSame = before.recoveryKey === recoveryKey && before.recoveryDelay === recoveryDelay
    if (!isSame || before.firstCap !== cap) return 'LEDGER_CURRENCY_CONFLICT'
    draft.effects.push({ type: 'currency-exists', currency })
    return undefined
  }
  const isListed = draft.issuers.has(issuer)
  const { accountsMax } = draft.state.limits
  if (draft.currencies.size >= shareOf(accountsMax, { isListed, isOfContract: true })) return 'LEDGER_ACCOUNTS_FULL'
  if (isListed && draft.listed.size >= LISTED_CURRENCIES_MAX) return 'LEDGER_ISSUERS_FULL'
  if (recoveryKey !== undefined || recoveryDelay !== undefined) {
    const code = nameRecovery(draft, issuer, event)
    if (code !== undefined) return code
  }
  const after: CurrencyRow = { currency, cap, firstCap: cap, recoveryKey, recoveryDelay, changed: undefined }
  write(draft, draft.currencies, { key: currency, before, after })
  if (isListed) addListed(draft, currency)
  draft.effects.push({ type: 'currency-opened', currency })
  return undefined
}

export function changeCap(draft: LedgerDraft, event: CapChanged): LedgerRefusalCode | undefined {
  const { currency, cap, iss, seq } = event
  const before = read(draft.currencies, currency)
  if (before === undefined) return 'LEDGER_CURRENCY_UNKNOWN'
  if (authorityIn(draft, issuerOf(currency)) !== iss) return 'LEDGER_SIGNER_WRONG'
  // Another key in the issuer's place counts anew; the one before signs nothing any more.
  const last = before.changed?.by === iss ? before.changed.seq : -1
  if (seq < last || (seq === last && cap !== before.cap)) return 'LEDGER_MESSAGE_OLD'
  const issuer = read(draft.accounts, accountOf(issuerOf(currency), 'issuer', currency))
  if (issuer !== undefined && issuer.debits - issuer.credits > cap) return 'LEDGER_CAP_BELOW_ISSUED'
  if (seq !== last)
    write(draft, draft.currencies, { key: currency, before, after: { ...before, cap, changed: { by: iss, seq } } })
  draft.effects.push({ type: 'cap-set', currency, cap })
  return undefined
}

export function issueCredits(draft: LedgerDraft, event: CreditsIssued): LedgerRefusalCode | undefined {
  const { id, owner, currency, amount, reference, isConfirmed } = event
  const issuer = issuerOf(currency)
  if (!isReference(reference)) return 'LEDGER_REFERENCE_INVALID'
  if (authorityIn(draft, issuer) !== event.iss) return 'LEDGER_SIGNER_WRONG'
  const kind = isConfirmed ? 'available' : 'unreconciled'
  const issuesMax = shareOf(draft.state.limits.holdsMax, { isListed: draft.listed.has(currency), isOfContract: true })
  if (!isConfirmed && draft.issues.size >= issuesMax) return 'LEDGER_HOLDS_FULL'
  const open = isConfirmed ? undefined : read(draft.issues, id)
  // Reconciling names it, so that there is one of it at a time; what is open was remembered for long enough.
  if (open !== undefined && !isRemembered(draft, issuer, id)) return 'LEDGER_ID_CONFLICT'
  const debit = accountOf(issuer, 'issuer', currency)
  const credit = accountOf(owner, kind, currency)
  applyOrders(draft, [{ ...postOf(id, amount), debit, credit, reference }], { kind: 'credits', principal: issuer })
  if (!isConfirmed && draft.effects.at(-1)?.type === 'transfer-posted')
    write(draft, draft.issues, { key: id, before: undefined, after: { owner, currency, amount } })
  return undefined
}

export function redeemCredits(draft: LedgerDraft, event: CreditsRedeemed): LedgerRefusalCode | undefined {
  const { id, owner, currency, amount, reference, iss } = event
  if (!isReference(reference)) return 'LEDGER_REFERENCE_INVALID'
  if (authorityIn(draft, owner) !== iss) return 'LEDGER_SIGNER_WRONG'
  const debit = accountOf(owner, 'available', currency)
  const credit = accountOf(issuerOf(currency), 'issuer', currency)
  applyOrders(draft, [{ ...postOf(id, amount), debit, credit, reference }], { kind: 'credits', principal: owner })
  return undefined
}

/** Its order is named by the issue and the outcome, so that the same again is known after the issue is gone. */
export function reconcileCredits(draft: LedgerDraft, event: CreditsReconciled): LedgerRefusalCode | undefined {
  const { id, outcome, iss } = event
  const reference = `reconcile ${event.issue} ${outcome}`
  const known = read(draft.remembered, keyOfClientId(iss, id))
  if (known?.kind === 'failed') return 'LEDGER_ID_FAILED'
  if (known !== undefined) {
    if (known.order.reference !== reference) return 'LEDGER_ID_CONFLICT'
    draft.effects.push({ type: 'transfer-exists', id })
    return undefined
  }
  const issue = read(draft.issues, event.issue)
  if (issue === undefined) return 'LEDGER_ISSUE_UNKNOWN'
  const { owner, currency, amount } = issue
  if (authorityIn(draft, issuerOf(currency)) !== iss) return 'LEDGER_SIGNER_WRONG'
  const debit = accountOf(owner, 'unreconciled', currency)
  const credit =
    outcome === 'confirmed'
      ? accountOf(owner, 'available', currency)
      : accountOf(issuerOf(currency), 'issuer', currency)
  applyOrders(draft, [{ ...postOf(id, amount), debit, credit, reference }], { kind: 'credits', principal: iss })
  if (draft.effects.at(-1)?.type === 'transfer-posted')
    write(draft, draft.issues, { key: event.issue, before: issue, after: undefined })
  return undefined
}

function isRemembered(draft: LedgerDraft, principal: Did, id: TransferId): boolean {
  return read(draft.remembered, keyOfClientId(principal, id)) !== undefined
}

function accountOf(owner: Did, kind: AccountKind, currency: Currency): AccountId {
  return formatAccountId({ owner, kind, currency })
}

function postOf(
  id: TransferId,
  amount: PostOrder['amount'],
): Pick<PostOrder, 'kind' | 'id' | 'amount' | 'isLinked' | 'contract'> {
  return { kind: 'post', id, amount, isLinked: false, contract: undefined }
}
