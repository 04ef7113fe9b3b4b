/** Where a text may be cut, best first: between paragraphs, lines, sentences, words. */
const CUTS = [/\n\s*\n/g, /\n/g, /(?<=[.!?])\s/g, /\s/g]

/**
 * Cuts a text into parts of at most `partChars` (1 or more) UTF-16 units, at the best place in the second half of each
 * part; a part is cut anywhere only where it has no white space there, and then not within a surrogate pair. Nothing is
 * lost but white space at the cuts.
 */
export function splitText(text: string, partChars: number): readonly string[] {
  const parts: string[] = []
  let rest = text.trim()
  while (rest.length > partChars) {
    const end = cutOf(rest, partChars)
    parts.push(rest.slice(0, end).trimEnd())
    rest = rest.slice(end).trimStart()
  }
  if (rest !== '') parts.push(rest)
  return parts
}

function cutOf(text: string, partChars: number): number {
  const from = Math.floor(partChars / 2)
  const window = text.slice(from, partChars)
  for (const cut of CUTS) {
    const last = [...window.matchAll(cut)].at(-1)
    if (last !== undefined && from + last.index > 0) return from + last.index
  }
  const splitsPair = /[\ud800-\udbff]/.test(text.charAt(partChars - 1)) && partChars > 1
  return splitsPair ? partChars - 1 : partChars
}

/** Joins neighbours while the result has at most `partChars`. */
export function joinShortParts(parts: readonly string[], partChars: number): readonly string[] {
  const joined: string[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (last !== undefined && last.length + part.length + 2 <= partChars)
      joined[joined.length - 1] = `${last}\n\n${part}`
    else joined.push(part)
  }
  return joined
}
