/**
 * Reading of provider answers, which are untrusted JSON: each function returns the value when it has the wanted type and nothing otherwise,
 * so that a wrong member is handled where the answer as a whole is judged.
 */
export type JsonRecord = Readonly<Record<string, unknown>>

export function asRecord(value: unknown): JsonRecord | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : undefined
}

export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** A whole number of 0 or more. */
export function asCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/** Far above every context window: a count beyond it is a fault of the server, and its price would be no amount. */
const TOKENS_MAX = 100_000_000

/** A number of tokens as a provider reports it. */
export function asTokenCount(value: unknown): number | undefined {
  const count = asCount(value)
  return count !== undefined && count <= TOKENS_MAX ? count : undefined
}

/** The parsed text, or `undefined` when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
