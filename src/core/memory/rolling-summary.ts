import { fenceSections, type FencedSection, type PromptParts } from '../text/fence-sections.ts'
import { truncateToTokens } from './truncate-to-tokens.ts'

/** Counts the tokens of a text for the model that will read it: a whole number >= 0, 0 for the empty text. */
export type CountTokens = (text: string) => number

/** What one finished step left behind. */
export type ContextStep = { readonly id: string; readonly text: string }

/** What is carried from step to step: a summary of the older steps and the newer steps in full. */
export type RollingContext = {
  /** The compressed steps as one text; `''` before the first compression. */
  readonly summary: string
  /** Steps not compressed yet, oldest first. */
  readonly steps: readonly ContextStep[]
}

/** How many tokens a context may take in a prompt, who counts them, and how many of the newest steps should stand in full. */
export type RollingBudget = {
  /** Most tokens of `renderContext`, fences included; >= 0. */
  readonly budgetTokens: number
  readonly countTokens: CountTokens
  /** Newest steps kept in full while the budget allows; 2 when absent. */
  readonly keepRecentSteps?: number
}

/** What to do before the next step. */
export type CompressionPlan =
  | { readonly kind: 'fits' }
  | {
      readonly kind: 'compress'
      /** Steps that the new summary replaces: this many of the oldest, >= 0 (0: only the summary itself shrinks). */
      readonly stepCount: number
      /** Most tokens the new summary may have, >= 0. */
      readonly summaryTokensMax: number
      /** Asks a model for the new summary of the old summary and these steps, all fenced. */
      readonly prompt: PromptParts
    }

/** The context before the first step: no summary, no steps. `renderContext` makes the empty text of it. */
export const EMPTY_CONTEXT: RollingContext = { summary: '', steps: [] }

const KEEP_RECENT_STEPS_DEFAULT = 2

/** Share of the budget that stays free for the summary when recent steps are kept in full. */
const SUMMARY_SHARE_MIN = 0.25

/** The context with one more finished step; compress before it is rendered. */
export function appendStep(context: RollingContext, step: ContextStep): RollingContext {
  return { summary: context.summary, steps: [...context.steps, step] }
}

/** The context as the next prompt shows it: the summary and the steps, fenced as data; `''` when there is nothing. */
export function renderContext({ summary, steps }: RollingContext): string {
  const sections: FencedSection[] = steps.map(({ text }, index) => ({ name: `step-${index + 1}`, content: text }))
  if (summary !== '') sections.unshift({ name: 'summary', content: summary })
  return sections.length === 0 ? '' : fenceSections(sections).text
}

/**
 * Decides whether the context must shrink, and how: the oldest steps are folded into the summary until the newest
 * `keepRecentSteps`, or as many of them as leave a quarter of the budget to the summary, stand in full.
 */
export function planCompression(context: RollingContext, budget: RollingBudget): CompressionPlan {
  const { budgetTokens, countTokens, keepRecentSteps = KEEP_RECENT_STEPS_DEFAULT } = budget
  if (countTokens(renderContext(context)) <= budgetTokens) return { kind: 'fits' }
  const roomForSteps = Math.floor(budgetTokens * (1 - SUMMARY_SHARE_MIN))
  let keptCount = Math.min(keepRecentSteps, context.steps.length)
  while (keptCount > 0 && countTokens(renderContext({ summary: '', steps: newest(context, keptCount) })) > roomForSteps)
    keptCount -= 1
  const kept = newest(context, keptCount)
  // What remains once the kept steps and an (almost) empty summary section are rendered.
  const overhead = countTokens(renderContext({ summary: '.', steps: kept }))
  const summaryTokensMax = Math.max(0, budgetTokens - overhead)
  const stepCount = context.steps.length - keptCount
  const prompt = buildSummaryPrompt(
    { summary: context.summary, steps: context.steps.slice(0, stepCount) },
    summaryTokensMax,
  )
  return { kind: 'compress', stepCount, summaryTokensMax, prompt }
}

function newest({ steps }: RollingContext, count: number): readonly ContextStep[] {
  return steps.slice(steps.length - count)
}

function buildSummaryPrompt(folded: RollingContext, summaryTokensMax: number): PromptParts {
  const sections: FencedSection[] = folded.steps.map(({ text }, index) => ({
    name: `step-${index + 1}`,
    content: text,
  }))
  if (folded.summary !== '') sections.unshift({ name: 'summary', content: folded.summary })
  const fenced = fenceSections(sections)
  const system = [
    'You keep the running summary of a task that is done in steps. Merge the earlier summary and the steps into one text.',
    'Keep results, numbers, names, decisions and open questions exactly; drop wording, repetition and reasoning.',
    `At most ${summaryTokensMax} tokens. Answer with the summary only.`,
    fenced.notice,
  ].join('\n')
  return { system, user: `${fenced.text}\n\nWrite the merged summary.` }
}

export type SummaryOutcome = {
  readonly plan: CompressionPlan
  /** The model's reply, or `undefined` when it could not be had: then the oldest material is cut instead. */
  readonly summary: string | undefined
}

/**
 * The context after a compression; it renders within the budget whatever the model answered. Without a usable summary
 * (none, or only white space) the folded texts themselves are cut to fit, newest material first.
 */
export function applySummary(context: RollingContext, outcome: SummaryOutcome, budget: RollingBudget): RollingContext {
  if (outcome.plan.kind === 'fits') return fitContext(context, budget)
  const { stepCount } = outcome.plan
  const given = outcome.summary?.trim() ?? ''
  const folded = [context.summary, ...context.steps.slice(0, stepCount).map(({ text }) => text)].filter(
    (text) => text !== '',
  )
  const steps = context.steps.slice(stepCount)
  if (given !== '') return fitContext({ summary: given, steps }, budget)
  return fitContext({ summary: folded.toReversed().join('\n'), steps }, budget)
}

/** Truncates until the rendered context fits: first the summary, then whole steps, oldest first, the newest one cut last. */
export function fitContext(context: RollingContext, { budgetTokens, countTokens }: RollingBudget): RollingContext {
  const fits = (candidate: RollingContext): boolean => countTokens(renderContext(candidate)) <= budgetTokens
  if (fits(context)) return context
  for (let dropped = 0; dropped < context.steps.length; dropped++) {
    const steps = context.steps.slice(dropped)
    if (!fits({ summary: '', steps })) continue
    const summary = truncateToTokens(context.summary, { fits: (text) => fits({ summary: text, steps }) })
    return { summary, steps }
  }
  const last = context.steps.at(-1)
  if (last !== undefined) {
    const text = truncateToTokens(last.text, {
      fits: (cut) => fits({ summary: '', steps: [{ id: last.id, text: cut }] }),
    })
    return text === '' ? EMPTY_CONTEXT : { summary: '', steps: [{ id: last.id, text }] }
  }
  return {
    summary: truncateToTokens(context.summary, { fits: (text) => fits({ summary: text, steps: [] }) }),
    steps: [],
  }
}
