import { verifyAnswer } from '../../core/verification/verify-answer.ts'

const LETTERS = ['A', 'B', 'C', 'D', '1', '2', 'yes']
const FORMS: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `{"answer": "${text}"}`,
  (text) => `\\boxed{${text}}`,
]

/**
 * Words in the place of a recorded answer whose text was not kept: something that has no defect of form by the product's own checks, as most recorded answers have none.
 * Whether the answer was right does not show in it.
 */
export function plausibleAnswer(prompt: string): string {
  const texts = FORMS.flatMap((form) => LETTERS.map((letter) => form(letter)))
  return texts.find((answer) => verifyAnswer({ task: prompt, answer }).valid) ?? 'A'
}
