import { estimateTokens, type DependencyOutput } from 'kernell-os/core'
import { appendStep, EMPTY_CONTEXT, foldContext, renderContext, type RollingBudget } from 'kernell-os/memory'

/**
 * What a step is shown of the steps that it depends on, at most about `tokensMax` tokens: the outputs themselves while they
 * fit, otherwise their rolling summary, in which the newest stand in full where there is room.
 *
 * @param id  The step that is shown them.
 */
export function shownOutputs(
  outputs: readonly DependencyOutput[],
  { id, tokensMax }: { readonly id: string; readonly tokensMax: number },
): readonly DependencyOutput[] {
  const budget: RollingBudget = { budgetTokens: tokensMax, countTokens: estimateTokens }
  const context = outputs.reduce(
    (before, { id: stepId, output }) => appendStep(before, { id: stepId, text: `Step ${stepId}:\n${output}` }),
    EMPTY_CONTEXT,
  )
  const folded = foldContext(context, budget)
  return folded === context ? outputs : [{ id: `before ${id}`, output: renderContext(folded) }]
}
