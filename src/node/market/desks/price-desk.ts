import type { JsonValue } from '../../../base/canonical-json.ts'
import type { Amount } from '../../../base/money.ts'
import { parseDid } from '../../../core/evidence/names.ts'
import { type Currency, parseCurrency } from '../../../core/ledger/ledger-names.ts'
import { suggestReservePrice, summarizePrices } from '../../../core/market/price-history.ts'
import { attest } from '../../../market/parties/attestations.ts'
import { type ControlRequest, invalidRequest, optionalText, requiredText } from '../../control/control-request.ts'
import { capabilitiesOf } from './buy-request.ts'
import { plain } from './plain-json.ts'
import type { PartyRole } from '../../../market/parties/role/start-party.ts'

/** A suggested highest price is above what nine in ten of the known ones were, by a tenth. */
const HEADROOM_PPM = 100_000

/** What was paid for skills, as far as this node knows. Amounts are decimal texts of nano-units. Throws `REQUEST_INVALID`. */
export function listPrices({ prices }: Pick<PartyRole, 'prices'>, request: ControlRequest): JsonValue {
  const [skill, code] = [optionalText(request, 'skill'), optionalText(request, 'currency')]
  if (code !== undefined && code.includes('@') && parseCurrency(code) === undefined)
    throw invalidRequest('currency', 'currency must be CODE@DID, or a code')
  const history = prices.history()
  const wanted = history.series.filter(
    (one) =>
      (skill === undefined || one.skill === skill) &&
      (code === undefined || one.currency === code || one.currency.startsWith(`${code}@`)),
  )
  const lines = wanted.flatMap((of) => {
    const summary = summarizePrices(history, of)
    const suggestedNanos = suggestReservePrice(history, of, HEADROOM_PPM) ?? null
    return summary === undefined ? [] : [{ skill: of.skill, currency: of.currency, ...summary, suggestedNanos }]
  })
  return { prices: plain(lines) }
}

/** The highest price of a purchase that names none. Throws `REQUEST_INVALID` where too few are known. */
export function usualPrice({ prices }: Pick<PartyRole, 'prices'>, skill: string, currency: Currency): Amount {
  const suggested = suggestReservePrice(prices.history(), { skill, currency }, HEADROOM_PPM)
  if (suggested !== undefined) return suggested
  throw invalidRequest('nanos', `Too little is known of prices for ${skill}: name the most that it may cost with --max`)
}

/** What this node vouches for to itself of a seller. Throws `REQUEST_INVALID`, `MARKET_ATTESTED_FULL`. */
export async function attestCapability(
  { party }: Pick<PartyRole, 'party'>,
  request: ControlRequest,
): Promise<JsonValue> {
  const seller = parseDid(requiredText(request, 'seller'))
  if (seller === undefined) throw invalidRequest('seller', 'seller must be a did:key, that of its escrow key')
  const names = capabilitiesOf(request)
  if (names.length === 0) throw invalidRequest('capabilities', 'Name a capability')
  const isWithdrawn = request['isWithdrawn'] === true
  let capabilities: readonly string[] = []
  for (const capability of names) capabilities = await attest(party, seller, { capability, isWithdrawn })
  return { seller, capabilities: plain(capabilities) }
}
