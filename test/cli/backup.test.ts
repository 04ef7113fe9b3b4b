import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { makeFolder, removeFolders, runBinary, startBinary, type BinaryRun } from './run-binary.ts'

afterAll(removeFolders)

const told = ({ output }: BinaryRun): Record<string, unknown> => JSON.parse(output) as Record<string, unknown>

function folderWithPassphrase(): string {
  const folder = makeFolder()
  writeFileSync(join(folder, 'passphrase'), 'correct horse battery\n')
  writeFileSync(join(folder, 'other'), 'another passphrase\n')
  return folder
}

const backup = async (folder: string, ...words: readonly string[]): Promise<BinaryRun> =>
  await runBinary(['backup', ...words, '--json'], { folder })
const OPEN = ['--passphrase-file', 'passphrase'] as const

describe('kernell backup', () => {
  it('copies, checks and restores a data directory that a node serves from', { timeout: 120_000 }, async () => {
    const folder = folderWithPassphrase()
    const serving = startBinary(['serve', '--port', '0', '--json'], { folder })
    await serving.untilOutput(/"event":"ready"/)
    const created = await backup(folder, 'create', '--file', 'node.backup', ...OPEN)
    expect(created.code).toBe(0)
    expect(told(created)).toMatchObject({ file: join(folder, 'node.backup') })
    expect(statSync(join(folder, 'node.backup')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(folder, 'node.backup'), 'latin1')).toMatch(/^age-encryption\.org\/v1\n/)

    const again = await backup(folder, 'create', '--file', 'node.backup', ...OPEN)
    expect([again.code, told(again)]).toMatchObject([1, { error: { code: 'BACKUP_TARGET_EXISTS' } }])
    serving.child.kill('SIGINT')
    await serving.ended

    const verified = await backup(folder, 'verify', '--file', 'node.backup', ...OPEN)
    expect(told(verified)).toMatchObject({ ok: true, format: 1, dataFormat: 2, journals: { budgets: {} } })
    const over = await backup(folder, 'restore', '--file', 'node.backup', ...OPEN)
    expect([over.code, told(over)]).toMatchObject([1, { error: { code: 'BACKUP_TARGET_EXISTS' } }])
    const restored = await backup(folder, 'restore', '--file', 'node.backup', '--to', 'copy', ...OPEN)
    expect(told(restored)).toMatchObject({ dataDir: join(folder, 'copy') })
    for (const name of ['secret', 'signing-key'])
      if (existsSync(join(folder, 'data', name)))
        expect(readFileSync(join(folder, 'copy', name))).toEqual(readFileSync(join(folder, 'data', name)))
    const used = await runBinary(['policy', 'status', '--data-dir', 'copy', '--json'], { folder })
    expect(used.code).toBe(0)
  })

  it('says what is wrong with the file, the passphrase or the flags', { timeout: 60_000 }, async () => {
    const folder = folderWithPassphrase()
    expect((await backup(folder, 'create', '--file', 'node.backup', ...OPEN)).code).toBe(0)
    const wrong = await backup(folder, 'verify', '--file', 'node.backup', '--passphrase-file', 'other')
    expect([wrong.code, told(wrong)]).toMatchObject([1, { error: { code: 'BACKUP_PASSPHRASE_WRONG' } }])
    const bytes = readFileSync(join(folder, 'node.backup'))
    writeFileSync(join(folder, 'short'), bytes.subarray(0, bytes.byteLength - 1))
    const short = await backup(folder, 'restore', '--file', 'short', '--to', 'copy', ...OPEN)
    expect([short.code, told(short)]).toMatchObject([1, { error: { code: 'BACKUP_DAMAGED' } }])
    expect(existsSync(join(folder, 'copy'))).toBe(false)
    const absent = await backup(folder, 'verify', '--file', 'absent', ...OPEN)
    expect([absent.code, told(absent)]).toMatchObject([1, { error: { code: 'STORE_READ_FAILED' } }])
    const secretless = await backup(folder, 'create', '--file', 'another')
    expect([secretless.code, told(secretless)]).toMatchObject([1, { error: { code: 'BACKUP_SECRET_WEAK' } }])
    expect((await backup(folder, 'verify', ...OPEN)).code).toBe(2)
  })
})
