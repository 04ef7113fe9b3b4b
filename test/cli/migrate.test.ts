import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { unpackTar } from 'modern-tar'
import { afterAll, expect, it } from 'vitest'
import { makeFolder, removeFolders, runBinary, type BinaryRun } from './run-binary.ts'

afterAll(removeFolders)

const told = ({ output }: BinaryRun): unknown => JSON.parse(output)
const GOLDEN = new URL('../fixtures/data-format-1.bin', import.meta.url)

it('kernell migrate brings a directory of the first format over, with its records', { timeout: 120_000 }, async () => {
  const folder = makeFolder()
  writeFileSync(join(folder, 'kernell.jsonc'), '{ "telemetry": { "consent": true } }')
  for (const { header, data } of await unpackTar(new Uint8Array(readFileSync(GOLDEN)))) {
    const target = join(folder, 'old', header.name)
    mkdirSync(header.type === 'directory' ? target : dirname(target), { recursive: true })
    if (header.type !== 'directory') writeFileSync(target, data ?? '', { mode: 0o600 })
  }
  const run = async (...words: readonly string[]): Promise<BinaryRun> =>
    await runBinary([...words, '--data-dir', 'old', '--config', 'kernell.jsonc', '--json'], { folder })
  const before = told(await run('data', 'inspect'))
  expect(before).toMatchObject({ records: 1, unreadable: 0 })
  const migrated = await run('migrate')
  expect(migrated.code).toBe(0)
  expect(told(migrated)).toEqual({ effect: 'migrated', from: 1, to: 2, keptAt: join(folder, 'old.format-1') })
  expect(told(await run('data', 'inspect'))).toEqual(before)
  expect(told(await run('migrate'))).toEqual({ effect: 'current', format: 2 })
  expect(readdirSync(folder)).toContain('old.format-1')
  const nowhere = await runBinary(['migrate', '--data-dir', 'nowhere', '--json'], { folder })
  expect([nowhere.code, told(nowhere)]).toMatchObject([1, { error: { code: 'STORE_NOT_OPEN' } }])
  expect(readdirSync(folder)).not.toContain('nowhere')
})
