/** What a text has in it that could be read in another way. */
export type ReadingSigns = {
  /** A hyphen: words may be cut. */
  readonly hyphens: boolean
  /** Signs that mark words up. */
  readonly markup: boolean
  /** Four single letters with a sign between each, or a word of fourteen letters. */
  readonly gaps: boolean
  /** A word of letters with digits or signs among them. */
  readonly spelling: boolean
  /** Entities, escapes or percent signs. */
  readonly escapes: boolean
  /** A run that may be base64. */
  readonly base64: boolean
  /** A run of hexadecimal digits. */
  readonly hex: boolean
}

/** For texts that are not looked at closely: everything is tried. */
export const ALL_SIGNS: ReadingSigns = {
  hyphens: true,
  markup: true,
  gaps: true,
  spelling: true,
  escapes: true,
  base64: true,
  hex: true,
}

/** Classes of ASCII characters, one bit each. */
const LETTER = 1
const DIGIT = 2
const HYPHEN = 4
/** `<`, `*`, `_`, `~`, backquote. */
const MARKUP = 8
/** What may stand between gapped letters. */
const GAP = 16
/** What stands for letters, beside digits: `@`, `$`, `!`, `|`. */
const LETTER_SIGN = 32
/** `&`, backslash, `%`. */
const ESCAPE = 64
/** What base64 has beside letters and digits. */
const BASE64_SIGN = 128
/** Hexadecimal digits, and what may stand between pairs of them. */
const HEX = 256

const GAPPED_LETTERS = 4
const GLUED_LETTERS = 14
const BASE64_LEAST = 16
/** Twelve pairs. */
const HEX_LEAST = 24

const CLASSES: Uint16Array = classesOfAscii()

function classesOfAscii(): Uint16Array {
  const classes = new Uint16Array(128)
  const mark = (characters: string, bits: number): void => {
    for (const character of characters)
      classes[character.charCodeAt(0)] = (classes[character.charCodeAt(0)] ?? 0) | bits
  }
  mark('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', LETTER)
  mark('0123456789', DIGIT)
  mark('0123456789abcdefABCDEF :', HEX)
  mark('-', HYPHEN | GAP | BASE64_SIGN)
  mark('_', MARKUP | GAP | BASE64_SIGN)
  mark('*', MARKUP | GAP)
  mark('<~`', MARKUP)
  mark(' \n.', GAP)
  mark('@$!|', LETTER_SIGN)
  mark('&\\%', ESCAPE)
  mark('+/', BASE64_SIGN)
  return classes
}

/**
 * One look at each character, so that an ordinary text is read in no other way at all. Where it says that a sign is missing, the reading that needs it changes nothing. Texts with characters
 * beyond ASCII have all signs.
 */
export function signsOf(text: string): ReadingSigns {
  let seen = 0
  let [letters, gapped, base64, hex] = [0, 0, 0, 0]
  let isGapped = false
  let [isGlued, isBase64, isHex, isSpelling] = [false, false, false, false]
  /** Of the word that may be spelt with signs: which kinds of characters it has. */
  let word = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code > 127) return ALL_SIGNS
    const bits = CLASSES[code] ?? 0
    seen |= bits
    letters = (bits & LETTER) === 0 ? 0 : letters + 1
    if (letters >= GLUED_LETTERS) isGlued = true
    base64 = (bits & (LETTER | DIGIT | BASE64_SIGN)) === 0 ? 0 : base64 + 1
    if (base64 >= BASE64_LEAST) isBase64 = true
    hex = (bits & HEX) === 0 ? 0 : hex + 1
    if (hex >= HEX_LEAST) isHex = true
    // Letters and signs in turn; whether words end around them is looked at where there are enough.
    if ((bits & LETTER) !== 0) gapped = letters === 1 ? gapped + 1 : 1
    else if ((bits & GAP) === 0 || ((CLASSES[text.charCodeAt(at - 1)] ?? 0) & LETTER) === 0) gapped = 0
    if (gapped >= GAPPED_LETTERS) isGapped = true
    word = (bits & (LETTER | DIGIT | LETTER_SIGN)) === 0 && code !== 95 ? 0 : word | bits
    if ((word & LETTER) !== 0 && (word & (DIGIT | LETTER_SIGN)) !== 0) isSpelling = true
  }
  return {
    hyphens: (seen & HYPHEN) !== 0,
    markup: (seen & (MARKUP | HYPHEN)) !== 0,
    gaps: isGapped || isGlued,
    spelling: isSpelling,
    escapes: (seen & ESCAPE) !== 0,
    base64: isBase64,
    hex: isHex,
  }
}
