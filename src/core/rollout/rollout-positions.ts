import { assertNever } from '../../base/assert.ts'
import {
  percentOf,
  SERVED_MAX,
  trialOf,
  type Promotion,
  type RolloutPosition,
  type RolloutState,
  type Trial,
} from './rollout-state.ts'
import { REFERENCE_MIN, servedLately } from './serving-record.ts'
import { watchWithoutControl } from './watch/slo-watch.ts'

export function positionOf(
  { stage, percent }: Pick<Promotion, 'stage' | 'percent'>,
  { rules, at, serving, incumbent }: RolloutState,
  before: Trial,
): Exclude<RolloutPosition, { stage: 'legacy_only' }> {
  const trial: Trial = { ...before, since: at, lastedMs: 0, requests: 0, called: 0 }
  if (stage === 'shadow') return { stage, trial }
  if (stage === 'full') {
    const watch = watchWithoutControl(trial.watch, servedLately(serving, incumbent), rules.slo)
    return { stage, trial: { ...trial, watch } }
  }
  return { stage, percent: percent ?? rules.canarySteps[0] ?? 1, trial }
}

/** Whether enough is known of the incumbent to watch a candidate that answers everything. */
export function hasReference({ serving, incumbent }: Pick<RolloutState, 'serving' | 'incumbent'>): boolean {
  return servedLately(serving, incumbent).requests >= REFERENCE_MIN
}

/** Higher is further; steps of the canary lie between 1 and 2. */
export function rankOf(position: RolloutPosition): number {
  switch (position.stage) {
    case 'legacy_only':
      return 0
    case 'shadow':
      return 1
    case 'canary':
      return 1 + position.percent / 100
    case 'full':
      return 2
    default:
      return assertNever(position)
  }
}

/** What comes after the stage and step of now; `undefined` where nothing does. */
export function nextPosition(state: RolloutState, trial: Trial): RolloutPosition | undefined {
  const { position, rules } = state
  if (position.stage === 'legacy_only' || position.stage === 'full') return undefined
  const now = percentOf(position)
  const percent = rules.canarySteps.find((step) => step > now)
  return percent === undefined
    ? positionOf({ stage: 'full' }, state, trial)
    : positionOf({ stage: 'canary', percent }, state, trial)
}

export function servedBy(state: RolloutState, position: RolloutPosition): Partial<RolloutState> {
  return position.stage === 'full' ? { served: remember(state.served, position.trial.candidate) } : {}
}

/** The candidate is gone, and what it may have served in full is nothing to go back to. */
export function givenUp({ position, served, rollbacks }: RolloutState): Partial<RolloutState> {
  const candidate = trialOf(position)?.candidate
  return {
    position: { stage: 'legacy_only' },
    served: served.filter((version) => version !== candidate),
    rollbacks: rollbacks + 1,
  }
}

export function remember(served: readonly string[], version: string): readonly string[] {
  return [version, ...served.filter((other) => other !== version)].slice(0, SERVED_MAX)
}
