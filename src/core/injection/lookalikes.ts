/** Letters that look like one of Latin, each under the letter that it looks like. Small capitals and the like are among them: no language writes whole words in them. */
const LOOKALIKES: readonly (readonly [latin: string, lookalikes: string])[] = [
  ['a', '\u0430\u03b1\u0251\u1d00'],
  ['b', '\u044c\u0432\u03b2\u0299\u0253'],
  ['c', '\u0441\u03f2\u1d04'],
  ['d', '\u0501\u0257\u1d05'],
  ['e', '\u0435\u03b5\u1d07\u0454\u04bd'],
  ['f', '\ua730\u0192\u03dd'],
  ['g', '\u0261\u0262\u0581'],
  ['h', '\u04bb\u029c\u0570\u043d'],
  ['i', '\u0456\u03b9\u0131\u026a\u0269\ua647'],
  ['j', '\u0458\u03f3\u1d0a'],
  ['k', '\u043a\u03ba\u1d0b'],
  ['l', '\u04cf\u029f\u026d'],
  ['m', '\u043c\u1d0d'],
  ['n', '\u043f\u03b7\u0274\u0578'],
  ['o', '\u043e\u03bf\u03c3\u1d0f\u0585'],
  ['p', '\u0440\u03c1\u1d18'],
  ['q', '\u051b\u01eb'],
  ['r', '\u0433\u0280'],
  ['s', '\u0455\ua731'],
  ['t', '\u0442\u03c4\u1d1b'],
  ['u', '\u03c5\u057d\u1d1c'],
  ['v', '\u03bd\u0475\u1d20'],
  ['w', '\u051d\u03c9\u0461\u1d21'],
  ['x', '\u0445\u03c7\u04b3'],
  ['y', '\u0443\u03b3\u04af\u028f'],
  ['z', '\u1d22'],
]

const LATIN_OF: ReadonlyMap<string, string> = new Map(
  LOOKALIKES.flatMap(([latin, lookalikes]) =>
    Array.from(lookalikes).flatMap((letter): [string, string][] => {
      const upper = letter.toUpperCase()
      return upper === letter
        ? [[letter, latin]]
        : [
            [letter, latin],
            [upper, latin.toUpperCase()],
          ]
    }),
  ),
)

/** Words that may mix: runs of letters with a letter in them that is not plain. */
const WORD = /\p{L}+/gu
const LATIN = /[a-z]/i
const SMALL_CAPITAL = /[\u1d00-\u1d22\u0262\u026a\u0274\u0280\u028f\u0299\u029c\u029f\ua730\ua731]/u
/** Letters in black discs and squares: A to Z three times. Compatibility forms leave them as they are. */
const ENCLOSED = /[\u{1f150}-\u{1f169}\u{1f170}-\u{1f189}]/gu

/**
 * Words that are part Latin and part another script are read as Latin, as people read them, and so are small capitals and letters in black discs. A word that is wholly
 * of its own script stays: it may be a word of a language.
 */
export function foldLookalikes(text: string): string {
  const opened = text.replace(ENCLOSED, (letter) =>
    String.fromCharCode(97 + (((letter.codePointAt(0) ?? 0) - 0x1f150) % 32)),
  )
  return opened.replace(WORD, (word) =>
    !isPlain(word) && (LATIN.test(word) || SMALL_CAPITAL.test(word))
      ? Array.from(word, (letter) => LATIN_OF.get(letter) ?? letter).join('')
      : word,
  )
}

function isPlain(word: string): boolean {
  for (let at = 0; at < word.length; at += 1) if (word.charCodeAt(at) > 0x7f) return false
  return true
}
