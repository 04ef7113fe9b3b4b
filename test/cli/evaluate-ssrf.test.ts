import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runInProcess } from './run-in-process.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'evaluate-ssrf-'))))
afterEach(() => rmSync(folder, { recursive: true }))

function write(rows: readonly unknown[]): string {
  const file = join(folder, 'urls.jsonl')
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  return file
}

describe('kernell eval ssrf', () => {
  it('prints the figures of the contract, and one document', async () => {
    const file = write([
      { id: 'one', url: 'http://127.1/', expect: 'block' },
      { url: 'http://10.0.0.1/', expect: 'allow' },
      { id: 'three', url: 'https://a.example/', expect: 'block_after_redirect', why: 'ignored' },
    ])
    const run = await runInProcess(['eval', 'ssrf', '--test', file, '--json'])
    expect([run.exitCode, JSON.parse(run.output)]).toEqual([
      0,
      {
        block: { n: 1, refused: 1 },
        block_after_dns: { n: 0, refused: 0 },
        block_after_redirect: { n: 1, refused: 1 },
        allow: { n: 1, allowed: 0 },
        ambiguous: { n: 0, refused: 0 },
        missed: [],
        overblocked: ['line 2'],
      },
    ])
    expect((await runInProcess(['eval', 'ssrf', '--test', file])).output).toContain('1 of 1 refused')
  })

  it.each([
    ['no url', { expect: 'block' }, /line 1 has no url/],
    ['an expectation that is not known', { url: 'http://a.example/', expect: 'maybe' }, /line 1 has no expect/],
  ])('names the line with %s', async (_, row, message) => {
    const run = await runInProcess(['eval', 'ssrf', '--test', write([row]), '--json'])
    expect([run.exitCode, JSON.parse(run.output)]).toMatchObject([
      2,
      { error: { code: 'COMMAND_INVALID', message: expect.stringMatching(message) as string } },
    ])
  })
})
