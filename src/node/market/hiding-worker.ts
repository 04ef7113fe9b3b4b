import type { JsonValue } from '../../base/canonical-json.ts'
import { replaceSecrets } from '../../core/redaction/redact-text.ts'
import { decodeUtf8 } from '../../core/text/decode-utf8.ts'
import type { MarketWorker } from '../../market/parties/role/market-worker.ts'

/**
 * A worker that hands no secrets of this node to whoever pays: in its results and in what it tells of its progress `[redacted KIND]` stands in their place. What the
 * payer has sent itself it gets back as it is. Results that are no text are not looked at.
 */
export function createHidingWorker(worker: MarketWorker): MarketWorker {
  return async (input, options) => {
    const hide = hiderFor(input)
    const result = await worker(input, {
      ...options,
      progress: ({ text, partial, ...made }) =>
        options.progress({
          ...made,
          ...(text !== undefined && { text: hide(text) }),
          ...(partial !== undefined && { partial: hideInBytes(partial, hide) }),
        }),
    })
    return hideInBytes(result, hide)
  }
}

type Hide = (text: string) => string

function hiderFor(input: Uint8Array): Hide {
  const sent = decodeUtf8(input) ?? ''
  const isSent = (secret: string): boolean =>
    sent.includes(secret) || sent.includes(JSON.stringify(secret).slice(1, -1))
  return (text) => replaceSecrets(text, ({ kind }, secret) => (isSent(secret) ? secret : `[redacted ${kind}]`))
}

/** The very bytes where nothing was to be hidden. */
function hideInBytes(bytes: Uint8Array, hide: Hide): Uint8Array {
  const text = decodeUtf8(bytes)
  if (text === undefined) return bytes
  const json = parseJson(text)
  const hidden = json === undefined ? hide(text) : JSON.stringify(hideInJson(json, hide))
  const isSame = json === undefined ? hidden === text : hidden === JSON.stringify(json)
  return isSame ? bytes : new TextEncoder().encode(hidden)
}

/** A member is judged with its name, as in `"password": "..."`. */
function hideInJson(value: JsonValue, hide: Hide): JsonValue {
  if (typeof value === 'string') return hide(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item: JsonValue) => hideInJson(item, hide))
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      if (typeof member !== 'string') return [hide(name), hideInJson(member ?? null, hide)]
      const lead = `${name}=`
      const together = hide(lead + member)
      return [hide(name), together.startsWith(lead) ? hide(together.slice(lead.length)) : hide(member)]
    }),
  )
}

function parseJson(text: string): JsonValue | undefined {
  try {
    // What JSON.parse returns is of this type by its own definition.
    return JSON.parse(text) as JsonValue
  } catch {
    return undefined
  }
}
