import type { InjectionScore, TextSource } from './score-text.ts'

/** What is done about a text whose score reaches the threshold. */
export const TEXT_ACTIONS = ['pass', 'flag', 'block'] as const
export type TextAction = (typeof TEXT_ACTIONS)[number]

/** By source. Who sends a task may write what they like to a model that they pay; what others wrote may not speak for them. */
export type TextRules = Readonly<Record<TextSource, TextAction>>

/** Rules where the operator sets none: what users write is flagged and goes on, what others wrote is blocked. Frozen. */
export const DEFAULT_TEXT_RULES: TextRules = Object.freeze({
  user: 'flag',
  document: 'block',
  tool: 'block',
  peer: 'block',
})

/** What was found of one text of a task, and what was done about it. Never the text itself. */
export type TextReport = {
  readonly source: TextSource
  /** Where it stands: the place of its message, from 0, and the name of its fence where it has one. */
  readonly message: number
  readonly section?: string
  /** The step of a split task whose prompt it stands in; absent for the task itself. */
  readonly step?: string
  readonly score: number
  readonly threshold: number
  readonly scoredBy: InjectionScore['scoredBy']
  readonly rules: readonly string[]
  /** `pass`: below the threshold, or nothing is done about this source. */
  readonly action: TextAction
}

/** What is done about a text, by its score. */
export function reportOf(
  place: Pick<TextReport, 'source' | 'message' | 'section' | 'step'>,
  { score, threshold, scoredBy, rules, isInjection }: InjectionScore,
  actions: TextRules,
): TextReport {
  return { ...place, score, threshold, scoredBy, rules, action: isInjection ? actions[place.source] : 'pass' }
}
