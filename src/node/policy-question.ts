import type { JsonValue } from '../base/canonical-json.ts'
import { CodedError } from '../base/errors.ts'
import { amountFromUsd, type Amount } from '../base/money.ts'

/** Body of `POST /v1/policy/decide`. */
export type PolicyQuestion = {
  /** One text, or many. */
  readonly prompts: readonly string[]
  /** `prompts` was given: the answer is a list even for one. */
  readonly isMany: boolean
  /** The weak model's answer: then the score is that of a cascade. */
  readonly weakResponse?: string
  readonly quality?: number
  readonly maxBudgetNanos?: Amount
}

const PROMPTS_MAX = 1000

const MEMBERS = ['prompt', 'prompts', 'weak_response', 'quality', 'max_budget_usd']

/** Reads `{prompt | prompts, weak_response?, quality?, max_budget_usd?}`; `weak_response` goes with `prompt`. Throws `REQUEST_INVALID` naming the member. */
export function parsePolicyQuestion(body: JsonValue): PolicyQuestion {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalid('', 'the body must be a JSON object')
  const fields = body as { readonly [name: string]: JsonValue | undefined }
  const unknown = Object.keys(fields).find((name) => !MEMBERS.includes(name))
  if (unknown !== undefined) throw invalid(unknown, `unknown member; known are ${MEMBERS.join(', ')}`)
  const { weak_response: weakResponse, quality, max_budget_usd: maxBudgetUsd } = fields
  const isMany = fields['prompts'] !== undefined
  const prompts = isMany ? readPrompts(fields) : [readPrompt(fields['prompt'])]
  if (isMany && weakResponse !== undefined) throw invalid('weak_response', 'goes with `prompt`, not with `prompts`')
  if (weakResponse !== undefined && typeof weakResponse !== 'string') throw invalid('weak_response', 'a text')
  if (quality !== undefined && !(typeof quality === 'number' && quality >= 0 && quality <= 1))
    throw invalid('quality', 'a number from 0 to 1')
  const maxBudgetNanos = typeof maxBudgetUsd === 'number' ? amountFromUsd(maxBudgetUsd) : undefined
  if (maxBudgetUsd !== undefined && maxBudgetNanos === undefined)
    throw invalid('max_budget_usd', 'a number of dollars, 0 or more')
  return {
    prompts,
    isMany,
    ...(weakResponse !== undefined && { weakResponse }),
    ...(quality !== undefined && { quality }),
    ...(maxBudgetNanos !== undefined && { maxBudgetNanos }),
  }
}

function readPrompt(value: JsonValue | undefined, param = 'prompt'): string {
  if (typeof value !== 'string' || value === '') throw invalid(param, 'a text that is not empty')
  return value
}

function readPrompts({ prompt, prompts }: { readonly [name: string]: JsonValue | undefined }): readonly string[] {
  if (prompt !== undefined) throw invalid('prompts', 'give `prompt` or `prompts`, not both')
  if (!Array.isArray(prompts) || prompts.length === 0 || prompts.length > PROMPTS_MAX) {
    throw invalid('prompts', `a list of 1 to ${PROMPTS_MAX} texts`)
  }
  return prompts.map((text: JsonValue, index) => readPrompt(text, `prompts[${index}]`))
}

function invalid(param: string, expected: string): CodedError {
  return new CodedError('REQUEST_INVALID', {
    message: param === '' ? expected : `${param}: ${expected}`,
    details: { param },
  })
}
