import { profileTask } from '../../core/policy/task-profile.ts'
import { createPromptScanner } from '../../core/policy/scan-prompt.ts'
import { policyCompletion, policyPromptText } from '../../core/policy/policy-question.ts'
import type { DatasetRow } from './label-row.ts'

/** One example for supervised training of a deciding model: what it is asked, and what it should answer. */
export type SftRow = {
  /** What the model is served for this task when it decides (`policyPromptText`), to the byte. */
  readonly prompt: string
  /** The decision in hindsight, as the grammar of the same question writes it. */
  readonly completion: string
}

/**
 * Makes examples of rows whose text was kept; `undefined` for others. The route and its confidence are the label's; risk and decomposition are judged
 * from the text as they are when the task comes in, and nothing else of the row is shown.
 */
export function createSftFormatter(): (row: DatasetRow) => SftRow | undefined {
  const scanner = createPromptScanner()
  return ({ optimal_route: route, label_confidence: confidence, logged }) => {
    if (logged?.prompt === undefined) return undefined
    const needsDecomposition = profileTask(scanner.scan(logged.prompt)).isCompound
    return {
      prompt: policyPromptText(logged.prompt),
      completion: policyCompletion({ route, confidence, needsDecomposition, risk: logged.risk }),
    }
  }
}
