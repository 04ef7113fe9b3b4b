import { fenceSections, type FencedSection, type PromptParts } from '../text/fence-sections.ts'
import type { DependencyOutput } from './plan-event.ts'
import type { SubTask } from './sub-task.ts'

/** What the prompt of one step shows of its plan. Without a nonce the marker of the fence depends on the texts alone. */
export type SubTaskPromptInit = {
  readonly subTask: SubTask
  /** Outputs of the steps it depends on, and of no others: the `start-subtask` effect carries them. */
  readonly dependencyOutputs: readonly DependencyOutput[]
  /** Of the fence, drawn for this prompt. */
  readonly nonce?: string
}

/**
 * The prompt of one step. The step's own description was written by the decomposer from the user's task, so it is the
 * instruction; everything that other steps produced, and the facts copied from the task, are fenced as data.
 */
export function buildSubTaskPrompt({ subTask, dependencyOutputs, nonce }: SubTaskPromptInit): PromptParts {
  const sections: FencedSection[] = dependencyOutputs.map(({ output }, index) => ({
    name: `result-${index + 1}`,
    content: output,
  }))
  if (subTask.context_needed !== null) sections.unshift({ name: 'context', content: subTask.context_needed })
  const opening = 'You carry out one step of a larger task. Answer the step directly and completely, without preamble.'
  if (sections.length === 0) return { system: opening, user: subTask.description }
  const fenced = fenceSections(sections, { ...(nonce !== undefined && { nonce }) })
  const legend = dependencyOutputs.map(({ id }, index) => `"result-${index + 1}" is the result of step ${id}.`)
  const system = [opening, ...legend, fenced.notice].join('\n')
  return { system, user: `${fenced.text}\n\n${subTask.description}` }
}
