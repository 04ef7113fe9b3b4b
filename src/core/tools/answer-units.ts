import type { Recogniser } from './deterministic-answer.ts'
import {
  addRationals,
  compareRationals,
  divideRationals,
  formatFiniteDecimal,
  formatFraction,
  formatTenDigits,
  multiplyRationals,
  parseDecimal,
  rationalOf,
  subtractRationals,
  ZERO,
  type Rational,
} from './rational.ts'
import { unitsNamed, type Unit } from './unit-table.ts'

const VALUE = '(-?(?:\\d[\\d,]*(?:\\.\\d+)?|\\.\\d+)|an?|one)'
const UNIT = '([a-z°][a-z0-9°²³/ ]{0,24}?)'
const HOW_LONG = 'how (?:long|heavy|tall|far|fast|hot|cold|big|wide|high|deep) is'
const CONVERT = new RegExp(`^(?:convert|change|express|turn) ${VALUE} ?${UNIT} (?:to|into|in|as) ${UNIT}$`, 'i')
const WHAT_IS = new RegExp(
  `^(?:(?:what is|what's|whats|how much is|what is the equivalent of|${HOW_LONG}) )?${VALUE} ?${UNIT} (?:in|to|into|as|converted to|expressed in|=|equals) (?:how many |\\? )?${UNIT}$`,
  'i',
)
const HOW_MANY_IN = new RegExp(
  `^how (?:many|much) ${UNIT} (?:are |is )?(?:there )?(?:in|make|makes|make up|equal|equals|is|are) ${VALUE} ?${UNIT}$`,
  'i',
)
const HOW_MANY_EQUALS = new RegExp(
  `^how (?:many|much) ${UNIT} (?:does|do|would) ${VALUE} ?${UNIT} (?:equal|make|have|contain)$`,
  'i',
)
const VALUE_IS_HOW_MANY = new RegExp(
  `^${VALUE} ?${UNIT} (?:is|are|equals?|makes?) (?:how (?:many|much)|what in) ${UNIT}$`,
  'i',
)
const COMPOUND = new RegExp(
  `^(?:(?:convert|what is|what's|how much is|${HOW_LONG}) )?(\\d{1,6}) ?${UNIT}(?: and|,)? (\\d{1,6}(?:\\.\\d{1,6})?) ?${UNIT} (?:in|to|into) ${UNIT}$`,
  'i',
)
const COMPOUND_BACKWARD = new RegExp(
  `^how many ${UNIT} (?:are |is )?(?:there )?(?:in|is|are) (\\d{1,6}) ?${UNIT}(?: and|,)? (\\d{1,6}(?:\\.\\d{1,6})?) ?${UNIT}$`,
  'i',
)

type Question = {
  readonly value: Rational
  readonly from: string
  readonly to: string
  /** Whether the value was given in two units, so that even `from` itself is a sensible target. */
  readonly isCompound?: boolean
}

/**
 * Unit conversions with exact factors. A spelling that means several units (gallon, ounce, ton, cup) is answered only when
 * every reading gives the same result: "pints in a gallon" is 8 everywhere, "liters in a gallon" is declined.
 */
export const answerUnits: Recogniser = (task) => {
  if (task.quotes.length > 0 || task.payload !== undefined) return undefined
  const question = readQuestion(task.casedInstruction)
  if (question === undefined) return undefined
  const conversion = convertInEveryReading(question)
  if (conversion === undefined) return undefined
  const { result, from, to } = conversion
  const finite = formatFiniteDecimal(result)
  const isOne = compareRationals(result, rationalOf(1n)) === 0
  const name = isOne ? to.singular : to.plural
  const exactForm = finite === undefined ? `; exactly ${formatFraction(result)}` : ''
  return {
    tool: 'units',
    answer: `${finite ?? `≈ ${formatTenDigits(result)}`} ${name}`,
    confidence: 1,
    explanation: `Converted from ${from.plural} with the exact factor of the units' definitions${exactForm}.`,
  }
}

