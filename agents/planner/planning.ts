import { buildDecomposerPrompt, fenceSections, type PromptParts } from 'kernell-os/core'
import { nonceOf } from '../fence-texts.ts'
import type { Lesson } from '../memory-use.ts'
import { saysSomething } from '../model-outcomes.ts'
import type { PlanEnd } from './execute-plan.ts'
import type { StepReport } from './steps.ts'

export type PlanningPromptInit = {
  readonly stepsMax: number
  /** What earlier plans led to, best first; may be empty. */
  readonly lessons: readonly string[]
}

/** Asks for a plan, with what was learned from earlier ones. Parse the reply with `parseSubTasks`. */
export function planningPrompt(task: string, { stepsMax, lessons }: PlanningPromptInit): PromptParts {
  // One name for all fences, so that no lesson knows that of the task.
  const nonce = nonceOf([task, ...lessons])
  const prompt = buildDecomposerPrompt(task, { subTasksMax: stepsMax, nonce })
  if (lessons.length === 0) return prompt
  const fenced = fenceSections(
    lessons.map((text, index) => ({ name: `lesson-${index + 1}`, content: text })),
    { nonce },
  )
  const system = [
    prompt.system,
    'Sections "lesson-..." say what earlier plans led to; avoid what failed.',
    fenced.notice,
  ]
  return { system: system.join('\n'), user: `${fenced.text}\n\n${prompt.user}` }
}

const TASK_CHARS_MAX = 1_000
const STEP_CHARS_MAX = 300

/**
 * What is worth knowing before the next such task: the steps, and how each went. `undefined` where nothing is known of the
 * plan: a step was not done for a reason that has nothing to do with it, and no other shows that the plan is bad.
 */
export function lessonOf(
  task: string,
  steps: readonly StepReport[],
  { errors, doubtful }: Pick<PlanEnd, 'errors' | 'doubtful'>,
): Lesson | undefined {
  const isBad = doubtful.length > 0 || [...errors.values()].some(saysSomething)
  if (!isBad && steps.some(({ state }) => state !== 'succeeded')) return undefined
  const lines = steps.map(({ id, description, state, reason }) => {
    const said = doubtful.includes(id) ? `${state}, but the answer did not pass the checks` : state
    return `- ${id}: ${description.slice(0, STEP_CHARS_MAX)} (${reason === undefined ? said : `${said}: ${reason}`})`
  })
  return { outcome: [`Plan for: ${task.slice(0, TASK_CHARS_MAX)}`, ...lines].join('\n'), isSuccess: !isBad }
}
