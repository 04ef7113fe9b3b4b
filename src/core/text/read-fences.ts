/** Texts of a prompt by whether they stand in a fence of `fenceSections`. */
export type FencedParts = {
  /** What stands outside of all fences. */
  readonly outside: string
  readonly sections: readonly { readonly name: string; readonly content: string }[]
}

const OPENING = /<<<(DATA-[0-9a-z]+-) ([a-z][a-z0-9-]{0,63})\n/

/**
 * Finds the fences of a prompt again. A fence that never closes goes to the end of the text: whoever leaves one open gains nothing. Linear in the text
 * for every marker that occurs in it.
 */
export function readFences(text: string): FencedParts {
  if (!text.includes('<<<DATA-')) return { outside: text, sections: [] }
  const sections: { name: string; content: string }[] = []
  const outside: string[] = []
  let from = 0
  // A state of its own: where the next search begins.
  const openings = new RegExp(OPENING, 'g')
  for (let opening = openings.exec(text); opening !== null; opening = openings.exec(text)) {
    const [line, marker = '', name = ''] = opening
    const start = opening.index + line.length
    const end = text.indexOf(`\n${marker}>>>`, start - 1)
    outside.push(text.slice(from, opening.index))
    sections.push({ name, content: text.slice(start, end === -1 ? text.length : Math.max(start, end)) })
    from = end === -1 ? text.length : end + marker.length + 4
    openings.lastIndex = from
  }
  outside.push(text.slice(from))
  return { outside: outside.join('\n'), sections }
}

const MARKS = /<<<DATA-[0-9a-z]+- [a-z][a-z0-9-]{0,63}\n|DATA-[0-9a-z]+->>>/g

/** The text as if nothing in it were a fence, for texts of those who may write no fences: what they write as one would cut their text into pieces that say nothing. */
export function withoutFences(text: string): string {
  return text.includes('DATA-') ? text.replace(MARKS, ' ') : text
}
