import type { Step } from '../machine.ts'
import type { GovernanceRefusal } from './governance-refusals.ts'
import type { GovernanceEffect, GovernanceState } from './governance-state.ts'

export type GovernanceStep = Step<GovernanceState, GovernanceEffect>

/** Nothing changes. */
export function refused(state: GovernanceState, code: GovernanceRefusal): GovernanceStep {
  return { state, effects: [{ type: 'event-refused', code }] }
}
