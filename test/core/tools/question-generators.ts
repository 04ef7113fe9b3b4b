import { createRandomStream } from '../../../src/base/random-stream.ts'

/**
 * Questions of every kind with the answers of independent oracles: plain BigInt fractions, `Date`, `Intl`-free string
 * handling and the built-in regular expressions. Nothing here calls the code under test.
 */
export type GeneratedQuestion = { readonly question: string; readonly expected: string }

export type Draw = {
  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number
  pick<Item>(items: readonly Item[]): Item
  chance(probability: number): boolean
}

export function createDraw(seed: number): Draw {
  const stream = createRandomStream(seed)
  const int = (low: number, high: number): number => low + stream.nextBelow(high - low + 1)
  return {
    int,
    pick: (items) => {
      const item = items[int(0, items.length - 1)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
    chance: (probability) => stream.nextUnit() < probability,
  }
}

type Fraction = { readonly n: bigint; readonly d: bigint }

/** Decimal expansion by long division; `undefined` when it does not end within 30 digits. */
function expand({ n, d }: Fraction): string | undefined {
  const sign = n < 0n !== d < 0n && n !== 0n ? '-' : ''
  const [numerator, denominator] = [n < 0n ? -n : n, d < 0n ? -d : d]
  let rest = numerator % denominator
  let digits = ''
  while (rest !== 0n && digits.length < 31) {
    rest *= 10n
    digits += String(rest / denominator)
    rest %= denominator
  }
  if (digits.length > 30) return undefined
  return `${sign}${numerator / denominator}${digits === '' ? '' : `.${digits}`}`
}

function lowest({ n, d }: Fraction): Fraction {
  const size = (value: bigint): bigint => (value < 0n ? -value : value)
  const divisor = (a: bigint, b: bigint): bigint => (b === 0n ? a : divisor(b, a % b))
  const common = divisor(size(n), size(d)) * (d < 0n ? -1n : 1n)
  return { n: n / common, d: d / common }
}

function tenDigits({ n, d }: Fraction): string {
  return String(Number((Number(n) / Number(d)).toPrecision(10)))
}

function exactText(value: Fraction): string {
  const { n, d } = lowest(value)
  return expand(value) ?? `${n}/${d} ≈ ${plain(tenDigits(value))}`
}

/** `1.25e-7` as `0.000000125`. */
function plain(text: string): string {
  const [mantissa = '', exponent] = text.split('e-')
  if (exponent === undefined) return text
  const sign = mantissa.startsWith('-') ? '-' : ''
  return `${sign}0.${'0'.repeat(Number(exponent) - 1)}${mantissa.replace(/[-.]/g, '')}`
}

type Tree = { readonly text: string; readonly value: Fraction; readonly isAtom: boolean }

function group(digits: string): string {
  return digits.replace(/\B(?=(?:\d{3})+$)/g, ',')
}

function randomNumber(draw: Draw): Tree {
  if (draw.chance(0.25)) {
    const scaled = BigInt(draw.int(1, 99999))
    const text = `${scaled / 100n}.${String(scaled % 100n).padStart(2, '0')}`
    return { text, value: { n: scaled, d: 100n }, isAtom: true }
  }
  const whole = draw.int(0, draw.chance(0.2) ? 9_999_999 : 999)
  const text = draw.chance(0.3) ? group(String(whole)) : String(whole)
  return { text, value: { n: BigInt(whole), d: 1n }, isAtom: true }
}

function randomTree(draw: Draw, depth: number): Tree {
  if (depth === 0 || draw.chance(0.2)) return randomNumber(draw)
  const [left, right] = [randomTree(draw, depth - 1), randomTree(draw, depth - 1)]
  const operator = draw.pick(['+', '-', '*', '/', '×', '÷'] as const)
  const a = left.isAtom ? left.text : `(${left.text})`
  const b = right.isAtom ? right.text : `(${right.text})`
  const text = `${a} ${operator} ${b}`
  const [l, r] = [left.value, right.value]
  if (operator === '+') return { text, value: { n: l.n * r.d + r.n * l.d, d: l.d * r.d }, isAtom: false }
  if (operator === '-') return { text, value: { n: l.n * r.d - r.n * l.d, d: l.d * r.d }, isAtom: false }
  if (operator === '*' || operator === '×') return { text, value: { n: l.n * r.n, d: l.d * r.d }, isAtom: false }
  if (r.n === 0n) return left
  return { text, value: { n: l.n * r.d, d: l.d * r.n }, isAtom: false }
}

const OPERATOR_WORDS: Readonly<Record<string, string>> = { '+': 'plus', '-': 'minus', '*': 'times', '/': 'divided by' }

function wordedQuestion(draw: Draw): GeneratedQuestion {
  const [a, b] = [draw.int(1, 500), draw.int(1, 500)]
  const sign = draw.pick(['+', '-', '*', '/'])
  const values: Readonly<Record<string, Fraction>> = {
    '+': { n: BigInt(a + b), d: 1n },
    '-': { n: BigInt(a - b), d: 1n },
    '*': { n: BigInt(a * b), d: 1n },
    '/': { n: BigInt(a), d: BigInt(b) },
  }
  return {
    question: `What is ${a} ${OPERATOR_WORDS[sign]} ${b}?`,
    expected: exactText(values[sign] ?? { n: 0n, d: 1n }),
  }
}

/** Two different decimals, compared after scaling to hundredths. */
function comparisonQuestion(draw: Draw): GeneratedQuestion {
  const [a, b] = [draw.int(1, 2000), draw.int(2001, 4000)]
  const write = (hundredths: number): string =>
    `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}`
  const pair = draw.chance(0.5) ? [write(a), write(b)] : [write(b), write(a)]
  return {
    question: draw.pick([
      `Which is larger, ${pair[0]} or ${pair[1]}?`,
      `What number is bigger: ${pair[0]} or ${pair[1]}?`,
      `Which is bigger: ${pair[0]} or ${pair[1]}`,
    ]),
    expected: write(b),
  }
}

export function arithmeticQuestion(draw: Draw): GeneratedQuestion {
  const kind = draw.int(0, 10)
  if (kind === 10) return comparisonQuestion(draw)
  if (kind === 0) return wordedQuestion(draw)
  if (kind === 1) {
    const [share, whole] = [draw.int(1, 200), draw.int(1, 5000)]
    const question = draw.pick([
      `What is ${share}% of ${whole}?`,
      `${share}% of ${whole}`,
      `calculate ${share} percent of ${whole}`,
    ])
    return { question, expected: exactText({ n: BigInt(share * whole), d: 100n }) }
  }
  if (kind === 2) {
    const [base, power] = [draw.int(2, 99), draw.int(2, 40)]
    let value = 1n
    for (let index = 0; index < power; index++) value *= BigInt(base)
    return {
      question: draw.pick([
        `What is ${base}^${power}?`,
        `${base} to the power of ${power}`,
        `calculate ${base} ** ${power}`,
      ]),
      expected: String(value),
    }
  }
  if (kind === 3) {
    const root = draw.int(1, 99999)
    return {
      question: draw.pick([
        `What is the square root of ${root * root}?`,
        `sqrt(${root * root})`,
        `square root of ${root * root}`,
      ]),
      expected: String(root),
    }
  }
  const { text, value, isAtom } = randomTree(draw, draw.int(1, 3))
  if (isAtom) return arithmeticQuestion(draw)
  const question = draw.pick([
    `What is ${text}?`,
    `Calculate ${text}`,
    `compute ${text}.`,
    `${text} = ?`,
    `Please evaluate ${text}`,
    `Can you calculate ${text}?`,
    `What is the value of ${text}?`,
    `what's ${text}`,
    `Solve: ${text}`,
    `How much is ${text}?`,
  ])
  return { question, expected: exactText(value) }
}

/** Factors to a base unit of the dimension as exact decimal strings, from the definitions, independent of the table under test. */
const UNIT_FACTORS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  length: {
    meters: '1',
    kilometers: '1000',
    centimeters: '0.01',
    millimeters: '0.001',
    inches: '0.0254',
    feet: '0.3048',
    yards: '0.9144',
    miles: '1609.344',
    'nautical miles': '1852',
  },
  mass: {
    kilograms: '1',
    grams: '0.001',
    milligrams: '0.000001',
    pounds: '0.45359237',
    ounces: '0.028349523125',
    stone: '6.35029318',
  },
  volume: {
    liters: '1',
    milliliters: '0.001',
    'cubic meters': '1000',
    'US gallons': '3.785411784',
    'US quarts': '0.946352946',
    'US pints': '0.473176473',
    'imperial gallons': '4.54609',
    'imperial pints': '0.56826125',
  },
  area: {
    'square meters': '1',
    'square feet': '0.09290304',
    hectares: '10000',
    acres: '4046.8564224',
    'square kilometers': '1000000',
    'square inches': '0.00064516',
  },
  time: { seconds: '1', minutes: '60', hours: '3600', days: '86400', weeks: '604800', milliseconds: '0.001' },
  data: {
    bytes: '1',
    bits: '0.125',
    kilobytes: '1000',
    megabytes: '1000000',
    gigabytes: '1000000000',
    kibibytes: '1024',
    mebibytes: '1048576',
    gibibytes: '1073741824',
  },
}

function fractionOf(decimal: string): Fraction {
  const [whole = '0', part = ''] = decimal.split('.')
  return { n: BigInt(whole + part), d: 10n ** BigInt(part.length) }
}

const SINGULARS: Readonly<Record<string, string>> = {
  inches: 'inch',
  feet: 'foot',
  stone: 'stone',
  'square inches': 'square inch',
  'square feet': 'square foot',
}

export function unitQuestion(draw: Draw): GeneratedQuestion {
  if (draw.chance(0.12)) return temperatureQuestion(draw)
  if (draw.chance(0.1)) return compoundQuestion(draw)
  const units = Object.entries(UNIT_FACTORS[draw.pick(Object.keys(UNIT_FACTORS))] ?? {})
  const [from, to] = [draw.pick(units), draw.pick(units)]
  if (from[0] === to[0]) return unitQuestion(draw)
  const written = draw.chance(0.3) ? `${draw.int(0, 999)}.${draw.int(1, 9)}` : String(draw.int(2, 5000))
  const [value, a, b] = [fractionOf(written), fractionOf(from[1]), fractionOf(to[1])]
  const result = { n: value.n * a.n * b.d, d: value.d * a.d * b.n }
  const finite = expand(result)
  const name = finite === '1' ? (SINGULARS[to[0]] ?? to[0].replace(/s$/, '')) : to[0]
  const question = draw.pick([
    `Convert ${written} ${from[0]} to ${to[0]}`,
    `How many ${to[0]} are in ${written} ${from[0]}?`,
    `What is ${written} ${from[0]} in ${to[0]}?`,
    `${written} ${from[0]} to ${to[0]}`,
    `how many ${to[0]} is ${written} ${from[0]}`,
    `${written} ${from[0]} is how many ${to[0]}?`,
    `Please convert ${written} ${from[0]} into ${to[0]}.`,
  ])
  return { question, expected: `${finite ?? `≈ ${plain(tenDigits(result))}`} ${name}` }
}

function compoundQuestion(draw: Draw): GeneratedQuestion {
  const [large, small] = [draw.int(1, 300), draw.int(0, 11)]
  const [from, rest, per, to] = draw.pick([
    ['feet', 'inches', 12, 'inches'],
    ['hours', 'minutes', 60, 'minutes'],
    ['days', 'hours', 24, 'hours'],
    ['pounds', 'ounces', 16, 'ounces'],
  ] as const)
  const question = draw.pick([
    `Convert ${large} ${from} ${small} ${rest} to ${to}`,
    `How many ${to} are in ${large} ${from} and ${small} ${rest}?`,
    `What is ${large} ${from} and ${small} ${rest} in ${to}?`,
  ])
  return { question, expected: `${large * per + small} ${to}` }
}

function temperatureQuestion(draw: Draw): GeneratedQuestion {
  const degrees = draw.int(-40, 500)
  const isToCelsius = draw.chance(0.5)
  const result = isToCelsius ? { n: BigInt((degrees - 32) * 5), d: 9n } : { n: BigInt(degrees * 9 + 160), d: 5n }
  const [from, to, name] = isToCelsius ? ['Fahrenheit', 'Celsius', 'Celsius'] : ['Celsius', 'Fahrenheit', 'Fahrenheit']
  const question = draw.pick([
    `Convert ${degrees} degrees ${from} to ${to}`,
    `What is ${degrees} ${from} in ${to}?`,
    `${degrees} °${from?.[0]} to °${to?.[0]}`,
  ])
  const finite = expand(result)
  return {
    question,
    expected: `${finite ?? `≈ ${tenDigits(result)}`} ${finite === '1' ? 'degree' : 'degrees'} ${name}`,
  }
}

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const DAY_MS = 86_400_000

function randomDate(draw: Draw): Date {
  return new Date(Date.UTC(draw.int(1800, 2200), 0, 1) + draw.int(0, 364) * DAY_MS)
}

function iso(date: Date): string {
  return date.toISOString().slice(0, 10)
}

function ordinal(day: number): string {
  if (day >= 11 && day <= 13) return `${day}th`
  return `${day}${['th', 'st', 'nd', 'rd'][day % 10] ?? 'th'}`
}

function writeDate(draw: Draw, date: Date): string {
  const [day, month, year] = [date.getUTCDate(), MONTHS[date.getUTCMonth()] ?? '', date.getUTCFullYear()]
  return draw.pick([
    iso(date),
    `${month} ${day}, ${year}`,
    `${day} ${month} ${year}`,
    `${month} ${ordinal(day)}, ${year}`,
    `the ${ordinal(day)} of ${month} ${year}`,
    `${month.slice(0, 3)} ${day}, ${year}`,
  ])
}

function weekday(date: Date): string {
  return date.toLocaleDateString('en-US', { weekday: 'long', timeZone: 'UTC' })
}

export function dateQuestion(draw: Draw): GeneratedQuestion {
  const date = randomDate(draw)
  const written = writeDate(draw, date)
  switch (draw.int(0, 6)) {
    case 0: {
      const days = draw.int(1, 3000)
      const later = new Date(date.getTime() + days * DAY_MS)
      const end = writeDate(draw, later)
      const question = draw.pick([
        `How many days are between ${written} and ${end}?`,
        `How many days from ${written} to ${end}?`,
        `days between ${written} and ${end}`,
        `How many days after ${written} is ${end}?`,
        `Calculate the number of days between ${written} and ${end}.`,
      ])
      return { question, expected: `${days} day${days === 1 ? '' : 's'}` }
    }
    case 1: {
      const days = draw.int(1, 999)
      const question = draw.pick([
        `What date is ${days} days after ${written}?`,
        `Add ${days} days to ${written}`,
        `What is the date ${days} days from ${written}?`,
      ])
      return { question, expected: iso(new Date(date.getTime() + days * DAY_MS)) }
    }
    case 2: {
      const weeks = draw.int(1, 99)
      const question = draw.pick([
        `What date is ${weeks} weeks before ${written}?`,
        `Subtract ${weeks} weeks from ${written}`,
      ])
      return { question, expected: iso(new Date(date.getTime() - weeks * 7 * DAY_MS)) }
    }
    case 3: {
      const months = draw.int(1, 30)
      const day = Math.min(28, date.getUTCDate())
      const start = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), day))
      const moved = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + months, day))
      return { question: `What date is ${months} months after ${writeDate(draw, start)}?`, expected: iso(moved) }
    }
    case 4: {
      const question = draw.pick([
        `What day of the week is ${written}?`,
        `What day of the week was ${written}?`,
        `which weekday is ${written}`,
        `What is the day of the week for ${written}?`,
      ])
      return { question, expected: weekday(date) }
    }
    case 5: {
      const year = date.getUTCFullYear()
      const isLeap = new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1
      return {
        question: draw.pick([`Is ${year} a leap year?`, `Was the year ${year} a leap year?`, `is ${year} a leap year`]),
        expected: isLeap ? 'Yes' : 'No',
      }
    }
    default:
      return isoWeekQuestion(date, written)
  }
}

