import { CodedError } from '../../../base/errors.ts'
import { AUCTION_CODES } from '../../../core/auction/auction-codes.ts'
import { BOOKS_REFUSALS } from '../../../core/books/books-refusals.ts'
import { CAPABILITY_REFUSALS } from '../../../core/capability/capability-refusals.ts'
import { ESCROW_REFUSALS } from '../../../core/escrow/escrow-refusals.ts'
import { TERMS_REFUSALS } from '../../../core/escrow/validate-terms.ts'
import { ENVELOPE_REFUSALS } from '../../../core/evidence/envelope-refusals.ts'
import { GOVERNANCE_REFUSALS } from '../../../core/governance/governance-refusals.ts'
import { LEDGER_REFUSALS } from '../../../core/ledger/ledger-refusals.ts'
import { CARD_CODES, CARD_READ_REFUSALS } from '../../../core/market/card-codes.ts'
import { MARKET_CODES } from '../../../core/market/market-codes.ts'
import { METERING_REFUSALS } from '../../../core/metering/metering-refusals.ts'
import { NOTARY_REFUSALS } from '../../../core/notary/notary-codes.ts'
import { BIDDER_CODES, BUY_CODES } from '../../../market/parties/buying/buy-codes.ts'
import { PARTY_CODES } from '../../../market/parties/party-codes.ts'

type Refusal = { readonly cause: string; readonly remedy: string }

const TABLES: readonly Readonly<Record<string, Refusal>>[] = [
  CAPABILITY_REFUSALS,
  LEDGER_REFUSALS,
  ESCROW_REFUSALS,
  BOOKS_REFUSALS,
  TERMS_REFUSALS,
  GOVERNANCE_REFUSALS,
  NOTARY_REFUSALS,
  MARKET_CODES,
  CARD_CODES,
  CARD_READ_REFUSALS,
  PARTY_CODES,
  BUY_CODES,
  BIDDER_CODES,
  AUCTION_CODES,
  ENVELOPE_REFUSALS,
  METERING_REFUSALS,
]

/** What a refusal code means and what to do; `undefined` for a code of nobody here. */
export function explainRefusal(code: string): Refusal | undefined {
  for (const table of TABLES) if (Object.hasOwn(table, code)) return table[code]
  return undefined
}

/** `MARKET_REFUSED` with the code of the area, its cause and its remedy. */
export function marketRefusal(code: string, details: Readonly<Record<string, unknown>> = {}): CodedError {
  const { cause, remedy } = explainRefusal(code) ?? {
    cause: 'The notary set refused it.',
    remedy: 'Look the code up where the set is run.',
  }
  return new CodedError('MARKET_REFUSED', { message: `${code}: ${cause}`, details: { ...details, code, remedy } })
}
