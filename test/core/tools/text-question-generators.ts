import { capital, randomWords, WORDS, type Draw, type GeneratedQuestion } from './question-generators.ts'

/** Questions about texts, lists, documents and notations, with answers of independent oracles. */

function randomJson(draw: Draw, depth: number): unknown {
  const kind = depth === 0 ? draw.int(0, 3) : draw.int(0, 6)
  switch (kind) {
    case 0:
      return draw.int(-1000, 100000)
    case 1:
      return randomWords(draw, draw.int(1, 3)).join(' ')
    case 2:
      return draw.pick([true, false, null])
    case 3:
      return draw.int(1, 999) / 8
    case 4:
      return Array.from({ length: draw.int(1, 4) }, () => randomJson(draw, depth - 1))
    default:
      return randomObject(draw, depth)
  }
}

function randomObject(draw: Draw, depth: number): Record<string, unknown> {
  const keys = new Set(randomWords(draw, draw.int(2, 5)))
  return Object.fromEntries([...keys].map((key) => [key, randomJson(draw, depth - 1)]))
}

/** A path into the value that ends anywhere, and what stands there. */
function randomPath(draw: Draw, value: unknown): readonly [string, unknown] {
  let path = ''
  let node = value
  while (typeof node === 'object' && node !== null && (path === '' || draw.chance(0.8))) {
    const key = draw.pick(Object.keys(node))
    if (Array.isArray(node)) path += `[${key}]`
    else path += path === '' ? key : `.${key}`
    node = (node as Record<string, unknown>)[key]
  }
  return [path, node]
}

export function jsonQuestion(draw: Draw): GeneratedQuestion {
  const document = randomObject(draw, 3)
  const text = draw.chance(0.5) ? JSON.stringify(document) : JSON.stringify(document, null, 2)
  switch (draw.int(0, 5)) {
    case 0:
      return {
        question: draw.pick([
          `Minify this JSON:\n${text}`,
          `Minify the following JSON:\n\`\`\`json\n${text}\n\`\`\``,
          `compact this JSON: ${text}`,
        ]),
        expected: JSON.stringify(document),
      }
    case 1:
      return {
        question: draw.pick([
          `Pretty-print this JSON: ${text}`,
          `Format the following JSON:\n${text}`,
          `Pretty print this JSON with 2 spaces: ${text}`,
        ]),
        expected: JSON.stringify(document, null, 2),
      }
    case 2:
      return {
        question: draw.pick([
          `List the keys of this JSON object: ${text}`,
          `What are the top-level keys in this JSON?\n${text}`,
        ]),
        expected: Object.keys(document).join(', '),
      }
    case 3: {
      const items = Array.from({ length: draw.int(0, 9) }, () => randomJson(draw, 1))
      return {
        question: draw.pick([
          `How many items are in this JSON array? ${JSON.stringify(items)}`,
          `How many elements are in the following JSON array:\n${JSON.stringify(items, null, 2)}`,
        ]),
        expected: String(items.length),
      }
    }
    default: {
      const [path, value] = randomPath(draw, document)
      const question = draw.pick([
        `What is the value of ${path} in this JSON: ${text}`,
        `Extract the value of "${path}" from the following JSON:\n${text}`,
        `Get the value at path \`${path}\` in this JSON:\n\`\`\`json\n${text}\n\`\`\``,
        `Return the value of ${path} from this JSON object:\n\n${text}`,
        `Given this JSON:\n${text}\nWhat is the value of ${path}?`,
        `What is the value of "${path}" in ${text}?`,
      ])
      return { question, expected: typeof value === 'string' ? value : JSON.stringify(value) }
    }
  }
}

const PATTERNS = [
  '\\d{2,4}',
  '[A-Z][a-z]+',
  '\\b[a-z]{3}\\b',
  '[0-9]+-[0-9]+',
  'o+',
  '(?:ab|cd)+',
  '\\w+@\\w+\\.\\w{2,3}',
  '[aeiou]{2}',
  '\\d+(?:\\.\\d+)?',
  'r[a-z]*?t',
]

