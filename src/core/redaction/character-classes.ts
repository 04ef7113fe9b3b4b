/** Classes of UTF-16 units, as bits of a table: what a scan asks of each unit is one look. */
export const DIGIT = 1
export const LETTER = 2
const UNDERLINE = 4
const TOKEN_SIGN = 8
const MAIL_SIGN = 16

export const ALPHANUMERIC: number = DIGIT | LETTER
/** `[A-Za-z0-9_-]`. */
export const WORD: number = ALPHANUMERIC | UNDERLINE
/** What a bearer token may have (RFC 6750, section 2.1), without its padding. */
export const TOKEN: number = WORD | TOKEN_SIGN
/** What stands before the `@` of an address. */
export const MAILBOX: number = WORD | MAIL_SIGN

const CLASSES: Uint8Array = makeClasses()

function makeClasses(): Uint8Array {
  const classes = new Uint8Array(128)
  const add = (characters: string, bit: number): void => {
    for (let at = 0; at < characters.length; at += 1) {
      const code = characters.charCodeAt(at)
      classes[code] = (classes[code] ?? 0) | bit
    }
  }
  add('0123456789', DIGIT)
  add('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', LETTER)
  add('_-', UNDERLINE)
  add('.~+/', TOKEN_SIGN)
  add('.%+', MAIL_SIGN)
  return classes
}

/** Whether the unit at a place is of one of the classes; false outside of the text. */
export function isOf(text: string, at: number, classes: number): boolean {
  return ((CLASSES[text.charCodeAt(at)] ?? 0) & classes) !== 0
}

/** Whether the unit at a place is a letter of Latin, Greek or Cyrillic beyond ASCII, or a mark upon one. */
export function isAccented(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return (code >= 0xc0 && code <= 0x24f && code !== 0xd7 && code !== 0xf7) || (code >= 0x300 && code <= 0x52f)
}

/** A text that is read from left to right, and how many units were looked at. */
export class Reading {
  readonly text: string
  steps = 0

  constructor(text: string) {
    this.text = text
  }

  is(at: number, classes: number): boolean {
    this.steps += 1
    return isOf(this.text, at, classes)
  }

  /** The first place from `at` on, and before `limit`, that is of none of the classes. */
  endOf(at: number, classes: number, limit: number = this.text.length): number {
    let end = at
    while (end < limit && this.is(end, classes)) end += 1
    return end
  }

  /** Whether the text goes on with `word`, whatever its case. `word` is in lower case. */
  goesOnWith(word: string, at: number): boolean {
    for (let index = 0; index < word.length; index += 1) {
      this.steps += 1
      const code = this.text.charCodeAt(at + index)
      const lower = code >= 65 && code <= 90 ? code + 32 : code
      if (lower !== word.charCodeAt(index)) return false
    }
    return true
  }

  /** Behind blanks, at most `most` of them. */
  skipBlanks(at: number, most: number): number {
    let end = at
    while (end < at + most && (this.text[end] === ' ' || this.text[end] === '\t')) end += 1
    this.steps += end - at + 1
    return end
  }
}
