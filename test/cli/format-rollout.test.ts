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

const ONLINE = {
  learned: 812,
  revised: 14,
  skipped: 3,
  queued: 2,
  dropped: 7,
  start_tasks: null,
  every_outcomes: 500,
  since_version: 326,
  last_version: 'policy-1-0123456789ab',
  last_version_at: '2026-01-01T00:00:00.000Z',
  failure: null,
} as const

const statusOf = (online: JsonValue): string =>
  formatStatus({ stage: 'legacy_only', incumbent: 'priors-1', candidate: null, online }, 100)

describe('what a node has learned, for people', () => {
  it('names the outcomes, the last version, and what was dropped', () => {
    expect(statusOf(ONLINE).split('\n')).toEqual([
      'priors-1 answers everything',
      'Learning: 812 outcomes, 14 corrected, 3 left out',
      'Last version: policy-1-0123456789ab, 2026-01-01T00:00:00.000Z',
      '326 of 500 outcomes towards the next; 2 tasks wait, 7 were dropped',
    ])
  })

  it('says that it has not begun, that there is no version, and what failed', () => {
    const lines = statusOf({ ...ONLINE, start_tasks: 4, last_version: null, last_version_at: null, failure: 'full' })
    expect(lines.split('\n').slice(1)).toEqual([
      'Learning has not begun: 4 tasks with a known outcome so far',
      'No version was registered yet',
      '326 of 500 outcomes towards the next; 2 tasks wait, 7 were dropped',
      'Learning failed last time: full',
    ])
  })

  it('is silent where nothing is learned', () => {
    expect(statusOf(null)).toBe('priors-1 answers everything')
  })
})