function isoWeekQuestion(date: Date, written: string): GeneratedQuestion {
  // The Thursday of the same week decides the year; weeks are counted from its first of January.
  const thursday = new Date(date.getTime() + (4 - (date.getUTCDay() || 7)) * DAY_MS)
  const year = thursday.getUTCFullYear()
  const week = Math.ceil(((thursday.getTime() - Date.UTC(year, 0, 1)) / DAY_MS + 1) / 7)
  return { question: `What is the ISO week number of ${written}?`, expected: `Week ${week} of ${year}` }
}

export const WORDS: readonly string[] =
  'river castle garden yellow quiet paper window bottle rocket winter silver monkey letter banana coffee bridge planet guitar tomato pillow carrot engine forest market camera dinner ladder mirror orange pencil'.split(
    ' ',
  )

export function randomWords(draw: Draw, count: number): readonly string[] {
  return Array.from({ length: count }, () => draw.pick(WORDS))
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

export function countingQuestion(draw: Draw): GeneratedQuestion {
  const words = randomWords(draw, draw.int(2, 30))
  const text = words.join(' ')
  switch (draw.int(0, 5)) {
    case 0: {
      const question = draw.pick([
        `How many words are in "${text}"?`,
        `Count the words in the following text: ${text}`,
        `How many words are there in the sentence "${text}"?`,
        `What is the word count of "${text}"?`,
        `How many words does the following sentence have?\n\n${text}`,
      ])
      return { question, expected: String(words.length) }
    }
    case 1: {
      const question = draw.pick([
        `How many characters are in "${text}"?`,
        `Count the characters in "${text}"`,
        `What is the length of the string "${text}"?`,
        `How many characters (including spaces) are in "${text}"?`,
      ])
      return { question, expected: String(Array.from(text).length) }
    }
    case 2:
      return {
        question: `How many characters are in "${text}" without spaces?`,
        expected: String(words.reduce((sum, word) => sum + word.length, 0)),
      }
    case 3: {
      const word = draw.pick(WORDS)
      const letter = draw.pick(Array.from(word))
      const question = draw.pick([
        `How many ${letter}'s are in ${word}?`,
        `How many times does the letter ${letter} appear in ${word}?`,
        `In the word ${word}, how many ${letter}'s are there?`,
        `How many letter ${letter} are in the word "${word}"?`,
        `Count the number of ${letter}'s in "${word}"`,
        `how many ${letter} in ${word}`,
      ])
      return { question, expected: String(Array.from(word).filter((other) => other === letter).length) }
    }
    case 4: {
      const sentences = Array.from(
        { length: draw.int(1, 9) },
        () => `${capital(randomWords(draw, draw.int(3, 7)).join(' '))}${draw.pick(['.', '!', '?'])}`,
      )
      return {
        question: `How many sentences are in the following text?\n\n"${sentences.join(' ')}"`,
        expected: String(sentences.length),
      }
    }
    default: {
      const lines = Array.from({ length: draw.int(2, 12) }, () => randomWords(draw, draw.int(1, 5)).join(' '))
      return {
        question: `How many lines are in this text?\n\`\`\`\n${lines.join('\n')}\n\`\`\``,
        expected: String(lines.length),
      }
    }
  }
}