export function extractionQuestion(draw: Draw): GeneratedQuestion {
  const words = randomWords(draw, draw.int(6, 20))
  const mixed = (make: () => string, count: number): readonly [string, readonly string[]] => {
    const found = [...new Set(Array.from({ length: count }, make))]
    const parts = words.flatMap((word, index) =>
      index < found.length ? [word, `${found[index]}${draw.pick(['', '', ',', ';'])}`] : [word],
    )
    return [`The ${parts.join(' ')} end.`, found]
  }
  switch (draw.int(0, 3)) {
    case 0: {
      const [text, found] = mixed(
        () =>
          `${draw.pick(WORDS)}${draw.pick(['', '.', '_', '+'])}${draw.pick(WORDS)}${draw.int(1, 99)}@${draw.pick(WORDS)}.${draw.pick(['com', 'org', 'co.uk'])}`,
        draw.int(1, 5),
      )
      return {
        question: draw.pick([
          `Extract all email addresses from the following text: ${text}`,
          `Find all emails in "${text}"`,
          `List the email addresses in this text:\n${text}`,
        ]),
        expected: found.join('\n'),
      }
    }
    case 1: {
      const [text, found] = mixed(
        () =>
          `https://${draw.pick(['www.', ''])}${draw.pick(WORDS)}.${draw.pick(['com', 'net'])}${draw.pick(['', '/', `/${draw.pick(WORDS)}?id=${draw.int(1, 99)}`])}`,
        draw.int(1, 5),
      )
      return {
        question: draw.pick([`Extract all URLs from the following text: ${text}`, `List all the links in "${text}"`]),
        expected: found.join('\n'),
      }
    }
    case 2: {
      const [text, found] = mixed(
        () => String(draw.chance(0.3) ? draw.int(-99, 9999) / 4 : draw.int(-50, 99999)),
        draw.int(1, 6),
      )
      return {
        question: draw.pick([
          `Extract all numbers from the following text: ${text}`,
          `Find all the numbers in "${text}"`,
        ]),
        expected: found.join('\n'),
      }
    }
    default: {
      const pattern = draw.pick(PATTERNS)
      const text = `${words.join(' ')} ${draw.int(10, 99999)} Anna ${draw.int(1, 99)}-${draw.int(1, 99)} abcd x@y.com the ${draw.int(1, 9)}.${draw.int(1, 9)}`
      const found = text.match(new RegExp(pattern, 'g')) ?? []
      if (found.length === 0) return extractionQuestion(draw)
      const question = draw.pick([
        `Extract all unique matches of the regex \`${pattern}\` from "${text}"`,
        `Find all unique matches of the regular expression /${pattern}/ in the following text: ${text}`,
      ])
      return { question, expected: [...new Set(found)].join('\n') }
    }
  }
}

/** The oracle scores with floating point and a stable sort over content words of the generated vocabulary, none of which is a stop word. */
export function summaryQuestion(draw: Draw): GeneratedQuestion {
  const sentences = Array.from(
    { length: draw.int(4, 9) },
    () => `${capital(randomWords(draw, draw.int(3, 8)).join(' '))}.`,
  )
  const tokens = sentences.map((sentence) => sentence.slice(0, -1).toLowerCase().split(' '))
  const counts = new Map<string, number>()
  for (const token of tokens.flat()) counts.set(token, (counts.get(token) ?? 0) + 1)
  const scores = tokens.map((own) => own.reduce((sum, token) => sum + (counts.get(token) ?? 0), 0) / own.length)
  const count = draw.int(1, 3)
  const order = scores
    .map((_, index) => index)
    .toSorted((a, b) =>
      Math.abs((scores[b] ?? 0) - (scores[a] ?? 0)) < 1e-12 ? a - b : (scores[b] ?? 0) - (scores[a] ?? 0),
    )
  const chosen = order.slice(0, count).toSorted((a, b) => a - b)
  const text = sentences.join(' ')
  const named = ['', 'one', 'two', 'three'][count] ?? ''
  const plural = count === 1 ? '' : 's'
  const question = draw.pick([
    `Write an extractive summary of the following text in ${count} sentence${plural}: ${text}`,
    `Give me a ${count}-sentence extractive summary of this text:\n\n${text}`,
    `Create an extractive summary of "${text}" in ${named} sentence${plural}.`,
    `Extractively summarize the following text in ${named} sentence${plural}:\n${text}`,
  ])
  return { question, expected: chosen.map((index) => sentences[index]).join(' ') }
}

export function listQuestion(draw: Draw): GeneratedQuestion {
  const numbers = Array.from({ length: draw.int(2, 15) }, () =>
    draw.chance(0.2) ? draw.int(-500, 500) / 4 : draw.int(-100, 1000),
  )
  const words = [...new Set(randomWords(draw, draw.int(3, 12)))]
  const written = draw.pick([numbers.join(', '), `[${numbers.join(', ')}]`, numbers.join(',')])
  switch (draw.int(0, 5)) {
    case 0:
      return {
        question: draw.pick([
          `Sort these numbers in ascending order: ${written}`,
          `Sort the following list from smallest to largest: ${written}`,
          `sort ${numbers.join(', ')} in ascending order`,
          `Please sort these numbers: ${written}`,
        ]),
        expected: numbers.toSorted((a, b) => a - b).join(', '),
      }
    case 1:
      return {
        question: draw.pick([
          `Sort these numbers in descending order: ${written}`,
          `Arrange the numbers from largest to smallest: ${written}`,
        ]),
        expected: numbers
          .toSorted((a, b) => a - b)
          .toReversed()
          .join(', '),
      }
    case 2:
      if (words.length < 2) return listQuestion(draw)
      return {
        question: draw.pick([
          `Sort these words alphabetically: ${words.join(', ')}`,
          `Put the following words in alphabetical order:\n${words.join('\n')}`,
          `sort ${words.join(', ')} alphabetically`,
        ]),
        expected: words.toSorted((a, b) => a.localeCompare(b, 'en')).join(', '),
      }
    case 3:
      return {
        question: draw.pick([
          `Reverse the list: ${written}`,
          `Reverse this list: ${written}`,
          `Reverse the order of these numbers: ${written}`,
        ]),
        expected: numbers.toReversed().join(', '),
      }
    case 4: {
      const repeated = randomWords(draw, draw.int(4, 20))
      return {
        question: draw.pick([
          `Remove duplicates from this list: ${repeated.join(', ')}`,
          `Remove the duplicate words from the following list: ${repeated.join(', ')}`,
        ]),
        expected: [...new Set(repeated)].join(', '),
      }
    }
    default:
      return {
        question: draw.pick(
          [`What is the largest number in this list: ${written}`, `Find the largest number in ${written}`].slice(0, 1),
        ),
        expected: String(Math.max(...numbers)),
      }
  }
}

