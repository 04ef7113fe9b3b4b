import { collectRows, type RowOutcome } from './collect-rows.ts'
import { isRecord, type ParsedPriceList, type PriceListOrigin, readBasePrice, SCALE } from './price-row.ts'

/**
 * Reads one of Portkey's `pricing/<provider>.json` files, or a map from provider to such files: prices are cents per token under
 * `pricing_config.pay_as_you_go`.
 */
export function parsePortkey(document: Readonly<Record<string, unknown>>, origin: PriceListOrigin): ParsedPriceList {
  const isOneProvider = Object.values(document).some((entry) => isRecord(entry) && 'pricing_config' in entry)
  const providers = isOneProvider ? { [origin.provider ?? 'unknown']: document } : document
  const named: [string, { provider: string; name: string; entry: unknown }][] = []
  for (const [provider, models] of Object.entries(providers)) {
    if (!isRecord(models)) continue
    for (const [name, entry] of Object.entries(models)) {
      named.push([`${provider}/${name}`, { provider, name, entry }])
    }
  }
  return collectRows(named, (_label, { provider, name, entry }) => parseEntry({ provider, name, entry }, origin))
}

type NamedEntry = { readonly provider: string; readonly name: string; readonly entry: unknown }

function parseEntry({ provider, name, entry }: NamedEntry, origin: PriceListOrigin): RowOutcome {
  if (name === 'default') return 'skipped'
  if (!isRecord(entry)) return 'not-an-object'
  const config = isRecord(entry['pricing_config']) ? entry['pricing_config'] : {}
  const figures = isRecord(config['pay_as_you_go']) ? config['pay_as_you_go'] : {}
  if (figures['request_token'] === undefined && figures['response_token'] === undefined) return 'skipped'
  const { provider: _provider, ...listOrigin } = origin
  const price = readBasePrice(
    {
      input: priceOf(figures['request_token']),
      output: priceOf(figures['response_token']),
      cachedInput: priceOf(figures['cache_read_input_token']),
      cacheWrite: priceOf(figures['cache_write_input_token']),
    },
    { exponent: SCALE.centsPerToken, mayBeFree: name.endsWith(':free'), ...listOrigin },
  )
  return typeof price === 'string' ? price : { provider, model: name, prices: [price] }
}

function priceOf(figure: unknown): unknown {
  return isRecord(figure) ? figure['price'] : figure
}
