import { choicePrompt, type ChoicePrompt } from './choice-question.ts'
import type { TaskRisk, TaskRoute } from '../routing/task-outcome.ts'

/** What a model that decides fills in: fields of the contract's decision, in its order. Numbers are choices, too, for a grammar of numbers lets a small model write values that no parser takes. */
export const POLICY_FIELDS = {
  route: ['local', 'cheap', 'premium', 'hybrid'],
  confidence: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
  needs_decomposition: [true, false],
  risk: ['low', 'medium', 'high'],
} as const

export const POLICY_INSTRUCTION: string = [
  'You decide which model executes a task.',
  'local: a small model on this machine can answer. cheap: a small hosted model can. premium: only a strong model can.',
  'hybrid: try a cheap model first and check its answer.',
  'needs_decomposition is true for a task of several steps that can be carried out apart.',
  'risk is high for payments, authentication, security, medical or legal advice, and irreversible actions.',
  'Judge the task; do not carry it out.',
].join('\n')

/** What a model is asked when it decides about a task. Training shows it the same. */
export function policyPrompt(task: string): ChoicePrompt {
  return choicePrompt({ instruction: POLICY_INSTRUCTION, subject: task, fields: POLICY_FIELDS })
}

/** The messages of `policyPrompt` as one text, an empty line between them. The first is the same for every task, so the two can be told apart again. */
export function policyPromptText(task: string): string {
  const { system, user } = policyPrompt(task)
  return `${system}\n\n${user}`
}

export type PolicyChoice = {
  readonly route: TaskRoute
  /** 0 to 1; the nearest of the choices is said. */
  readonly confidence: number
  readonly needsDecomposition: boolean
  readonly risk: TaskRisk
}

/** The answer that a model should give: a decision document as the grammar of `policyPrompt` writes it. */
export function policyCompletion({ route, confidence, needsDecomposition, risk }: PolicyChoice): string {
  const tenths = Math.min(9, Math.max(1, Math.round(confidence * 10)))
  return JSON.stringify({ route, confidence: tenths / 10, needs_decomposition: needsDecomposition, risk })
}
