import { describe, expect, it } from 'vitest'
import { crossFit, fitLinearRewards } from '../../../../src/core/learning/off-policy/reward-model.ts'
import { rowsOf } from './log-rows.ts'

describe('crossFit', () => {
  it('predicts no row from itself, nor from another of the same task', () => {
    const tasks = rowsOf(200, (at) => ({ propensities: [1], action: 0, hash: `task ${at >> 1}` }))
    const seen: string[][] = []
    const predicted = crossFit(
      tasks,
      tasks.map(() => 1),
      {
        fit: (rows) => {
          const known = rows.map(({ task }) => task.taskHash)
          seen.push(known)
          return (task) => Number(known.includes(task.taskHash))
        },
      },
    )
    expect(predicted.every(([value]) => value === 0)).toBe(true)
    expect(seen).toHaveLength(5)
    expect(seen.reduce((sum, { length }) => sum + length, 0)).toBe(4 * tasks.length)
  })

  it('learns from measured rows only, and predicts all', () => {
    const tasks = rowsOf(100, () => ({ propensities: [1], action: 0 }))
    const rewards = tasks.map((_, at) => (at % 2 === 0 ? 3 : undefined))
    const predicted = crossFit(tasks, rewards, { fit: fitLinearRewards(() => [0]) })
    expect(predicted.map(([value]) => value)).toEqual(tasks.map(() => 3))
  })
})

describe('fitLinearRewards', () => {
  const tasks = rowsOf(400, (at) => ({ propensities: [0.5, 0.5], action: at % 2 }))
  const predictors = (task: { taskHash: string }): readonly number[] => [Number(task.taskHash.slice(1)), 7]

  it('follows a line per model', () => {
    const rows = tasks.map((task, at) => ({ task, reward: at % 2 === 0 ? at : 1000 - at }))
    const model = fitLinearRewards(predictors)(rows)
    const middle = tasks[200]
    if (middle === undefined) throw new Error('a row is missing')
    expect(model(middle, 'a')).toBeCloseTo(200, -1)
    expect(model(middle, 'b')).toBeCloseTo(800, -1)
  })

  it('stays within what was seen', () => {
    const model = fitLinearRewards(predictors)(tasks.slice(0, 100).map((task, at) => ({ task, reward: at })))
    const far = tasks[399]
    if (far === undefined) throw new Error('a row is missing')
    expect(model(far, 'a')).toBe(99)
  })

  it('takes the line of all models for one with few rows', () => {
    const rows = tasks
      .slice(0, 100)
      .map((task, at) => ({ task: { ...task, action: at < 5 ? 'c' : 'a' }, reward: at < 5 ? 9 : 1 }))
    const [row] = tasks
    if (row === undefined) throw new Error('a row is missing')
    expect(fitLinearRewards(() => [0])(rows)(row, 'c')).toBeCloseTo(1.4, 9)
  })
})
