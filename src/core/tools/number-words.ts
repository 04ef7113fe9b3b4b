const SMALL = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
  'seventeen',
  'eighteen',
  'nineteen',
] as const
const TENS = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'] as const

const VALUES: ReadonlyMap<string, bigint> = new Map([
  ...SMALL.map((word, index) => [word, BigInt(index)] as const),
  ...TENS.map((word, index) => [word, BigInt(20 + 10 * index)] as const),
])

const SCALES: ReadonlyMap<string, bigint> = new Map([
  ['thousand', 1_000n],
  ['million', 1_000_000n],
  ['billion', 1_000_000_000n],
  ['trillion', 1_000_000_000_000n],
])

const RUN = /\b[a-z]+(?:(?:-| and | )[a-z]+)*/g

/**
 * Replaces runs of English number words by digits: `twenty-one`, `two hundred and five`, `three thousand`. A run that is
 * not one well-formed number is left as it is, so that whoever reads the text next refuses it.
 */
export function replaceNumberWords(text: string): string {
  const scaled = text.replace(/(\d) (thousand|million|billion|trillion)\b/g, (_whole, digit: string, scale: string) => {
    // `2.5 million` is a product; written as one it keeps its exact value.
    return `${digit} ×${SCALES.get(scale) ?? ''}`
  })
  const bound = scaled.replace(/(\d[\d,]*(?:\.\d+)?) ×(\d+)/g, '($1*$2)')
  return bound.replace(RUN, (run) => readNumberWords(run)?.toString() ?? run)
}

/** The value of a number in English words, or `undefined`. Below 10^15; `hundred` needs a multiplier. */
export function readNumberWords(text: string): bigint | undefined {
  const words = text.trim().toLowerCase().split(/[ -]/)
  let total = 0n
  let group = 0n
  let lowestScale = 10n ** 15n
  /** Smallest place still free in the group: 1000, 100 (after hundreds), 10 (after tens), 1 (full). */
  let room = 1000n
  for (const [index, word] of words.entries()) {
    const value = VALUES.get(word)
    const scale = SCALES.get(word)
    if (word === 'and') {
      if (room !== 100n || index === words.length - 1) return undefined
    } else if (value !== undefined) {
      const needed = value >= 10n ? 100n : 10n
      if (room < needed || (value === 0n && words.length > 1)) return undefined
      group += value
      room = value >= 20n ? 10n : 1n
    } else if (word === 'hundred') {
      if (group < 1n || group > 9n || room !== 1n) return undefined
      group *= 100n
      room = 100n
    } else if (scale !== undefined) {
      if (group === 0n || scale >= lowestScale) return undefined
      total += group * scale
      lowestScale = scale
      group = 0n
      room = 1000n
    } else return undefined
  }
  return total + group
}
