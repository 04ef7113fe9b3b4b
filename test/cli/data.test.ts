import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createSystemRandom } from '../../src/node/system-random.ts'
import { openDataDirectory } from '../../src/storage/data-directory.ts'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'
import { runBinary, makeFolder, removeFolders, type BinaryRun } from './run-binary.ts'
import { runInProcess } from './run-in-process.ts'

afterAll(removeFolders)

/** A folder whose configuration keeps records, and two records in it. */
async function folderWithRecords(): Promise<string> {
  const folder = makeFolder()
  writeFileSync(join(folder, 'kernell.jsonc'), '{ "telemetry": { "consent": true } }')
  writeFileSync(join(folder, 'tasks.jsonl'), '{"prompt":"What is 2 + 2?"}\n{"prompt":"What is 3 * 3?"}\n')
  expect((await run(folder, 'route', '--file', 'tasks.jsonl')).code).toBe(0)
  return folder
}

const run = async (folder: string, ...words: readonly string[]): Promise<BinaryRun> =>
  await runBinary([...words, '--config', 'kernell.jsonc', '--json'], { folder })
const documentOf = ({ output }: BinaryRun): Record<string, unknown> => JSON.parse(output) as Record<string, unknown>

describe('kernell data', () => {
  it('shows, takes out and deletes what was kept', { timeout: 60_000 }, async () => {
    const folder = await folderWithRecords()
    const inspected = documentOf(await run(folder, 'data', 'inspect', '--limit', '1'))
    expect(inspected).toMatchObject({
      records: 2,
      consent: true,
      shown: [{ actual_tier_used: 'deterministic', tenant: 'default', success: true }],
    })
    expect(inspected['shown']).toHaveLength(1)
    expect((await runBinary(['data', 'inspect', '--config', 'kernell.jsonc'], { folder })).output).toMatch(
      /deterministic .*accepted[\s\S]*2 records stored, 2 shown/,
    )

    const output = join(folder, 'out.jsonl')
    expect(documentOf(await run(folder, 'data', 'export', '--output', 'out.jsonl'))).toEqual({ output, records: 2 })
    const lines = readFileSync(output, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.map(({ cost_usd, was_cached, task_text }) => [cost_usd, was_cached, task_text])).toEqual([
      [0, false, undefined],
      [0, false, undefined],
    ])
    expect([statSync(output).mode & 0o777, existsSync(`${output}.partial`)]).toEqual([0o600, false])

    const again = await run(folder, 'data', 'export', '--output', 'out.jsonl', '--tenant', 'nobody')
    expect([again.code, documentOf(again)]).toMatchObject([
      2,
      { error: { code: 'COMMAND_INVALID', details: { remedy: expect.stringContaining('--force') as string } } },
    ])
    expect(readFileSync(output, 'utf8').trimEnd().split('\n')).toHaveLength(2)
    const forced = await run(folder, 'data', 'export', '--output', 'out.jsonl', '--force')
    expect(documentOf(forced)).toEqual({ output, records: 2 })
    const exported = {
      kind: 'export',
      path: output,
      version: null,
      rows: 2,
      from: lines[0]?.['timestamp'],
      to: lines[1]?.['timestamp'],
      hash: createHash('sha256').update(readFileSync(output)).digest('hex'),
      exists: true,
    }
    expect(documentOf(await run(folder, 'data', 'inspect'))).toMatchObject({
      keep_text: false,
      derivations: [exported],
    })

    expect(documentOf(await run(folder, 'data', 'purge', '--tenant', 'nobody', '--yes'))).toEqual({
      derived: [],
      follow_ups: 0,
      purged: 0,
      answers: 0,
      documents: 0,
      memories: 0,
      plans: 0,
      left: 2,
    })
    expect(documentOf(await run(folder, 'data', 'purge', '--before', '2026-01-01', '--yes'))).toEqual({
      derived: [],
      follow_ups: 0,
      purged: 0,
      answers: 0,
      documents: 0,
      memories: 0,
      plans: 0,
      left: 2,
    })
    rmSync(output)
    expect(documentOf(await run(folder, 'data', 'purge', '--all', '--answers', '--yes'))).toMatchObject({
      derived: [{ ...exported, exists: false }],
      follow_ups: 0,
      purged: 2,
      answers: 0,
      memories: 0,
      plans: 0,
      left: 0,
    })
  })

  it('names in words what it does not delete', { timeout: 30_000 }, async () => {
    const folder = await folderWithRecords()
    await run(folder, 'data', 'export', '--output', 'out.jsonl')
    const words = ['data', 'purge', '--tenant', 'default', '--yes', '--config', 'kernell.jsonc']
    const { output } = await runBinary(words, { folder })
    expect(output).toContain('NOT deleted')
    expect(output).toMatch(new RegExp(`export +${join(folder, 'out.jsonl')} +2 +yes`))
    expect(existsSync(join(folder, 'out.jsonl'))).toBe(true)
  })

  it('is refused with the remedy while a node has the directory open', { timeout: 30_000 }, async () => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'kernell.jsonc'), '{}')
    const components = { fileSystem: createNodeFileSystem(), random: createSystemRandom() }
    const directory = await openDataDirectory(components, { path: join(folder, 'data') })
    for (const words of [['inspect'], ['export', '--output', 'out.jsonl'], ['purge', '--all', '--yes']]) {
      const refused = await run(folder, 'data', ...words)
      expect([refused.code, documentOf(refused)]).toMatchObject([
        1,
        { error: { code: 'STORE_LOCKED', details: { remedy: expect.stringContaining('Stop the other') as string } } },
      ])
    }
    expect(existsSync(join(folder, 'out.jsonl'))).toBe(false)
    await directory.close()
  })

  it.each([
    [['data', 'purge', '--yes'], 'Give one of --all, --tenant NAME or --before DATE'],
    [['data', 'purge', '--all', '--tenant', 'a', '--yes'], 'Give one of --all'],
    [['data', 'purge', '--all'], 'add --yes'],
    [['data', 'purge', '--tenant', 'a', '--answers', '--yes'], 'The cache is switched off'],
    [['data', 'purge', '--before', 'yesterday', '--yes'], '--before must be a day'],
    [['data', 'purge', '--before', '2026-02-30', '--yes'], '--before must be a day'],
    [['data', 'export'], '--output is missing'],
    [['data', 'inspect', '--limit', '0'], '--limit must be a whole number'],
    [['data', 'inspect', '--from', '1'], '--from must be a day'],
    [['data'], 'needs one of: '],
  ])('%j is wrong usage', async (words, hint) => {
    const wrong = await runInProcess(words)
    expect([wrong.exitCode, wrong.errors]).toEqual([2, expect.stringContaining(hint)])
  })

  it('says where a file cannot be written', async () => {
    const failed = await runInProcess(['data', 'export', '--output', 'absent/out.jsonl', '--json'])
    expect([failed.exitCode, failed.json()]).toMatchObject([1, { error: { code: 'STORE_WRITE_FAILED' } }])
  })
})
