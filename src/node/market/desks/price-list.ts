import { parseAmount } from '../../../base/money.ts'
import { METER_UNITS_MAX, type PriceList, type UnitPrice } from '../../../core/metering/meter.ts'
import { invalidRequest } from '../../control/control-request.ts'
import { METER_UNIT } from '../../../market/parties/role/work-meter.ts'

const PER = /^[1-9][0-9]{0,18}$/

/**
 * Prices of units as a file has them: credits for one, `"0.000001"`, or for so many, `{"credits": "0.5", "per": "1000"}`. Throws `REQUEST_INVALID`.
 */
export function parsePriceList(json: unknown): PriceList {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw wrong('are an object, units by name')
  const entries = Object.entries(json)
  if (entries.length > METER_UNITS_MAX) throw wrong(`name ${METER_UNITS_MAX} units at most`)
  return new Map(entries.map(([unit, value]) => [unit, priceOf(unit, value)]))
}

function priceOf(unit: string, value: unknown): UnitPrice {
  const { credits, per = '1' } = typeof value === 'object' && value !== null ? (value as PriceJson) : { credits: value }
  const nanos = typeof credits === 'string' ? parseAmount(credits) : undefined
  if (!METER_UNIT.test(unit)) throw wrong(`name units by words such as bytes.in, not ${unit}`)
  if (nanos === undefined || typeof per !== 'string' || !PER.test(per))
    throw wrong(`of ${unit} are "0.000001", or {"credits": "0.5", "per": "1000"}`)
  return { nanos, per: BigInt(per) }
}

type PriceJson = { readonly credits?: unknown; readonly per?: unknown }

function wrong(what: string): Error {
  return invalidRequest('prices', `Prices ${what}`)
}
