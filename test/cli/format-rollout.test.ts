import { describe, expect, it } from 'vitest'
import type { JsonValue } from '../../src/base/canonical-json.ts'
import { formatStatus } from '../../src/cli/format-rollout.ts'

const STATUS = { stage: 'canary', percent: 5, candidate: 'policy-1-b', incumbent: 'policy-1-a' }
const figures = [{ name: 'novelty', figure: 0.213, state: 'drifted' }]
const textOf = (drift: JsonValue, isHeld: boolean): string =>
  formatStatus({ ...STATUS, drift, is_held_by_drift: isHeld }, 100)

describe('the status of a rollout', () => {
  it('says nothing of drift where there is none', () => {
    const drift = { traffic: { state: 'watch', figures }, decisions: { cause: 'nobody' } }
    expect(textOf(drift, false)).toBe(textOf(null, false))
  })

  it('says that tasks have changed, in what, and that the canary waits for a person', () => {
    expect(
      textOf({ traffic: { state: 'drifted', figures }, decisions: null }, true)
        .split('\n')
        .slice(2),
    ).toEqual([
      'Tasks are others than when this began: novelty (0.21)',
      'It does not go on by itself while that is so; `kernell policy promote` does',
    ])
  })

  it('says what people thought of the answers of each', () => {
    const said = { candidate: { votes: 12, mean: 0.75 }, incumbent: { votes: 0, mean: null } }
    expect(formatStatus({ ...STATUS, feedback: said }, 100)).toContain('Feedback: 75.0 % in 12 votes on the candidate')
  })

  it('says whose doing it is that decisions have changed', () => {
    const drift = { traffic: { state: 'stable', figures: [] }, decisions: { cause: 'common' } }
    expect(textOf(drift, true)).toContain(
      'The candidate begins with other models than at first; the incumbent does so too',
    )
  })
})
