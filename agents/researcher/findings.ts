import { toPlainError } from 'kernell-os/core'
import { saysSomething } from '../model-outcomes.ts'
import { failureOf, textOf } from '../model-calls/ask-with-prompt.ts'
import type { Outcomes } from '../model-calls/call-group.ts'
import type { Finding } from './prompts.ts'

/** A question that stayed without an answer, and why. */
export type Gap = { readonly question: string; readonly code: string; readonly message: string }

export type Found = {
  readonly findings: readonly Finding[]
  readonly gaps: readonly Gap[]
  /** Whether a question stayed without an answer for a reason that has nothing to do with it. */
  readonly isCutShort: boolean
  /** The first failure. */
  readonly firstError: unknown
}

export const NOTHING_FOUND: Found = { findings: [], gaps: [], isCutShort: false, firstError: undefined }

/** What was found before, with what these questions led to. */
export function addFound(
  { findings, gaps, isCutShort, firstError }: Found,
  questions: readonly string[],
  outcomes: Outcomes,
): Found {
  const found = { findings: [...findings], gaps: [...gaps], isCutShort, firstError }
  for (const [index, question] of questions.entries()) {
    const answer = textOf(outcomes[index])
    if (answer !== undefined) {
      found.findings.push({ question, answer })
      continue
    }
    const failure = failureOf(outcomes[index])
    const { code, message } = toPlainError(failure)
    found.firstError ??= failure
    found.isCutShort ||= !saysSomething(failure)
    found.gaps.push({ question, code, message })
  }
  return found
}
