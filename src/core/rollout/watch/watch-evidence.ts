import { wealthOf } from './bet.ts'
import type { SloRules } from '../rollout-rules.ts'
import type { Compared, Limited, SloName, WatchState } from './watch-state.ts'

export type SloBreach = {
  readonly slo: SloName
  /** `control`: the incumbent at the same time. `limit`: what the rules allow at all. `beginning`: what the candidate did at first. */
  readonly against: 'control' | 'limit' | 'beginning'
  /**
   * What the dollar became, and what it may become of a sound candidate. Against the beginning: the stability index, and the one that it takes.
   */
  readonly wealth: number
  readonly threshold: number
}

/** How the allowed false alarms are divided. They add up to 1. */
export const SHARE_OF_ALARM = {
  control: { quality: 0.25, errors: 0.15, cost: 0.15, latency: 0.1, feedback: 0.05 },
  limit: { quality: 0.05, errors: 0.05, cost: 0.05, latency: 0.05, drift: 0.05 },
  beginning: { drift: 0.05 },
} as const

/** Whether there is some evidence against the candidate, a tenth of what it takes: no moment to give it more. */
export function isSuspicious(watch: WatchState, rules: SloRules): boolean {
  return evidence(watch, rules).some(({ wealth, threshold }) => wealth * 10 >= threshold)
}

/** Every bet as it stands, for people. */
export function evidence(watch: WatchState, { falseAlarm }: SloRules): readonly SloBreach[] {
  const { control, limit } = SHARE_OF_ALARM
  return [
    ...COMPARED.map((slo): SloBreach => {
      const wealth = wealthOf(watch.againstControl[slo])
      return { slo, against: 'control', wealth, threshold: 1 / (falseAlarm * control[slo]) }
    }),
    {
      slo: 'feedback',
      against: 'control',
      wealth: wealthOf(watch.feedback.bet),
      threshold: 1 / (falseAlarm * control.feedback),
    },
    ...LIMITED.map((slo): SloBreach => {
      const wealth = wealthOf(watch.againstLimit[slo])
      return { slo, against: 'limit', wealth, threshold: 1 / (falseAlarm * limit[slo]) }
    }),
  ]
}

const COMPARED: readonly Compared[] = ['quality', 'errors', 'cost', 'latency']
const LIMITED: readonly Limited[] = ['quality', 'errors', 'cost', 'latency', 'drift']

export function breachOf(watch: WatchState, rules: SloRules): SloBreach | undefined {
  return evidence(watch, rules).find(({ wealth, threshold }) => wealth >= threshold)
}
