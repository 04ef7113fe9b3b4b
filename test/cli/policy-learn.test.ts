import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parsePolicyArtefact } from '../../src/core/policy/policy-artefact.ts'
import { syntheticStream } from '../learning/closed-loop/synthetic-stream.ts'
import { makeFolder, removeFolders, runBinary } from './run-binary.ts'

afterAll(removeFolders)

describe('kernell policy learn', () => {
  it('learns a policy that knows how sure it is, and registers it', { timeout: 60_000 }, async () => {
    const folder = makeFolder()
    const lines = syntheticStream(60, 1).map(({ prompt, outcomes }) => {
      const models = [...outcomes].map(([model, { score, costUsd }]) => [model, { score, cost_usd: costUsd }])
      return JSON.stringify({ prompt, models: Object.fromEntries(models) as unknown })
    })
    writeFileSync(join(folder, 'rows.jsonl'), `${lines.join('\n')}\n`)
    const options = ['--input', 'rows.jsonl', '--output', 'policy.json', '--parent', 'policy-0']
    const run = await runBinary(['policy', 'learn', ...options, '--json'], { folder })
    expect([run.code, run.errors]).toEqual([0, ''])
    const report = JSON.parse(run.output) as { readonly version: string }
    expect(report).toMatchObject({ registered: true, learned: 180, revised: 0, skipped: 0 })
    const artefact = parsePolicyArtefact(readFileSync(join(folder, 'policy.json'), 'utf8'))
    expect(artefact.candidates).toEqual(['alpha', 'beta', 'gamma'])
    expect(artefact.uncertainty?.covariance).toHaveLength(3)
    expect(artefact.lineage).toMatchObject({ parent: 'policy-0', metrics: { outcomes: 180, tasks: 60 } })
    const { files } = artefact.lineage.training ?? { files: [] }
    expect(files.map(({ rows }) => rows)).toEqual([60])
    const judged = await runBinary(['policy', 'evaluate', report.version, '--data', 'rows.jsonl', '--gate', '--json'], {
      folder,
    })
    expect([judged.code, JSON.parse(judged.output)]).toMatchObject([
      3,
      { error: { code: 'POLICY_TRAINED_ON_TEST', details: { overlap: 60, checked_by: 'artefact' } } },
    ])
    const shown = await runBinary(['policy', 'show', report.version, '--json'], { folder })
    expect([shown.code, shown.output]).toEqual([0, expect.stringContaining(report.version) as string])
  })

  it('says that there is nothing to learn from', { timeout: 60_000 }, async () => {
    const run = await runBinary(['policy', 'learn', '--json'], { folder: makeFolder() })
    expect([run.code, JSON.parse(run.output)]).toMatchObject([1, { error: { code: 'TRAINING_DATA_INVALID' } }])
  })
})
