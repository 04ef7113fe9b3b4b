import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drawnQuestions } from '../../../src/simulation/scenarios/routing-savings/drawn-questions.ts'
import { modelWorld } from '../../simulation/models/simulated-world.ts'
import { StudyUsage } from '../study.ts'
import { compareCosts, type PlayedPoint } from './compare-costs.ts'
import { completeRows, splitFile } from './split-file.ts'
import { study } from './study.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernell-study-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function fileOf(rows: readonly object[]): string {
  const file = join(folder, `${rows.length}.jsonl`)
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  return file
}

const row = (prompt: string, extra: object = {}) => ({ prompt, models: { a: { score: 1 }, b: { score: 0 } }, ...extra })

describe('splitting', () => {
  it('uses each prompt once, and none that is contaminated; what is not drawn is counted', () => {
    const rows = Array.from({ length: 8 }, (_, at) => row('abcdefgh'.charAt(at)))
    const file = fileOf([...rows, row('a'), row('z', { contaminated: true })])
    const split = splitFile(file, 1, 6)
    expect([split.rows, split.notUsed, split.notDrawn]).toEqual([10, 2, 2])
    const prompts = [...split.train, ...split.test].map(({ prompt }) => prompt)
    expect([split.train.length, new Set(prompts).size]).toEqual([3, 6])
    expect(splitFile(file, 1, 6)).toEqual(split)
    expect(() => splitFile(join(folder, 'none'), 1, 6)).toThrow(StudyUsage)
  })

  it('keeps rows that have all the models that are left', () => {
    const rows = [row('a'), { prompt: 'b', models: { b: {} } }, { prompt: 'c', models: { a: {} } }]
    expect(completeRows(rows, ['a']).map(({ prompt }) => prompt)).toEqual(['a', 'b'])
  })
})

describe('comparing', () => {
  const point: PlayedPoint = {
    quality_share: 0.9,
    is_trained_for: 1,
    cost_share: 0.35,
    cost_share_ci95: [0.3, 0.4],
    first_choice_cost_share: 0.31,
    first_choice_cost_share_ci95: [0.295, 0.33],
    quality: 0.9,
    escalated: 0.1,
    high_risk: 0,
    high_risk_first_cost_share: 0,
  }
  const theirs = { quality_share: 0.9, kernell: 0.3, ci95: [0.28, 0.32], achieved: 0.91 } as const

  it('says of either figure whether it lies in the interval of the other', () => {
    const { compared } = compareCosts({ points: [theirs] }, [point])
    expect(compared).toMatchObject([
      { first: { isInTheirs: true, hasTheirs: true }, served: { isInTheirs: false, hasTheirs: true } },
    ])
  })

  it('compares nothing that one of the two has no figure for', () => {
    const reasonOf = (other: object, own: Partial<PlayedPoint> = {}): string | undefined =>
      compareCosts({ points: [{ ...theirs, ...other }] }, [{ ...point, ...own }]).left[0]?.because
    expect(reasonOf({ kernell: null, ci95: null })).toContain('did not reach it (0.910)')
    expect(reasonOf({ quality_share: 0.5 })).toContain('does not judge it')
    expect(reasonOf({}, { is_trained_for: 0 })).toContain('no such point')
  })
})

describe('the study', () => {
  const init = {
    seeds: undefined,
    only: '0.9',
    data: undefined,
    log: () => {},
    runAll: async () => await Promise.resolve([]),
  }

  it('needs a file', async () => {
    await expect(study.run(init)).rejects.toThrow(StudyUsage)
  })

  it('finds that both commands say the same of the same rows', async () => {
    const { train } = drawnQuestions(modelWorld(5).stage, { tasks: 0, trainTasks: 160, repeated: 0 })
    const rows = train.map(({ prompt, outcomes }) => ({
      prompt,
      models: Object.fromEntries(
        [...outcomes].map(([model, { score, costUsd }]) => [model, { score, cost_usd: costUsd }]),
      ),
    }))
    const report = await study.run({ ...init, data: fileOf(rows) })
    expect(report.findings.filter(({ isMet }) => !isMet)).toEqual([])
    expect(report.figures).toMatchObject({ asked: 80, evaluated: 80, trained_on: 80 })
    const [compared] = report.figures['compared'] as readonly ReturnType<typeof compareCosts>['compared'][number][]
    expect(compared?.first.cost).toBeCloseTo(compared?.evalCost.cost ?? 0, 6)
  }, 60_000)
})
