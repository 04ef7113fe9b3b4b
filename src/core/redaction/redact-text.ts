import { scanSecrets } from './scan-secrets.ts'
import type { FoundSecret } from './secret-kind.ts'

/** The text with `[redacted KIND]` in place of each secret; the very text where there is none. */
export function redactText(text: string): string {
  return replaceSecrets(text, ({ kind }) => `[redacted ${kind}]`)
}

/** The text with another one in place of each secret. */
export function replaceSecrets(text: string, replacementOf: (secret: FoundSecret, value: string) => string): string {
  const { found } = scanSecrets(text)
  if (found.length === 0) return text
  let out = ''
  let last = 0
  for (const secret of found) {
    const { start, end } = secret
    out += text.slice(last, start) + replacementOf(secret, text.slice(start, end))
    last = end
  }
  return out + text.slice(last)
}

const DEPTH_MAX = 32

/** A document of JSON, or one with bigints, with every text in it redacted, and the names of members as well. What lies too deep is left out. */
export function redactDocument(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= DEPTH_MAX) return null
  if (Array.isArray(value)) return value.map((item) => redactDocument(item, depth + 1))
  const entries: [string, unknown][] = Object.entries(value)
  return Object.fromEntries(entries.map(([name, member]) => [redactText(name), redactMember(name, member, depth)]))
}

/** A member is judged with its name, as in `"password": "..."`. */
function redactMember(name: string, member: unknown, depth: number): unknown {
  if (typeof member !== 'string') return redactDocument(member, depth + 1)
  const lead = `${name}=`
  const together = redactText(lead + member)
  return together.startsWith(lead) ? redactText(together.slice(lead.length)) : redactText(member)
}
