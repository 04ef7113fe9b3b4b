import type { DeterministicAnswer, Recogniser } from './deterministic-answer.ts'

type Base = { readonly radix: 2 | 8 | 10 | 16; readonly name: string }

const NAME = '(binary|base 2|base-2|octal|base 8|base-8|decimal|base 10|base-10|denary|hexadecimal|hex|base 16|base-16)'
const DIGITS = '((?:0[xX]|0[bB]|0[oO])?[0-9a-fA-F]{1,256})'
const NOUN = '(?: number| value| notation| form| format| representation)?'
const ARTICLE = '(?:the |a )?'
const LEAD = "(?:(?:what is|what's|convert|change|translate|express|write|find) )?"
const TO = '(?:to|into|in|as|from|=)'

/** `convert 255 to hex`, `0xff in decimal`. */
const PLAIN = new RegExp(`^${LEAD}${ARTICLE}(?:number )?${DIGITS} ${TO} ${ARTICLE}${NAME}${NOUN}$`, 'i')
/** `convert binary 1010 to decimal`, `the decimal number 10 in binary`. */
const NAMED = new RegExp(`^${LEAD}${ARTICLE}${NAME}${NOUN} ${DIGITS} ${TO} ${ARTICLE}${NAME}${NOUN}$`, 'i')
/** `convert 1010 from binary to decimal`, `1010 in binary to decimal`. */
const FROM_TO = new RegExp(
  `^${LEAD}${ARTICLE}(?:number )?${DIGITS} (?:from|in|\\() ?${NAME}${NOUN}\\)? (?:to|into|in|as) ${NAME}${NOUN}$`,
  'i',
)
/** `what is the binary representation of 10`, `binary of 10`. */
const OF = new RegExp(
  `^(?:(?:what is|what's|find|give|calculate) )?(?:the )?${NAME}${NOUN} (?:of|for) (?:the (?:decimal )?number )?${DIGITS}$`,
  'i',
)

/** Conversions between bases 2, 8, 10 and 16. A number without prefix or named base is decimal. */
export const answerBases: Recogniser = (task) => {
  if (task.quotes.length > 0 || task.payload !== undefined) return undefined
  const text = task.casedInstruction
  const named = NAMED.exec(text)
  if (named !== null) return convert(named[2], baseNamed(named[1]), baseNamed(named[3]))
  const fromTo = FROM_TO.exec(text)
  if (fromTo !== null) return convert(fromTo[1], baseNamed(fromTo[2]), baseNamed(fromTo[3]))
  const of = OF.exec(text)
  if (of !== null) return convert(of[2], undefined, baseNamed(of[1]))
  const plain = PLAIN.exec(text)
  // "from binary" without a target asks for the other direction than "to binary".
  if (plain === null || / from (?:the |a )?\S+(?: \S+)?$/i.test(text)) return undefined
  return convert(plain[1], undefined, baseNamed(plain[2]))
}

function baseNamed(name = ''): Base {
  const lower = name.toLowerCase()
  if (lower === 'binary' || lower.endsWith('2')) return { radix: 2, name: 'binary' }
  if (lower === 'octal' || lower.endsWith('8')) return { radix: 8, name: 'octal' }
  if (lower.startsWith('hex') || lower.endsWith('16')) return { radix: 16, name: 'hexadecimal' }
  return { radix: 10, name: 'decimal' }
}

const PREFIXES: Readonly<Record<string, Base['radix']>> = { '0x': 16, '0b': 2, '0o': 8 }
const LITERAL_PREFIXES: Readonly<Record<Base['radix'], string>> = { 2: '0b', 8: '0o', 10: '', 16: '0x' }
const DIGITS_OF: Readonly<Record<Base['radix'], RegExp>> = {
  2: /^[01]+$/,
  8: /^[0-7]+$/,
  10: /^\d+$/,
  16: /^[0-9a-f]+$/,
}

function convert(written: string | undefined, from: Base | undefined, to: Base): DeterministicAnswer | undefined {
  const lower = (written ?? '').toLowerCase()
  const prefixed = PREFIXES[lower.slice(0, 2)]
  // `0b1` without a named base could be a hexadecimal number; as a literal it is binary, and that is how it is written.
  const hasPrefix = prefixed !== undefined && (from === undefined || prefixed === from.radix)
  const radix = hasPrefix && prefixed !== undefined ? prefixed : (from?.radix ?? 10)
  const digits = hasPrefix ? lower.slice(2) : lower
  if (!DIGITS_OF[radix].test(digits) || radix === to.radix) return undefined
  const value = BigInt(LITERAL_PREFIXES[radix] + digits)
  return {
    tool: 'bases',
    answer: value.toString(to.radix).toUpperCase(),
    confidence: 1,
    explanation: `Base ${radix} to base ${to.radix} (${to.name}), exactly.`,
  }
}
