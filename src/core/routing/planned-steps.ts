import type { DecisionRecord, PlannedStep } from './decision-record.ts'

/** Whom a decision asks, in order: its plan, and then its fallbacks. */
export function stepsOf({ plan, fallbacks }: Pick<DecisionRecord, 'plan' | 'fallbacks'>): readonly PlannedStep[] {
  return fallbacks === undefined ? plan : [...plan, ...fallbacks]
}
