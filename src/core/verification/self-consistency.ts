export type Agreement = {
  /** Samples that could be compared. */
  readonly sampleCount: number
  /** Of these, the ones with the same final answer. */
  readonly agreeingCount: number
}

/** The vote of further samples on an answer; `undefined` when its final answer cannot be made out or there are none. */
export function measureAgreement(answer: string, samples: readonly string[]): Agreement | undefined {
  const key = finalAnswerKey(answer)
  if (key === undefined) return undefined
  const keys = samples.map(finalAnswerKey).filter((sampleKey) => sampleKey !== undefined)
  if (keys.length === 0) return undefined
  return { sampleCount: keys.length, agreeingCount: keys.filter((sampleKey) => sampleKey === key).length }
}

export type Vote = {
  /** Index of the first answer with the winning final answer. */
  readonly winner: number
  /** Share of the comparable answers that have it, 0..1. */
  readonly share: number
}

/** The final answer that most answers share; ties go to the earlier one. `undefined` when none can be compared. */
export function voteOnAnswers(answers: readonly string[]): Vote | undefined {
  const counts = new Map<string, { readonly first: number; count: number }>()
  let total = 0
  for (const [index, answer] of answers.entries()) {
    const key = finalAnswerKey(answer)
    if (key === undefined) continue
    total += 1
    const entry = counts.get(key) ?? { first: index, count: 0 }
    entry.count += 1
    counts.set(key, entry)
  }
  let best: { readonly first: number; count: number } | undefined
  for (const entry of counts.values()) if (best === undefined || entry.count > best.count) best = entry
  return best === undefined ? undefined : { winner: best.first, share: best.count / total }
}

/** Longest answer that is compared as a whole. */
const WHOLE_LENGTH_MAX = 80

const STATED = /(?:final answer|the answer|answer|result)\s*(?:is|:|=)\s*:?\s*([^\n]{1,80})/gi

/**
 * What an answer comes down to, in a form in which equal answers are equal: the content of `\boxed{}`, else the last
 * stated answer ("the answer is ..."), else a short answer as a whole, else its last number. `undefined` for long prose
 * without any.
 */
export function finalAnswerKey(answer: string): string | undefined {
  const text = answer.slice(-8000)
  const boxed = [...text.matchAll(/\\boxed\{([^{}]{1,80})\}/g)].at(-1)?.[1]
  const marked = [...text.matchAll(/^#{2,6} *([^\n]{1,80})$/gm)].at(-1)?.[1]
  const stated =
    boxed ?? (marked !== undefined && /\d/.test(marked) ? marked : undefined) ?? [...text.matchAll(STATED)].at(-1)?.[1]
  if (stated !== undefined) return normaliseKey(stated)
  const whole = text.trim()
  if (whole !== '' && whole.length <= WHOLE_LENGTH_MAX) return normaliseKey(whole)
  const number = [...text.matchAll(/-?\d[\d,]*(?:\.\d+)?/g)].at(-1)?.[0]
  return number === undefined ? undefined : normaliseNumber(number)
}

function normaliseKey(text: string): string | undefined {
  const plain = text
    .replace(/[*_`$\\"'’“”]/g, '')
    .trim()
    .toLowerCase()
  const choice = /^\(?([a-j])(?:\)|\.|:|$|\s*[-–])/.exec(plain)?.[1]
  if (choice !== undefined) return choice
  const numbers = plain.match(/-?\d[\d,]*(?:\.\d+)?/g)
  if (numbers?.length === 1 && numbers[0] !== undefined) return normaliseNumber(numbers[0])
  const words = plain
    .replace(/[.,;:!?()]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return words === '' ? undefined : words
}

/** `1,200.50` and `1200.5` are one number. */
function normaliseNumber(written: string): string {
  const digits = written.replaceAll(',', '').replace(/\.$/, '')
  const trimmed = digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits
  return trimmed.replace(/^(-?)0+(?=\d)/, '$1')
}
