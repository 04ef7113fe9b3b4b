import { describe, expect, it } from 'vitest'
import { withEvent, type FollowUpEntry } from '../../src/telemetry/follow-up-entry.ts'
import { buildFeedback, instantOf } from './follow-up-builder.ts'

describe('feedback beyond what is kept for a task', () => {
  it('pushes out what is outdated, never the only word of somebody', () => {
    let entry: FollowUpEntry | undefined = withEvent(undefined, buildFeedback({ value: 0 }), 4).entry
    for (let count = 0; count < 40; count += 1)
      entry = withEvent(
        entry,
        buildFeedback({
          feedback_id: `s${count}`,
          timestamp: instantOf(2 + count),
          kind: 'score',
          source: 'system',
          value: count / 40,
        }),
        4,
      ).entry
    expect(entry.feedback.map(({ feedback_id }) => feedback_id)).toEqual(['f1', 's37', 's38', 's39'])
  })
})
