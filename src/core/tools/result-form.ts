import type { DeterministicAnswer } from './deterministic-answer.ts'
import { formatExact, formatFiniteDecimal, formatFraction, formatRounded, type Rational } from './rational.ts'

/** How the result is to be written. */
export type ResultForm =
  | { readonly kind: 'exact' }
  | { readonly kind: 'fraction' }
  | { readonly kind: 'decimal' }
  | { readonly kind: 'rounded'; readonly decimals: number }

const ROUNDING =
  /,? (?:and )?(?:rounded |round (?:it |the (?:result|answer) )?|correct |to )?(?:to )?(?:the )?(?:(\d|one|two|three|four|five) (?:decimal places?|decimals|d\.?p\.?)|nearest (integer|whole number|tenth|hundredth|thousandth))$/
const DECIMALS: Readonly<Record<string, number>> = { one: 1, two: 2, three: 3, four: 4, five: 5 }
const NEAREST: Readonly<Record<string, number>> = {
  integer: 0,
  'whole number': 0,
  tenth: 1,
  hundredth: 2,
  thousandth: 3,
}

/** An instruction without its request for a form, and that form. */
export type FormedInstruction = { readonly text: string; readonly form: ResultForm }

/** Takes `as a fraction`, `rounded to 2 decimal places` and the like off the end of an instruction. */
export function takeForm(instruction: string): FormedInstruction {
  const fraction =
    / (?:as|into|to|in) (?:a |an )?(?:(?:common|simplified|reduced|improper) )?fraction(?: in (?:lowest|simplest) (?:terms|form))?$| (?:in|to) (?:its )?(?:lowest terms|simplest form)$/
  if (fraction.test(instruction))
    return { text: stripRewriteLead(instruction.replace(fraction, '')), form: { kind: 'fraction' } }
  const decimal = / (?:as|into|to|in) (?:a )?decimal(?: number| form)?$/
  if (decimal.test(instruction))
    return { text: stripRewriteLead(instruction.replace(decimal, '')), form: { kind: 'decimal' } }
  const rounding = ROUNDING.exec(instruction)
  if (rounding === null) return { text: instruction, form: { kind: 'exact' } }
  const decimals =
    rounding[1] === undefined ? (NEAREST[rounding[2] ?? ''] ?? 0) : (DECIMALS[rounding[1]] ?? Number(rounding[1]))
  return {
    text: instruction.slice(0, rounding.index).replace(/^round /, 'calculate '),
    form: { kind: 'rounded', decimals },
  }
}

function stripRewriteLead(text: string): string {
  return text.replace(
    /^(?:convert|express|write|reduce|simplify|change|turn)(?: the (?:fraction|decimal|number))? /,
    'calculate ',
  )
}

/** The value in the form asked for; `undefined` when it has none (a periodic decimal, a tie in rounding). */
export function answerValue(value: Rational, form: ResultForm): DeterministicAnswer | undefined {
  const answer = formatAs(value, form)
  if (answer === undefined) return undefined
  return {
    tool: 'arithmetic',
    answer,
    confidence: 1,
    explanation: `Evaluated exactly as a fraction: ${formatFraction(value).slice(0, 200)}.`,
  }
}

function formatAs(value: Rational, form: ResultForm): string | undefined {
  switch (form.kind) {
    case 'exact':
      return formatExact(value)
    case 'fraction':
      return formatFraction(value)
    case 'decimal':
      return formatFiniteDecimal(value)
    case 'rounded':
      return formatRounded(value, form.decimals)
  }
}
