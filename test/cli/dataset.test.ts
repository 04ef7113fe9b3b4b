import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { makeFolder, removeFolders, runBinary, startBinary, type BinaryRun } from './run-binary.ts'
import { runInProcess, type InProcessRun } from './run-in-process.ts'

afterAll(removeFolders)

const record = (task: number, changes: object = {}): object => ({
  task_hash: createHash('sha256').update(String(task)).digest('hex'),
  actual_tier_used: task % 3 === 0 ? 'premium_api' : 'local_small',
  success: true,
  was_escalated: false,
  cost_usd: task % 3 === 0 ? 0.05 : 0,
  latency_ms: 100 + task,
  tokens_in: 20,
  tokens_out: 30,
  verifier_accepted: true,
  verifier_confidence: 0.9,
  ...changes,
})
const linesOf = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

function folderWith(rows: readonly object[]): string {
  const folder = makeFolder()
  writeFileSync(join(folder, 'in.jsonl'), linesOf(rows))
  return folder
}
const run = async (folder: string, ...words: readonly string[]): Promise<InProcessRun> =>
  await runInProcess(['data', ...words], { workingDir: folder })
const records = (count: number): readonly object[] =>
  Array.from({ length: count }, (_, task) => record(task, { task_text: `What is ${task} plus ${task}?` }))

describe('a file without rows', () => {
  it('is refused by audit as by build', async () => {
    const folder = folderWith([])
    for (const words of [['audit'], ['build', '--output', 'out.jsonl']]) {
      const { exitCode, errors } = await run(folder, ...words, '--input', 'in.jsonl')
      expect([exitCode, errors]).toEqual([1, expect.stringContaining('TRAINING_DATA_INVALID') as string])
    }
  })
})

