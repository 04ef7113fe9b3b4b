import { expect, test } from 'vitest'
import { intentPlanSchema } from '../../src/wire/intent-plan.ts'

const plan = (proposedBy: string) => ({
  proposedBy,
  writtenAfter: [],
  sources: [],
  sinks: [],
  steps: [{ id: 'one', action: 'say it', uses: [] }],
})

test('a plan with half of a character is none: no hash can name it', () => {
  expect(intentPlanSchema.safeParse(plan('agent:\u{1f4a1}')).success).toBe(true)
  expect(intentPlanSchema.safeParse(plan('agent:\ud83d')).success).toBe(false)
})
