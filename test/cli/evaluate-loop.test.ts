import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { syntheticStream } from '../learning/closed-loop/synthetic-stream.ts'
import { makeFolder, removeFolders, runBinary } from './run-binary.ts'

afterAll(removeFolders)

function folderWithRows(): string {
  const folder = makeFolder()
  for (const [name, seed] of [
    ['train', 1],
    ['test', 2],
  ] as const) {
    const lines = syntheticStream(400, seed).map(({ prompt, outcomes }) => {
      const models = [...outcomes].map(([model, { score, costUsd }]) => [model, { score, cost_usd: costUsd }])
      return JSON.stringify({ prompt, models: Object.fromEntries(models) as unknown })
    })
    writeFileSync(join(folder, `${name}.jsonl`), `${lines.join('\n')}\n`)
  }
  return folder
}

describe('kernell eval loop', () => {
  it(
    'reports how cost falls with outcomes, reads nothing that it did not execute, and draws',
    { timeout: 60_000 },
    async () => {
      const folder = folderWithRows()
      const options = ['--seeds', '4', '--outcomes', '50,200', '--plot', 'cost.svg', '--regret-plot', 'regret.png']
      const run = await runBinary(['eval', 'loop', '--train', 'train.jsonl', ...options, '--json'], { folder })
      expect([run.code, run.errors]).toEqual([0, ''])
      const report = JSON.parse(run.output) as {
        readonly steps: readonly { readonly outcomes: number; readonly cost_share: { readonly mean: number } }[]
        readonly [key: string]: unknown
      }
      expect(report).toMatchObject({
        quality_share: 0.95,
        seeds: 4,
        first_seed: 1001,
        models: 3,
        rows: { streamed: 400, judged: 200 },
        falls: true,
        reads: { executed: 800, unexecuted: 0 },
      })
      expect(report.steps.map(({ outcomes }) => outcomes)).toEqual([0, 50, 200])
      expect(report.steps[2]?.cost_share.mean).toBeLessThan(0.8 * (report.steps[0]?.cost_share.mean ?? 0))
      expect(readFileSync(join(folder, 'cost.svg'), 'utf8')).toContain('frozen prior')
      expect(existsSync(join(folder, 'regret.png'))).toBe(true)
      const people = await runBinary(
        ['eval', 'loop', '--train', 'train.jsonl', '--test', 'test.jsonl', '--seeds', '2', '--outcomes', '100'],
        { folder },
      )
      expect(people.code).toBe(0)
      expect(people.output).toContain('judged on 400 rows')
      expect(people.output).toContain('random-mix')
    },
  )

  it('refuses a stream longer than the file, and checkpoints that do not rise', { timeout: 60_000 }, async () => {
    const folder = folderWithRows()
    const long = await runBinary(['eval', 'loop', '--train', 'train.jsonl', '--json'], { folder })
    expect([long.code, JSON.parse(long.output)]).toMatchObject([1, { error: { code: 'TRAINING_DATA_INVALID' } }])
    const falling = await runBinary(['eval', 'loop', '--train', 'train.jsonl', '--outcomes', '200,100'], { folder })
    expect([falling.code, falling.errors]).toEqual([2, expect.stringContaining('rising') as string])
  })
})
