import { describe, expect, it } from 'vitest'
import type { JsonValue } from '../../src/base/canonical-json.ts'
import { formatStatus } from '../../src/cli/format-rollout.ts'

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
