/** JSON found in a model's reply, or nothing. */
export type ExtractedJson = { readonly value: unknown } | undefined

const FENCED = /```(?:json|JSON)?[ \t]*\r?\n([\s\S]*?)\r?\n?```/

/**
 * Reads the JSON of a model's reply that was asked for JSON only: the reply itself, else the first fenced block, else the
 * outermost `[...]` or `{...}`. Prose around it is tolerated; broken JSON is not mended.
 *
 * @param shape  Which outermost bracket to look for.
 */
export function extractJson(reply: string, shape: 'array' | 'object'): ExtractedJson {
  const candidates = [reply.trim(), FENCED.exec(reply)?.[1]?.trim(), outermost(reply, shape)]
  for (const candidate of candidates) {
    if (candidate === undefined || candidate === '') continue
    const parsed = parseJson(candidate)
    if (parsed !== undefined && typeof parsed.value === 'object' && parsed.value !== null) return parsed
  }
  return undefined
}

/** `JSON.parse` as a value: `undefined` instead of an exception. */
export function parseJson(text: string): ExtractedJson {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

function outermost(reply: string, shape: 'array' | 'object'): string | undefined {
  const start = reply.indexOf(shape === 'array' ? '[' : '{')
  const end = reply.lastIndexOf(shape === 'array' ? ']' : '}')
  return start >= 0 && end > start ? reply.slice(start, end + 1) : undefined
}
