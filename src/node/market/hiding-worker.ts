import type { JsonValue } from '../../base/canonical-json.ts'
import { PieceRedactor } from '../../core/redaction/redact-pieces.ts'
import { replaceSecrets } from '../../core/redaction/redact-text.ts'
import type { FoundSecret } from '../../core/redaction/secret-kind.ts'
import { decodeUtf8 } from '../../core/text/decode-utf8.ts'
import type { MarketWorker } from '../../market/parties/role/market-worker.ts'

/**
 * A worker that hands no secrets of this node to whoever pays: in its results and in what it tells of its progress `[redacted KIND]` stands in their place. What the
 * payer has sent itself it gets back as it is. Results that are no text are not looked at.
 */
export function createHidingWorker(worker: MarketWorker): MarketWorker {
  return async (input, options) => {
    const replace = replacerFor(input)
    const hide: Hide = (text) => replaceSecrets(text, replace)
    const pieces = new HiddenPieces(replace)
    const result = await worker(input, {
      ...options,
      progress: ({ text, partial, ...made }) => {
        const shown = partial === undefined ? undefined : pieces.take(partial)
        options.progress({
          ...made,
          ...(text !== undefined && { text: hide(text) }),
          ...(shown !== undefined && shown.byteLength > 0 && { partial: shown }),
        })
      },
    })
    const rest = pieces.end()
    if (rest.byteLength > 0) options.progress({ partial: rest })
    return hideInBytes(result, hide)
  }
}

type Hide = (text: string) => string
type Replace = (secret: FoundSecret, value: string) => string

function replacerFor(input: Uint8Array): Replace {
  const sent = decodeUtf8(input) ?? ''
  const isSent = (secret: string): boolean =>
    sent.includes(secret) || sent.includes(JSON.stringify(secret).slice(1, -1))
  return ({ kind }, secret) => (isSent(secret) ? secret : `[redacted ${kind}]`)
}

/** A result that is told in pieces: a secret may be cut over two of them, and so may a character. */
class HiddenPieces {
  private readonly texts: PieceRedactor
  private cut = NO_BYTES
  private isText = true

  constructor(replace: Replace) {
    this.texts = new PieceRedactor(replace)
  }

  take(piece: Uint8Array): Uint8Array {
    if (!this.isText) return piece
    const bytes = joinBytes(this.cut, piece)
    const whole = lengthOfWholeCharacters(bytes)
    const text = decodeUtf8(bytes.subarray(0, whole))
    if (text !== undefined) {
      this.cut = bytes.slice(whole)
      return new TextEncoder().encode(this.texts.take(text))
    }
    this.cut = NO_BYTES
    const before = this.end()
    this.isText = false
    return joinBytes(before, bytes)
  }

  end(): Uint8Array {
    return joinBytes(new TextEncoder().encode(this.texts.end()), this.cut)
  }
}

const NO_BYTES = new Uint8Array(0)

function joinBytes(one: Uint8Array, other: Uint8Array): Uint8Array {
  const joined = new Uint8Array(one.byteLength + other.byteLength)
  joined.set(one)
  joined.set(other, one.byteLength)
  return joined
}

/** Without the beginning of a character of UTF-8 at the end: at most three bytes. */
function lengthOfWholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.byteLength); back += 1) {
    const byte = bytes[bytes.byteLength - back] ?? 0
    if (byte < 0x80) return bytes.byteLength
    if (byte < 0xc0) continue
    const length = 2 + Number(byte >= 0xe0) + Number(byte >= 0xf0)
    return length > back ? bytes.byteLength - back : bytes.byteLength
  }
  return bytes.byteLength
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