function readQuestion(instruction: string): Question | undefined {
  const compound = readCompound(instruction)
  if (compound !== undefined) return compound
  const forward = CONVERT.exec(instruction) ?? WHAT_IS.exec(instruction) ?? VALUE_IS_HOW_MANY.exec(instruction)
  if (forward !== null) return questionOf(forward[1], forward[2], forward[3])
  const backward = HOW_MANY_IN.exec(instruction) ?? HOW_MANY_EQUALS.exec(instruction)
  return backward === null ? undefined : questionOf(backward[2], backward[3], backward[1])
}

/** `5 feet 10 inches in cm`: the smaller part in units of its own, less than one of the larger. */
function readCompound(instruction: string): Question | undefined {
  const forward = COMPOUND.exec(instruction)
  const backward = forward === null ? COMPOUND_BACKWARD.exec(instruction) : null
  const [, target, large, largeName, small, smallName] =
    forward === null ? (backward ?? []) : [forward[0], forward[5], forward[1], forward[2], forward[3], forward[4]]
  const [major] = unitsNamed(largeName?.trim() ?? '')
  const minor = unitsNamed(smallName?.trim() ?? '').find(({ dimension }) => dimension === major?.dimension)
  const [majorValue, minorValue] = [parseDecimal(large ?? ''), parseDecimal(small ?? '')]
  if (major === undefined || minor === undefined || majorValue === undefined || minorValue === undefined)
    return undefined
  const [majorSize, minorSize] = [
    multiplyRationals(majorValue, major.factor),
    multiplyRationals(minorValue, minor.factor),
  ]
  const isPlain = major.system === 'any' && minor.system === 'any' && major.dimension !== 'temperature'
  if (!isPlain || compareRationals(minorSize, major.factor) >= 0) return undefined
  const value = divideRationals(addRationals(majorSize, minorSize), minor.factor)
  return value === undefined ? undefined : { value, from: minor.plural, to: (target ?? '').trim(), isCompound: true }
}

function questionOf(value = '', from = '', to = ''): Question | undefined {
  const number = /^(?:an?|one)$/i.test(value) ? rationalOf(1n) : parseDecimal(value)
  return number === undefined ? undefined : { value: number, from: from.trim(), to: to.trim() }
}

type Conversion = { readonly result: Rational; readonly from: Unit; readonly to: Unit }

function convertInEveryReading({ value, from, to, isCompound = false }: Question): Conversion | undefined {
  const conversions: Conversion[] = []
  const sources = unitsNamed(from)
  const targets = unitsNamed(to)
  const areBothNamed = sources.length === 1 && targets.length === 1
  for (const source of sources) {
    for (const target of targets) {
      if (source.dimension !== target.dimension || !isSameSystem({ source, target, areBothNamed })) continue
      const result = convert(value, source, target)
      if (result !== undefined) conversions.push({ result, from: source, to: target })
    }
  }
  const [first, ...others] = conversions
  if (first === undefined || (!isCompound && first.from.singular === first.to.singular)) return undefined
  if (others.some(({ result }) => compareRationals(result, first.result) !== 0)) return undefined
  // With several readings that agree, the answer is named as it was asked.
  return others.length === 0 ? first : { ...first, to: plainlyNamed(first.to) }
}

type Reading = { readonly source: Unit; readonly target: Unit; readonly areBothNamed: boolean }

/** Two ambiguous words in one question are meant in the same system; a named system ("US gallon") goes with anything. */
function isSameSystem({ source, target, areBothNamed }: Reading): boolean {
  return areBothNamed || source.system === 'any' || target.system === 'any' || source.system === target.system
}

function plainlyNamed(unit: Unit): Unit {
  const plain = (name: string): string => name.replace(/^(?:US|imperial|metric) /, '')
  return { ...unit, singular: plain(unit.singular), plural: plain(unit.plural) }
}

function convert(value: Rational, source: Unit, target: Unit): Rational | undefined {
  const base = addRationals(multiplyRationals(value, source.factor), source.offset)
  const isTemperature = source.dimension === 'temperature'
  if (isTemperature ? compareRationals(base, ZERO) < 0 : compareRationals(value, ZERO) < 0) return undefined
  return divideRationals(subtractRationals(base, target.offset), target.factor)
}
