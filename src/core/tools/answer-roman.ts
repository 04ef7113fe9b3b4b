import type { Recogniser } from './deterministic-answer.ts'

const PARTS: readonly (readonly [number, string])[] = [
  [1000, 'M'],
  [900, 'CM'],
  [500, 'D'],
  [400, 'CD'],
  [100, 'C'],
  [90, 'XC'],
  [50, 'L'],
  [40, 'XL'],
  [10, 'X'],
  [9, 'IX'],
  [5, 'V'],
  [4, 'IV'],
  [1, 'I'],
]

const NUMERAL = '([IVXLCDMivxlcdm]{1,15})'
const TO_ROMAN =
  /^(?:(?:what is|what's|convert|write|express|change) )?(?:the (?:number|year) )?(\d{1,4}) (?:to|into|in|as) (?:a )?roman numerals?$/i
const ROMAN_FOR = /^(?:(?:what is|what's) )?(?:the )?roman numerals? (?:for|of) (?:the number )?(\d{1,4})$/i
const FROM_ROMAN = new RegExp(
  `^(?:(?:what is|what's|convert) )?(?:the )?roman numerals? ${NUMERAL} (?:to|into|in|as)(?: an?)? (?:decimal|arabic|numbers?|arabic numerals?|arabic numbers?|integer|decimal number)$`,
  'i',
)
const ROMAN_VALUE = new RegExp(
  `^(?:(?:what number is|what is the value of|what's the value of|what number does) )(?:the )?roman numerals? ${NUMERAL}(?: represent| stand for)?$`,
  'i',
)

/** Roman numerals from 1 to 3999 in standard (subtractive) form; non-standard ones such as `IIII` are declined. */
export const answerRoman: Recogniser = (task) => {
  if (task.quotes.length > 0 || task.payload !== undefined) return undefined
  const text = task.casedInstruction
  const toRoman = TO_ROMAN.exec(text) ?? ROMAN_FOR.exec(text)
  if (toRoman !== null) {
    const value = Number(toRoman[1])
    const numeral = value >= 1 && value <= 3999 ? formatRoman(value) : undefined
    return numeral === undefined
      ? undefined
      : { tool: 'roman', answer: numeral, confidence: 1, explanation: `${value} in standard form.` }
  }
  const fromRoman = FROM_ROMAN.exec(text) ?? ROMAN_VALUE.exec(text)
  const numeral = fromRoman?.[1]?.toUpperCase() ?? ''
  const value = parseRoman(numeral)
  return value === undefined
    ? undefined
    : { tool: 'roman', answer: String(value), confidence: 1, explanation: `${numeral} is in standard form.` }
}

function formatRoman(value: number): string {
  let rest = value
  let numeral = ''
  for (const [size, letters] of PARTS) {
    while (rest >= size) {
      numeral += letters
      rest -= size
    }
  }
  return numeral
}

function parseRoman(numeral: string): number | undefined {
  let value = 0
  let at = 0
  for (const [size, letters] of PARTS) {
    while (numeral.startsWith(letters, at)) {
      value += size
      at += letters.length
    }
  }
  return value > 0 && value <= 3999 && formatRoman(value) === numeral ? value : undefined
}
