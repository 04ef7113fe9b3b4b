import { parseFlatRows } from './parse-flat-rows.ts'
import { parseGenaiPrices } from './parse-genai-prices.ts'
import { parseLitellm } from './parse-litellm.ts'
import { parseOpenrouter } from './parse-openrouter.ts'
import { parsePortkey } from './parse-portkey.ts'
import { isRecord, type ParsedPriceList, type PriceListFormat, type PriceListOrigin } from './price-row.ts'

/**
 * Reads a public price list: the raw document of the named format, or rows already brought into the flat form.
 *
 * @param document The parsed JSON, untrusted.
 * @returns `undefined` when the document is not of that format at all. A wrong row never fails the list: it is in `refused` with
 *   its reason.
 */
export function parsePriceList(
  format: PriceListFormat,
  document: unknown,
  origin: PriceListOrigin,
): ParsedPriceList | undefined {
  if (Array.isArray(document) && document.some((row) => isRecord(row) && 'input_usd_per_mtok' in row)) {
    return parseFlatRows(document, origin)
  }
  switch (format) {
    case 'litellm':
      return isRecord(document) ? parseLitellm(document, origin) : undefined
    case 'openrouter': {
      const models = isRecord(document) ? document['data'] : document
      return Array.isArray(models) ? parseOpenrouter(models, origin) : undefined
    }
    case 'genai-prices': {
      const providers = isRecord(document) ? document['providers'] : document
      return Array.isArray(providers) ? parseGenaiPrices(providers, origin) : undefined
    }
    case 'portkey':
      return isRecord(document) ? parsePortkey(document, origin) : undefined
  }
}