describe('the way from records to a training', () => {
  it('goes by build, split, audit and sft, with no node', async () => {
    const folder = folderWith([...records(200), record(1, { actual_tier_used: 'cache' }), { task_hash: 'x' }])
    const built = await run(folder, 'build', '--input', 'in.jsonl', '--output', 'rows.jsonl.gz', '--json')
    expect([built.exitCode, built.nodes, built.json()]).toMatchObject([
      0,
      [],
      {
        output: join(folder, 'rows.jsonl.gz'),
        card_path: join(folder, 'rows.card.json'),
        counts: { records: 202, kept: 200, dropped: { unknown_tier: 1, unreadable: 1 } },
        route_distribution: { local: 133, cheap: 0, premium: 67 },
      },
    ])
    expect(built.errors).toContain('1 records cannot be read, the first in line 202: actual_tier_used is not a text')

    const parts = ['--train', 'train.jsonl', '--test', 'test.jsonl', '--test-share', '0.3']
    const split = await run(folder, 'split', '--input', 'rows.jsonl.gz', ...parts, '--json')
    expect(split.json()).toMatchObject({ rows: 200, parts: [{ side: 'train' }, { side: 'test' }] })

    const audited = await run(folder, 'audit', '--input', 'train.jsonl', '--json', '--seed', '3')
    const trained = readFileSync(join(folder, 'train.jsonl'), 'utf8').trimEnd().split('\n').length
    expect(audited.json()).toMatchObject({
      total_rows: trained,
      downgrade_cases: 0,
      avg_cost_by_route: { premium: 0.05 },
    })
    expect((await run(folder, 'audit', '--input', 'train.jsonl')).output).toMatch(/premium +\d+ +[\d.]+ % +\$0.0500/)

    const sft = await run(folder, 'sft', '--input', 'train.jsonl', '--output', 'sft.jsonl', '--plan', 'lora')
    expect([sft.exitCode, sft.output]).toMatchObject([
      0,
      expect.stringContaining(`Wrote ${trained} examples of ${trained} rows`),
    ])
    expect(readdirSync(join(folder, 'lora')).toSorted()).toEqual([
      'README.md',
      'convert.sh',
      'examples.jsonl',
      'plan.json',
      'requirements.txt',
      'train.py',
    ])
    const owned = ['rows.jsonl.gz', 'rows.card.json', 'train.jsonl', 'test.jsonl', 'sft.jsonl', 'lora/examples.jsonl']
    for (const name of owned) expect(statSync(join(folder, name)).mode & 0o077).toBe(0)
  })

  it('replaces no file unasked, and refuses flags that contradict one another', async () => {
    const folder = folderWith(records(3))
    writeFileSync(join(folder, 'there.card.json'), 'mine')
    writeFileSync(join(folder, 'old.jsonl'), 'mine')
    for (const [words, message] of [
      [['build', '--input', 'in.jsonl', '--output', 'old.jsonl'], 'is there already'],
      [['build', '--input', 'in.jsonl', '--output', 'there.jsonl'], 'there.card.json is there already'],
      [
        ['build', '--input', 'in.jsonl', '--output', 'in.jsonl', '--force'],
        '--output must be another file than --input',
      ],
      [
        ['build', '--input', 'in.jsonl', '--output', 'new.jsonl', '--tenant', 'a'],
        'with --input all of the file is read',
      ],
      [
        ['build', '--input', 'in.jsonl', '--output', 'new.jsonl', '--mode', 'old'],
        '--mode must be one of compat, default',
      ],
      [['build', '--input', 'in.jsonl'], '--output is missing'],
      [['split', '--input', 'in.jsonl', '--train', 'a', '--test', 'a'], 'must be different files'],
      [
        ['split', '--input', 'in.jsonl', '--train', 'a', '--test', 'b', '--validation-share', '0.1'],
        'needs --validation',
      ],
      [
        ['split', '--input', 'in.jsonl', '--train', 'a', '--test', 'b', '--test-share', '1'],
        'leave nothing for training',
      ],
      [['sft', '--input', 'in.jsonl', '--output', 'old.jsonl'], 'is there already'],
    ] as const) {
      const refused = await run(folder, ...words)
      expect([refused.exitCode, refused.errors]).toEqual([2, expect.stringContaining(message)])
    }
    expect(readdirSync(folder).toSorted()).toEqual(['in.jsonl', 'old.jsonl', 'there.card.json'])
    const forced = await run(folder, 'build', '--input', 'in.jsonl', '--output', 'old.jsonl', '--force')
    expect([forced.exitCode, readFileSync(join(folder, 'old.jsonl'), 'utf8').split('\n').length]).toEqual([0, 4])
  })

  it('ends with the code of a leak', async () => {
    const folder = folderWith([record(1, { features: { success: true } })])
    const failed = await run(folder, 'build', '--input', 'in.jsonl', '--output', 'out.jsonl', '--json')
    expect([failed.exitCode, failed.json()]).toMatchObject([1, { error: { code: 'DATA_LEAKAGE' } }])
    expect(existsSync(join(folder, 'out.jsonl'))).toBe(false)
  })
})

