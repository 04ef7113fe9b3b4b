import { answerAggregate } from './answer-aggregate.ts'
import type { DeterministicAnswer, Recogniser } from './deterministic-answer.ts'
import { evaluateExpression } from './evaluate-expression.ts'
import { answerNumberTheory } from './answer-number-theory.ts'
import { answerPercentage } from './answer-percentage.ts'
import { answerValue, takeForm } from './result-form.ts'

const LEAD_STRONG =
  /^(?:calculate|compute|evaluate|work out|solve|simplify|what does|what do|how much does|find|(?:(?:what is|what's) |(?:calculate|compute|find|determine) )?the (?:exact )?(?:value|result) of|result of|value of) (?:the (?:following )?expression |the following )?/
const LEAD_WEAK = /^(?:what is|what's|whats|how much is|what are) /
const TAIL_EQUALS = / ?(?:=|equals?|equal to|is equal to|make)(?: (?:what|how much))?$/
/** Three numbers that are a year, month and day in some order. */
const DATE_LIKE = /^(?:\d{4}[-/−]\d{1,2}[-/−]\d{1,2}|\d{1,2}[-/−]\d{1,2}[-/−]\d{4})$/

/** How an expression begins: a digit, sign, bracket or root, a LaTeX command, or a word for one of these. */
const EXPRESSION_START =
  /^(?:[-+−(.$\\√\d]|sqrt|cbrt|(?:the )?(?:square|cube) root|negative|minus|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)/
/** Cheap gate: without one of these nothing below can match. */
const NUMBER_SIGNS = ['plus', 'minus', 'times', 'divided', 'squared', 'cubed', 'root', 'power', ' mod ']

/** Arithmetic with exact decimals: expressions, percentages, aggregates, and properties of whole numbers. */
export const answerArithmetic: Recogniser = (task) => {
  if (task.quotes.length > 0) return undefined
  const instruction = joinPayload(task.instruction, task.payload?.text)
  if (instruction === undefined || !mentionsNumbers(instruction)) return undefined
  return (
    answerExpression(instruction) ??
    answerPercentage(instruction) ??
    answerAggregate(instruction) ??
    answerNumberTheory(instruction)
  )
}

function mentionsNumbers(instruction: string): boolean {
  for (let at = 0; at < instruction.length; at++) {
    const code = instruction.charCodeAt(at)
    if (code >= 0x30 && code <= 0x39) return true
  }
  return NUMBER_SIGNS.some((sign) => instruction.includes(sign))
}

/** `Calculate: 2 + 2` and `Compute\n2 + 2` carry the expression as payload; one line, short. */
function joinPayload(instruction: string, payload: string | undefined): string | undefined {
  if (payload === undefined) return instruction
  if (payload.length > 300 || payload.includes('\n')) return undefined
  return `${instruction} ${payload
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/[ .?]+$/, '')}`
}

function answerExpression(instruction: string): DeterministicAnswer | undefined {
  const { text, form } = takeForm(instruction)
  const tail = TAIL_EQUALS.test(text)
  const withoutTail = text.replace(TAIL_EQUALS, '')
  const strong = LEAD_STRONG.exec(withoutTail)
  const weak = strong === null ? LEAD_WEAK.exec(withoutTail) : null
  const source = withoutTail.slice((strong ?? weak)?.[0].length ?? 0).replace(/^the expression /, '')
  const isPlain = strong === null && !tail && form.kind === 'exact'
  if (!EXPRESSION_START.test(source) || (isPlain && isIdiom(source))) return undefined
  const evaluated = evaluateExpression(source)
  if (evaluated === undefined) return undefined
  // A bare number asks for nothing, unless the question is to rewrite it.
  const isRewrite = form.kind !== 'exact' && evaluated.operationCount === 0
  if (evaluated.operationCount === 0 && !(isRewrite && /\d/.test(source))) return undefined
  const isSimplify = strong?.[0].startsWith('simplify') === true
  return answerValue(evaluated.value, isSimplify && form.kind === 'exact' ? { kind: 'fraction' } : form)
}

/**
 * Without a verb or an equals sign, `3/4`, `24/7`, `9-11`, `4x4` and `5!` are as often a date, an idiom, a range or
 * emphasis; they are read as arithmetic only when spaced or bracketed.
 */
function isIdiom(source: string): boolean {
  if (source.endsWith('!')) return true
  const quotient = /^(\d+)\/(\d+)$/.exec(source.trim())
  // 144/12 is no date, score, ratio out of a hundred or blood pressure.
  if (quotient !== null && Number(quotient[1]) >= 130 && Number(quotient[2]) <= 31) return false
  if (DATE_LIKE.test(source.replaceAll(' ', ''))) return true
  return /^[\d.,]+(?:[-/−][\d.,]+)+$/.test(source.trim())
}
