import { expect, it } from 'vitest'
import { answerDeterministically } from '../../../src/core/tools/answer-deterministically.ts'
import { LOOK_ALIKES } from './look-alikes.ts'

it('declines every look-alike', () => {
  expect(new Set(LOOK_ALIKES).size).toBe(LOOK_ALIKES.length)
  expect(LOOK_ALIKES.length).toBeGreaterThanOrEqual(200)
  const answered = LOOK_ALIKES.flatMap((task) => {
    const found = answerDeterministically(task)
    return found === undefined ? [] : [{ task, answer: found.answer }]
  })
  expect(answered).toEqual([])
})
