/** A text as a model reads it, and what was hidden in it from the eyes of people. */
export type VisibleText = {
  /** Compatibility forms folded (full-width letters, ligatures), invisible characters left out, blanks kept. */
  readonly text: string
  /** Characters that no screen shows: zero-width, direction marks, tags, soft hyphens. */
  readonly hiddenCount: number
}

/** What no screen shows and a tokenizer reads all the same; tags (U+E0000 to U+E007F) spell whole sentences. A variation selector behind an emoji is ordinary. */
const HIDDEN = /\u{34f}|[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/gu

/** The characters of the tag block stand for ASCII: an instruction written in them is read as the instruction. */
function untagged(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return code >= 0xe0020 && code <= 0xe007e ? String.fromCharCode(code - 0xe0000) : ''
}

/** Undoes what makes a text look otherwise than it reads: the score of `ig<zero width>nore` is that of `ignore`. */
export function visibleText(text: string): VisibleText {
  const folded = isAscii(text) ? text : text.normalize('NFKC')
  if (folded === text && isAscii(text)) return { text, hiddenCount: 0 }
  let hiddenCount = 0
  const visible = folded.replace(HIDDEN, (character) => {
    hiddenCount += 1
    return untagged(character)
  })
  return { text: visible, hiddenCount }
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return false
  return true
}

/** Lower-case words with one blank between: what rules over words are written for. Letters and digits of every script make a word, and so does an apostrophe inside one. */
export function wordsOf(text: string): string {
  return ` ${text
    .toLowerCase()
    .replace(/['\u2019]/g, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()} `
}