const BASE_NAMES: Readonly<Record<number, readonly string[]>> = {
  2: ['binary', 'base 2'],
  8: ['octal', 'base 8'],
  10: ['decimal', 'base 10'],
  16: ['hexadecimal', 'hex'],
}
const PREFIXES: Readonly<Record<number, string>> = { 2: '0b', 8: '0o', 16: '0x' }

export function baseQuestion(draw: Draw): GeneratedQuestion {
  const value = draw.int(0, draw.pick([255, 65535, 2 ** 31 - 1]))
  const [from, to] = [draw.pick([2, 8, 10, 16]), draw.pick([2, 8, 10, 16])]
  if (from === to) return baseQuestion(draw)
  const written = value.toString(from)
  const [source, target] = [draw.pick(BASE_NAMES[from] ?? []), draw.pick(BASE_NAMES[to] ?? [])]
  const questions = [
    `Convert ${written} from ${source} to ${target}`,
    `Convert ${source} ${written} to ${target}`,
    `What is the ${source} number ${written} in ${target}?`,
  ]
  if (from === 10)
    questions.push(
      `What is ${written} in ${target}?`,
      `Convert ${written} to ${target}`,
      `What is the ${target} representation of ${written}?`,
    )
  else
    questions.push(
      `What is ${PREFIXES[from]}${written} in ${target}?`,
      `Convert ${PREFIXES[from]}${written} to ${target}.`,
    )
  return { question: draw.pick(questions), expected: value.toString(to).toUpperCase() }
}

export function casingQuestion(draw: Draw): GeneratedQuestion {
  const text = randomWords(draw, draw.int(1, 8))
    .map((word) => (draw.chance(0.4) ? capital(word) : word))
    .join(' ')
  switch (draw.int(0, 3)) {
    case 0:
      return {
        question: draw.pick([
          `Convert "${text}" to uppercase`,
          `Convert the following text to upper case: ${text}`,
          `Write "${text}" in all caps`,
          `uppercase "${text}"`,
        ]),
        expected: text.toLocaleUpperCase('en'),
      }
    case 1:
      return {
        question: draw.pick([
          `Convert "${text}" to lowercase`,
          `Change the following text to lower case: ${text}`,
          `lowercase the following text: ${text}`,
        ]),
        expected: text.toLocaleLowerCase('en'),
      }
    case 2: {
      let reversed = ''
      for (const character of text) reversed = character + reversed
      return {
        question: draw.pick([
          `Reverse the string "${text}"`,
          `Reverse the letters in "${text}"`,
          `Write "${text}" backwards`,
        ]),
        expected: reversed,
      }
    }
    default: {
      const word = draw.pick([...WORDS, 'racecar', 'level', 'rotator', 'noon', 'deified'])
      const isPalindrome = Array.from(word).every((letter, index) => letter === word.charAt(word.length - 1 - index))
      return {
        question: draw.pick([`Is "${word}" a palindrome?`, `Is the word ${word} a palindrome?`]),
        expected: isPalindrome ? 'Yes' : 'No',
      }
    }
  }
}

const ROMAN_DIGITS = [
  ['', 'I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX'],
  ['', 'X', 'XX', 'XXX', 'XL', 'L', 'LX', 'LXX', 'LXXX', 'XC'],
  ['', 'C', 'CC', 'CCC', 'CD', 'D', 'DC', 'DCC', 'DCCC', 'CM'],
  ['', 'M', 'MM', 'MMM'],
] as const

export function romanQuestion(draw: Draw): GeneratedQuestion {
  const value = draw.int(1, 3999)
  const digits = String(value).padStart(4, '0')
  const numeral = Array.from(digits, (digit, index) => ROMAN_DIGITS[3 - index]?.[Number(digit)] ?? '').join('')
  if (draw.chance(0.5))
    return {
      question: draw.pick([
        `What is ${value} in Roman numerals?`,
        `Convert ${value} to Roman numerals`,
        `Write ${value} as a Roman numeral`,
      ]),
      expected: numeral,
    }
  return {
    question: draw.pick([
      `Convert the Roman numeral ${numeral} to a number`,
      `What is the Roman numeral ${numeral} as a number?`,
      `What number is the Roman numeral ${numeral}?`,
    ]),
    expected: String(value),
  }
}
