/** A value that JSON can carry without loss. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined }

/**
 * JSON with object keys in UTF-16 code unit order and no white space, so that equal values give equal bytes.
 * Numbers are written as ECMAScript writes them (RFC 8785, sections 3.2.2 and 3.2.3). Members that are `undefined` are left out.
 *
 * Throws `TypeError` for what JSON cannot carry: NaN, infinities, bigint, functions, symbols and lone surrogates.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return canonicalString(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`Not a JSON number: ${value}`)
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`
  if (typeof value === 'object') return canonicalObject(value)
  throw new TypeError(`Not a JSON value: ${typeof value}`)
}

function canonicalObject(value: object): string {
  const members: string[] = []
  for (const key of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[key]
    if (member !== undefined) members.push(`${canonicalString(key)}:${canonicalJson(member)}`)
  }
  return `{${members.join(',')}}`
}

function canonicalString(text: string): string {
  if (!isWellFormed(text)) throw new TypeError('A JSON string may not hold a lone surrogate')
  return JSON.stringify(text)
}

/** `String.prototype.isWellFormed` is ES2024; core is compiled for ES2023. In Unicode mode, `\p{Surrogate}` matches lone halves only. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}
