import { INVISIBLE } from '../text/invisible-characters.ts'
import { foldLookalikes } from './lookalikes.ts'

/** A text as a model reads it, and what was hidden in it from the eyes of people. */
export type VisibleText = {
  /** Compatibility forms folded (full-width letters, ligatures), lookalikes read as what they look like, invisible characters left out, blanks kept. */
  readonly text: string
  /** Characters that no screen shows: zero-width, direction marks, tags, soft hyphens, fillers. */
  readonly hiddenCount: number
}

/** Marks that are left upon plain letters: what a language writes has one character for both. */
const LOOSE_MARKS = /(?<=[a-z])\p{M}+/giu

/** The characters of the tag block stand for ASCII: an instruction written in them is read as the instruction. */
function untagged(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return code >= 0xe0020 && code <= 0xe007e ? String.fromCharCode(code - 0xe0000) : ''
}

/** Undoes what makes a text look otherwise than it reads: the score of `ig<zero width>nore` is that of `ignore`. */
export function visibleText(text: string): VisibleText {
  if (isAscii(text)) return { text, hiddenCount: 0 }
  let hiddenCount = 0
  // Before the compatibility forms too: those of fillers are fillers, which would part the word.
  const visible = text.replace(INVISIBLE, (character) => {
    // A selector of a variant behind an emoji is ordinary.
    if (character < '\ufe00' || character > '\ufe0f') hiddenCount += 1
    return untagged(character)
  })
  const folded = visible.normalize('NFKC').replace(INVISIBLE, '').replace(LOOSE_MARKS, '')
  return { text: foldLookalikes(folded), hiddenCount }
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return false
  return true
}

/** Marks upon Latin letters; those of other scripts make other letters. */
const LATIN_MARKS = /(?<=[a-z])\p{M}+/gu

/** Lower-case words with one blank between, Latin letters without their accents: what rules over words are written for. Letters and digits of every script make a word, and so does an apostrophe inside one. */
export function wordsOf(text: string): string {
  const lower = text.toLowerCase()
  if (isAscii(lower))
    return ` ${lower
      .replaceAll("'", '')
      .replace(/[^a-z0-9]+/g, ' ')
      .trim()} `
  const plain = lower.normalize('NFD').replace(LATIN_MARKS, '').normalize('NFC')
  return ` ${plain
    .replace(/['\u2019]/g, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()} `
}
