import type { JsonValue } from '../base/canonical-json.ts'
import { CodedError } from '../base/errors.ts'
import { amountFromUsd, type Amount } from '../base/money.ts'

/** Body of `POST /v1/policy/decide`. */
export type PolicyQuestion = {
  readonly prompt: string
  /** The weak model's answer: then the score is that of a cascade. */
  readonly weakResponse?: string
  readonly quality?: number
  readonly maxBudgetNanos?: Amount
}

const MEMBERS = ['prompt', 'weak_response', 'quality', 'max_budget_usd']

/** Reads `{prompt, weak_response?, quality?, max_budget_usd?}`. Throws `REQUEST_INVALID` naming the member. */
export function parsePolicyQuestion(body: JsonValue): PolicyQuestion {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalid('', 'the body must be a JSON object')
  const fields = body as { readonly [name: string]: JsonValue | undefined }
  const unknown = Object.keys(fields).find((name) => !MEMBERS.includes(name))
  if (unknown !== undefined) throw invalid(unknown, `unknown member; known are ${MEMBERS.join(', ')}`)
  const { prompt, weak_response: weakResponse, quality, max_budget_usd: maxBudgetUsd } = fields
  if (typeof prompt !== 'string' || prompt === '') throw invalid('prompt', 'a text that is not empty')
  if (weakResponse !== undefined && typeof weakResponse !== 'string') throw invalid('weak_response', 'a text')
  if (quality !== undefined && !(typeof quality === 'number' && quality >= 0 && quality <= 1))
    throw invalid('quality', 'a number from 0 to 1')
  const maxBudgetNanos = typeof maxBudgetUsd === 'number' ? amountFromUsd(maxBudgetUsd) : undefined
  if (maxBudgetUsd !== undefined && maxBudgetNanos === undefined)
    throw invalid('max_budget_usd', 'a number of dollars, 0 or more')
  return {
    prompt,
    ...(weakResponse !== undefined && { weakResponse }),
    ...(quality !== undefined && { quality }),
    ...(maxBudgetNanos !== undefined && { maxBudgetNanos }),
  }
}

function invalid(param: string, expected: string): CodedError {
  return new CodedError('REQUEST_INVALID', {
    message: param === '' ? expected : `${param}: ${expected}`,
    details: { param },
  })
}
