import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { watch } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parsePolicyArtefact } from '../../src/core/policy/policy-artefact.ts'
import { createSystemRandom } from '../../src/node/system-random.ts'
import { openDataDirectory } from '../../src/storage/data-directory.ts'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'
import { syntheticRows } from '../core/learning/synthetic-rows.ts'
import { makeFolder, removeFolders, runBinary, startBinary } from './run-binary.ts'

afterAll(removeFolders)

function folderWithRows(count: number): string {
  const folder = makeFolder()
  const lines = syntheticRows(count, 1).map(({ prompt, outcomes }, row) =>
    JSON.stringify({ prompt: `${prompt} (${row})`, models: Object.fromEntries(outcomes) }),
  )
  writeFileSync(join(folder, 'rows.jsonl'), `${lines.join('\n')}\n`)
  return folder
}

const TRAIN = ['policy', 'train', '--data', 'rows.jsonl', '--output'] as const

describe('kernell policy train', () => {
  it('writes a policy and says what it is worth', { timeout: 60_000 }, async () => {
    const folder = folderWithRows(80)
    const run = await runBinary([...TRAIN, 'policy.json', '--strong', 'strong', '--weak', 'weak', '--json'], { folder })
    expect([run.code, run.errors]).toEqual([0, ''])
    const report = JSON.parse(run.output) as Record<string, unknown>
    expect(report).toMatchObject({
      rows: 80,
      output: join(folder, 'policy.json'),
      registered: true,
      left_out: [],
      folds: 10,
    })
    const artefact = parsePolicyArtefact(readFileSync(join(folder, 'policy.json'), 'utf8'))
    expect(artefact.pair).toEqual({ strong: 1, weak: 2 })
    expect(report['models']).toHaveLength(3)
    const again = await runBinary([...TRAIN, 'policy.json'], { folder })
    expect([again.code, again.errors]).toEqual([2, expect.stringContaining('--force') as string])
    const people = await runBinary([...TRAIN, 'policy.json', '--family', 'neighbours', '--force'], { folder })
    expect([people.code, people.errors]).toEqual([1, expect.stringContaining('100 tasks') as string])
  })

  it('has no AUC of a model that was right in every row, and says so', { timeout: 60_000 }, async () => {
    const folder = folderWithRows(80)
    const rows = readFileSync(join(folder, 'rows.jsonl'), 'utf8').trim().split('\n')
    const always = rows.map((text) => {
      const row = JSON.parse(text) as { readonly models: Readonly<Record<string, object>> }
      return JSON.stringify({ ...row, models: { ...row.models, strong: { ...row.models['strong'], score: 1 } } })
    })
    writeFileSync(join(folder, 'rows.jsonl'), `${always.join('\n')}\n`)
    const run = await runBinary([...TRAIN, 'policy.json', '--json'], { folder })
    const { models } = JSON.parse(run.output) as { readonly models: readonly { name: string; auc: number | null }[] }
    expect(models.find(({ name }) => name === 'strong')).toMatchObject({ auc: null, mean: 1 })
    expect(models.filter(({ auc }) => auc === null)).toHaveLength(1)
    const people = await runBinary([...TRAIN, 'policy.json', '--force'], { folder })
    expect(people.output).toMatch(/strong .* none\n/)
    expect(people.output).toContain('strong has no wrong row, so there is no AUC')
    expect(people.output).not.toContain('NaN')
  })

  it('is killed and resumed, and gives the bytes of a run that was not', { timeout: 60_000 }, async () => {
    const folder = folderWithRows(300)
    const training = join(folder, 'data', 'training')
    mkdirSync(training, { recursive: true })
    const watcher = watch(training, { recursive: true })
    const started = startBinary([...TRAIN, 'killed.json'], { folder })
    let steps = 0
    for await (const { filename } of watcher) {
      if (filename?.endsWith('.step') === true) steps += 1
      if (steps >= 12) break
    }
    started.child.kill('SIGKILL')
    expect((await started.ended).code).toBeNull()
    const resumed = await runBinary([...TRAIN, 'killed.json', '--resume'], { folder })
    expect(resumed.output).toMatch(/\d+ steps were taken over/)
    const whole = await runBinary([...TRAIN, 'whole.json'], { folder })
    expect([resumed.code, whole.code]).toEqual([0, 0])
    expect(readFileSync(join(folder, 'killed.json'))).toEqual(readFileSync(join(folder, 'whole.json')))
  })

  it('loses nothing when the data directory is in use', { timeout: 60_000 }, async () => {
    const folder = folderWithRows(60)
    const held = await openDataDirectory(
      { fileSystem: createNodeFileSystem(), random: createSystemRandom() },
      { path: join(folder, 'data') },
    )
    const refused = await runBinary([...TRAIN.slice(0, 4), '--json'], { folder })
    expect([refused.code, refused.errors]).toEqual([1, expect.stringContaining('--resume') as string])
    const file = await runBinary([...TRAIN, 'policy.json', '--resume', '--json'], { folder })
    expect([file.code, JSON.parse(file.output)]).toMatchObject([0, { registered: false }])
    await held.close()
    const registered = await runBinary([...TRAIN.slice(0, 4), '--json'], { folder })
    expect(JSON.parse(registered.output)).toMatchObject({ registered: true, output: null })
  })

  it.each([
    ['no data', ['policy', 'train', '--output', 'p.json'], '--data is missing'],
    ['half a pair', [...TRAIN, 'p.json', '--strong', 'strong'], '--strong and --weak go together'],
    ['an unknown family', [...TRAIN, 'p.json', '--family', 'forest'], 'auto, linear, neighbours'],
  ])('refuses %s', async (_, words, message) => {
    const run = await runBinary(words, { folder: folderWithRows(1) })
    expect([run.code, run.errors]).toEqual([2, expect.stringContaining(message) as string])
  })
})