describe('with the records of a node', () => {
  const ask = async (folder: string, ...words: readonly string[]): Promise<Record<string, unknown>> => {
    const { code, output, errors }: BinaryRun = await runBinary([...words, '--config', 'kernell.jsonc', '--json'], {
      folder,
    })
    if (code !== 0) throw new Error(`${words.join(' ')}: ${output}${errors}`)
    return JSON.parse(output) as Record<string, unknown>
  }

  it('builds from them, and a purge names all that was made of them', { timeout: 60_000 }, async () => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'kernell.jsonc'), '{ "telemetry": { "consent": true } }')
    writeFileSync(join(folder, 'tasks.jsonl'), '{"prompt":"What is 2 + 2?"}\n')
    await ask(folder, 'route', '--file', 'tasks.jsonl')
    // Exact tools are no route that a policy can be taught.
    const built = await ask(folder, 'data', 'build', '--output', 'none.jsonl')
    expect(built).toMatchObject({ counts: { records: 1, kept: 0, dropped: { unknown_tier: 1 } } })

    await ask(folder, 'data', 'export', '--output', 'export.jsonl')
    const exported = JSON.parse(readFileSync(join(folder, 'export.jsonl'), 'utf8')) as object
    writeFileSync(join(folder, 'export.jsonl'), linesOf([{ ...exported, actual_tier_used: 'cheap_api' }]))
    await ask(folder, 'data', 'build', '--input', 'export.jsonl', '--output', 'rows.jsonl', '--mode', 'compat')
    await ask(folder, 'data', 'split', '--input', 'rows.jsonl', '--train', 'a.jsonl', '--test', 'b.jsonl')
    const purged = await ask(folder, 'data', 'purge', '--all', '--yes')
    const derived = purged['derived'] as readonly { readonly kind: string; readonly path: string }[]
    expect(derived.map(({ kind, path }) => [kind, path])).toEqual([
      ['export', join(folder, 'export.jsonl')],
      ...['rows.jsonl', 'a.jsonl', 'b.jsonl'].map((name) => ['labels', join(folder, name)]),
    ])
  })

  it('knows files again that were copied, moved, packed or unpacked', { timeout: 60_000 }, async () => {
    const folder = makeFolder()
    const at = (name: string): string => join(folder, name)
    writeFileSync(at('kernell.jsonc'), '{ "telemetry": { "consent": true } }')
    writeFileSync(at('tasks.jsonl'), '{"prompt":"What is 2 + 2?"}\n')
    await ask(folder, 'route', '--file', 'tasks.jsonl')
    await ask(folder, 'data', 'export', '--output', 'export.jsonl')
    const exported = readFileSync(at('export.jsonl'), 'utf8')
    writeFileSync(at('packed-copy.jsonl.gz'), gzipSync(exported))
    await ask(folder, 'data', 'build', '--input', 'packed-copy.jsonl.gz', '--output', 'none.jsonl')

    const record = { ...(JSON.parse(exported) as object), actual_tier_used: 'cheap_api' }
    writeFileSync(at('export.jsonl'), linesOf([record]))
    await ask(folder, 'data', 'build', '--input', 'export.jsonl', '--output', 'rows.jsonl.gz')
    writeFileSync(at('moved.jsonl'), gunzipSync(readFileSync(at('rows.jsonl.gz'))))
    await ask(folder, 'data', 'split', '--input', 'moved.jsonl', '--train', 'a.jsonl.gz', '--test', 'b.jsonl.gz')
    const scored = [...Array(20).keys()].map((task) => ({ prompt: `What is ${task}?`, models: { a: { score: 1 } } }))
    writeFileSync(at('export.jsonl'), linesOf(scored))
    await ask(folder, 'data', 'split', '--input', 'export.jsonl', '--train', 'c.jsonl', '--test', 'd.jsonl')
    writeFileSync(at('copy.jsonl.gz'), gzipSync(readFileSync(at('c.jsonl')), { level: 1 }))
    const { version } = await ask(folder, 'policy', 'learn', '--input', 'copy.jsonl.gz')
    const purged = await ask(folder, 'data', 'purge', '--all', '--yes')
    const derived = purged['derived'] as readonly { readonly path: string | null; readonly version: string | null }[]
    expect(derived.map(({ path, version: policy }) => path ?? policy)).toEqual([
      ...['export.jsonl', 'none.jsonl', 'rows.jsonl.gz', 'a.jsonl.gz', 'b.jsonl.gz', 'c.jsonl', 'd.jsonl'].map(at),
      version,
    ])
  })

  it('leaves nothing behind when it is stopped', { timeout: 60_000 }, async () => {
    const folder = folderWith(Array.from({ length: 60_000 }, (_, task) => record(task)))
    const started = startBinary(['data', 'build', '--input', 'in.jsonl', '--output', 'out.jsonl'], { folder })
    while (!readdirSync(folder).some((name) => name.endsWith('.partial')) && started.child.exitCode === null)
      await new Promise((resolve) => setImmediate(resolve))
    started.child.kill('SIGINT')
    const { code } = await started.ended
    expect([code, readdirSync(folder)]).toEqual([130, ['in.jsonl']])
  })
})
