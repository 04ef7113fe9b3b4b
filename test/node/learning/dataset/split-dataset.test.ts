import { createHash } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import {
  splitDataset,
  type SplitDatasetInit,
  type SplitReport,
} from '../../../../src/node/learning/dataset/split-dataset.ts'
import { failureOf } from '../../../fixtures/failure-of.ts'
import { DataFolder, removeDataFolders } from '../data-folder.ts'

afterAll(removeDataFolders)

/** Rows of 2,000 tasks, of which each has one to three; a tenth of the tasks is best served by premium. */
const ROWS = Array.from({ length: 4000 }, (_, row) => {
  const task = (row * 7919) % 2000
  return {
    task_hash: createHash('sha256').update(String(task)).digest('hex'),
    row,
    optimal_route: task % 10 === 0 ? 'premium' : 'local',
  }
})

async function split(folder: DataFolder, init: Partial<SplitDatasetInit> = {}): Promise<SplitReport> {
  return await splitDataset({
    input: init.input ?? folder.write('in.jsonl', ROWS),
    train: folder.file('train.jsonl'),
    test: folder.file('test.jsonl'),
    validation: folder.file('validation.jsonl.gz'),
    shares: { test: 0.2, validation: 0.1, seed: 1 },
    isBalanced: false,
    ...init,
  })
}
const tasksOf = (folder: DataFolder, name: string): ReadonlySet<unknown> =>
  new Set(folder.rows(name).map(({ task_hash: task }) => task))

describe('a split', () => {
  it('puts every row somewhere, as it is and in order, and no task on two sides', async () => {
    const folder = new DataFolder()
    const report = await split(folder)
    const names = ['train.jsonl', 'validation.jsonl.gz', 'test.jsonl']
    const rows = names.map((name) => folder.rows(name).map(({ row }) => Number(row)))
    expect(rows.flat().toSorted((a, b) => a - b)).toEqual(ROWS.map(({ row }) => row))
    for (const part of rows) expect(part).toEqual(part.toSorted((a, b) => a - b))
    const tasks = names.map((name) => tasksOf(folder, name))
    expect(new Set(tasks.flatMap((part) => [...part])).size).toBe(tasks.reduce((sum, { size }) => sum + size, 0))
    const shares = tasks.map(({ size }) => size / 2000)
    for (const [place, share] of [0.7, 0.1, 0.2].entries())
      expect(Math.abs((shares[place] ?? 0) - share)).toBeLessThan(0.03)
    expect(report).toMatchObject({ rows: 4000, left_out: 0 })
    expect(report.parts.map(({ side, rows: count, tasks: of }) => [side, count, of])).toEqual([
      ['train', rows[0]?.length, tasks[0]?.size],
      ['validation', rows[1]?.length, tasks[1]?.size],
      ['test', rows[2]?.length, tasks[2]?.size],
    ])
  })

  it('is the same for a seed, another for another, and a larger test part holds the smaller one', async () => {
    const [a, b, c, d] = [new DataFolder(), new DataFolder(), new DataFolder(), new DataFolder()]
    await split(a)
    await split(b)
    await split(c, { shares: { test: 0.2, validation: 0.1, seed: 2 } })
    await split(d, { shares: { test: 0.4, validation: 0.1, seed: 1 } })
    expect(a.text('test.jsonl')).toBe(b.text('test.jsonl'))
    expect(a.text('test.jsonl')).not.toBe(c.text('test.jsonl'))
    const larger = tasksOf(d, 'test.jsonl')
    expect([...tasksOf(a, 'test.jsonl')].filter((task) => !larger.has(task))).toEqual([])
  })

  it('balances the training part alone: as many of each route, in order, drawn from all of them', async () => {
    const [plain, balanced] = [new DataFolder(), new DataFolder()]
    await split(plain)
    const report = await split(balanced, { isBalanced: true })
    const rarest = plain.rows('train.jsonl').filter(({ optimal_route: route }) => route === 'premium').length
    const [train] = report.parts
    expect(train?.routes).toEqual({ local: rarest, premium: rarest })
    expect(report.left_out).toBe(plain.rows('train.jsonl').length - 2 * rarest)
    const rows = balanced.rows('train.jsonl').map(({ row }) => Number(row))
    expect(rows).toEqual(rows.toSorted((a, b) => a - b))
    const early = balanced
      .rows('train.jsonl')
      .filter(({ row, optimal_route: route }) => route === 'local' && Number(row) < 2000)
    expect(Math.abs(early.length / rarest - 0.5)).toBeLessThan(0.12)
    expect(balanced.text('test.jsonl')).toBe(plain.text('test.jsonl'))
  })

  it('takes questions by their text', async () => {
    const folder = new DataFolder()
    const input = folder.write('q.jsonl', [{ prompt: 'a', models: {} }, { prompt: 'b' }, { prompt: 'a', id: 2 }])
    await split(folder, { input, shares: { test: 0.5, validation: 0, seed: 3 } })
    const sides = ['train.jsonl', 'test.jsonl'].map(
      (name) => folder.rows(name).filter(({ prompt }) => prompt === 'a').length,
    )
    expect(sides.toSorted((a, b) => a - b)).toEqual([0, 2])
  })

  it('of rows without a task, or balanced without a route, is refused and writes nothing', async () => {
    const folder = new DataFolder()
    for (const [rows, isBalanced, message] of [
      [[{ task_hash: 'a' }, { id: 1 }], false, 'in.jsonl:2: a row needs `task_hash` or `prompt` (text)'],
      [['x'], false, 'in.jsonl:1: not JSON'],
      [[{ task_hash: 'a' }], true, 'in.jsonl:1: balancing needs rows with an `optimal_route`'],
    ] as const) {
      const failure = await failureOf(split(folder, { input: folder.write('in.jsonl', rows), isBalanced }))
      expect([failure.code, failure.message]).toEqual(['TRAINING_DATA_INVALID', message])
      expect(folder.names()).toEqual(['in.jsonl'])
    }
  })
})
