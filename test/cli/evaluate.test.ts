import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runInProcess } from './run-in-process.ts'
import { CACHE_REPORT, INJECTION_REPORT, COST_REPORT, ROUTING_REPORT } from './scripted-node.ts'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernell-evaluate-'))
  writeFileSync(join(folder, 'a.jsonl'), '{"prompt":"a"}\n')
  writeFileSync(join(folder, 'b.jsonl.gz'), gzipSync('{"prompt":"b"}\n'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const pair = ['--strong', 'large', '--weak', 'small']

describe('kernell eval routing', () => {
  it('prints the report as it is with --json, for several files after one flag', async () => {
    const words = [
      'eval',
      'routing',
      '--train',
      'a.jsonl',
      'b.jsonl.gz',
      '--test',
      'a.jsonl',
      'b.jsonl.gz',
      ...pair,
      '--json',
    ]
    const run = await runInProcess(words, { workingDir: folder })
    expect(run.exitCode).toBe(0)
    expect(run.json()).toEqual({ ...ROUTING_REPORT, n: 2 })
  })

  it('leaves the data directory alone, so that a running node is not disturbed', async () => {
    const words = ['eval', 'routing', '--train', 'a.jsonl', '--test', 'a.jsonl', ...pair, '--data-dir', 'kept']
    const run = await runInProcess(words, { workingDir: folder })
    const used = run.nodes.map((node) => node.config.dataDir)
    expect(used).toEqual([expect.stringContaining('kernell-evaluation-')])
    expect(used.filter((path) => existsSync(path))).toEqual([])
  })

  it('keeps the artefact that --save names', async () => {
    const words = [
      'eval',
      'routing',
      '--train',
      'a.jsonl',
      '--test',
      'a.jsonl',
      ...pair,
      '--seed',
      '7',
      '--save',
      'policy.json',
    ]
    const run = await runInProcess(words, { workingDir: folder })
    expect(readFileSync(join(folder, 'policy.json'), 'utf8')).toBe('policy large 7\n')
    expect(run.errors).toContain('Kept in policy.json.')
    expect(run.output).toContain('kernell  0.630  0.600 to 0.660  31.0 %  60.0 %')
  })

  it.each([
    [['--test', 'a.jsonl', ...pair], '--train is missing'],
    [['--train', 'a.jsonl', '--test', 'a.jsonl', '--strong', 'large'], '--weak is missing'],
    [['--train', 'absent.jsonl', '--test', 'a.jsonl', ...pair], 'absent.jsonl is not there'],
    [
      ['--train', 'a.jsonl', '--test', 'a.jsonl', ...pair, '--label', 'subject'],
      '--label must be one of score, score_numeric',
    ],
  ])('refuses %j', async (flags, message) => {
    const run = await runInProcess(['eval', 'routing', ...flags], { workingDir: folder })
    expect(run.exitCode).toBe(2)
    expect(run.errors).toContain(message)
  })
})

describe('kernell eval cost', () => {
  it('prints the report as it is with --json, and says what was not reached without', async () => {
    const words = ['eval', 'cost', '--train', 'a.jsonl', '--test', 'a.jsonl']
    expect((await runInProcess([...words, '--json'], { workingDir: folder })).json()).toEqual(COST_REPORT)
    expect((await runInProcess(words, { workingDir: folder })).output).toContain('not reached')
  })
})

describe('kernell eval injection', () => {
  const words = ['eval', 'injection', '--train', 'a.jsonl', '--test', 'a.jsonl']

  it('prints the report as it is with --json, and by lines without', async () => {
    expect((await runInProcess([...words, '--json'], { workingDir: folder })).json()).toEqual(INJECTION_REPORT)
    const { output } = await runInProcess(words, { workingDir: folder })
    expect(output).toContain('recall          93.0 %')
    expect(output).toContain('ordinary tasks  0.2 % of 500 flagged')
  })

  it('trains also where the model in force cannot be read', async () => {
    writeFileSync(join(folder, 'kernell.jsonc'), '{ "untrusted": { "model": "absent.json" } }')
    const run = await runInProcess([...words, '--config', 'kernell.jsonc'], { workingDir: folder })
    expect(run.nodes.map(({ config }) => config.untrusted.isEnabled)).toEqual([false])
  })

  it('knows the families that may be left out', async () => {
    expect((await runInProcess([...words, '--leave-out', 'garak'], { workingDir: folder })).exitCode).toBe(0)
    expect((await runInProcess([...words, '--leave-out', 'dan'], { workingDir: folder })).exitCode).toBe(2)
  })
})

describe('kernell eval cache', () => {
  it('prints the report as it is with --json', async () => {
    const words = ['eval', 'cache', '--train', 'a.jsonl', '--test', 'b.jsonl.gz', '--max-wrong', '0.01', '--json']
    expect((await runInProcess(words, { workingDir: folder })).json()).toEqual(CACHE_REPORT)
  })

  it.each([
    [[], 'near/configured'],
    [['--embedder', 'builtin'], 'builtin'],
  ])('opens a node with %j on the embedder %s, whatever calibration is in force', async (more, embedder) => {
    writeFileSync(
      join(folder, 'kernell.jsonc'),
      '{ "cache": { "embedder": "near/configured", "calibration": "absent.json" } }',
    )
    const words = ['eval', 'cache', '--train', 'a.jsonl', '--test', 'a.jsonl', '--max-wrong', '0.01', ...more]
    const run = await runInProcess([...words, '--config', 'kernell.jsonc'], { workingDir: folder })
    expect(run.exitCode).toBe(0)
    expect(run.nodes.map(({ config: { cache } }) => [cache.embedder, cache.isEnabled])).toEqual([[embedder, false]])
  })

  it('leaves the file that --save names as it was when the disk refuses, and no draft', async () => {
    const blocked = join(folder, 'blocked')
    mkdirSync(join(blocked, 'cache.json'), { recursive: true })
    const words = ['eval', 'cache', '--train', 'a.jsonl', '--test', 'a.jsonl', '--max-wrong', '0.01']
    const run = await runInProcess([...words, '--save', 'blocked/cache.json'], { workingDir: folder })
    expect(run.errors).toContain('STORE_WRITE_FAILED')
    expect(readdirSync(blocked)).toEqual(['cache.json'])
    expect((await runInProcess([...words, '--save', 'kept.json'], { workingDir: folder })).exitCode).toBe(0)
    expect(readdirSync(folder).filter((name) => name.includes('draft'))).toEqual([])
  })

  it('asks for the bound', async () => {
    const run = await runInProcess(['eval', 'cache', '--train', 'a.jsonl', '--test', 'a.jsonl'], { workingDir: folder })
    expect(run).toMatchObject({ exitCode: 2, errors: expect.stringContaining('--max-wrong is missing') as unknown })
  })
})
