import type { Brand } from '../../base/brands.ts'
import { type Did, parseDid } from '../evidence/names.ts'

/** 128 bits as 32 lower-case hexadecimal digits, chosen by the client and kept by it before it is sent. */
export type TransferId = Brand<string, 'TransferId'>

/** `CODE@did:key:...`: credits of the issuer named behind the `@`. The code has 2 to 12 characters of `A-Z 0-9`, the first a letter. */
export type Currency = Brand<string, 'Currency'>

/**
 * `available`: may be spent. `held`: reserved by a hold. `bond`: at stake. `fee`: earned by notaries. `arbiter`: earned by arbiters.
 * `unreconciled`: issued, the outside payment not confirmed; it can never be spent. `issuer`: what the issuer owes, the one kind below zero.
 */
export const ACCOUNT_KINDS = ['available', 'held', 'bond', 'fee', 'arbiter', 'unreconciled', 'issuer'] as const
/**
 * What the money in an account is for, one of `ACCOUNT_KINDS`. Which kinds an order may move money out of and into depends on its origin; others are refused
 * with `LEDGER_ACCOUNT_KIND`.
 */
export type AccountKind = (typeof ACCOUNT_KINDS)[number]

/** `OWNER/KIND/CURRENCY`: one account of an owner per kind and currency. */
export type AccountId = Brand<string, 'AccountId'>

export type AccountName = { readonly owner: Did; readonly kind: AccountKind; readonly currency: Currency }

const TRANSFER_PATTERN = /^[0-9a-f]{32}$/
const CODE_PATTERN = /^[A-Z][A-Z0-9]{1,11}$/

/** Reads a transfer id; `undefined` when the text is not 32 lower-case hexadecimal digits. */
export function parseTransferId(text: string): TransferId | undefined {
  return TRANSFER_PATTERN.test(text) ? (text as TransferId) : undefined
}

/** Reads a currency; `undefined` when the text is not one. */
export function parseCurrency(text: string): Currency | undefined {
  const at = text.indexOf('@')
  return CODE_PATTERN.test(text.slice(0, Math.max(0, at))) && parseDid(text.slice(at + 1)) !== undefined
    ? (text as Currency)
    : undefined
}

/** Who owes what the currency says. */
export function issuerOf(currency: Currency): Did {
  return currency.slice(currency.indexOf('@') + 1) as Did
}

/** The code in front of the issuer, for people: `USD`. */
export function codeOf(currency: Currency): string {
  return currency.slice(0, currency.indexOf('@'))
}

/** The account's id; `parseAccountId` reads it back. */
export function formatAccountId({ owner, kind, currency }: AccountName): AccountId {
  return `${owner}/${kind}/${currency}` as AccountId
}

/** The currency of an account, as its id has it; of a text that is none it is none. */
export function currencyIn(account: AccountId): Currency {
  return account.slice(account.lastIndexOf('/') + 1) as Currency
}

/** Reads an account id; `undefined` when the text is not one. */
export function parseAccountId(text: string): AccountName | undefined {
  const [ownerText = '', kindText = '', currencyText = '', ...rest] = text.split('/')
  const owner = parseDid(ownerText)
  const kind = ACCOUNT_KINDS.find((name) => name === kindText)
  const currency = parseCurrency(currencyText)
  if (rest.length > 0 || owner === undefined || kind === undefined || currency === undefined) return undefined
  return { owner, kind, currency }
}
