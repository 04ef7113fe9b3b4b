import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createSystemRandom } from '../../src/node/system-random.ts'
import { openDataDirectory } from '../../src/storage/data-directory.ts'
import { levelErrorOf } from '../../src/storage/level/level-errors.ts'
import { openLevelKeyValueStore } from '../../src/storage/level/level-key-value-store.ts'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'

const folder = mkdtempSync(join(tmpdir(), 'kernell-path-'))
const file = join(folder, 'file')
writeFileSync(file, 'not a folder')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const refused = { code: 'STORE_WRITE_FAILED', details: { remedy: expect.stringContaining('--data-dir') as unknown } }

describe('a data directory that cannot be used', () => {
  it.each([file, join(file, 'below')])(
    'because of a file in its place is refused with what to do: %#',
    async (path) => {
      const components = { fileSystem: createNodeFileSystem(), random: createSystemRandom() }
      await expect(openDataDirectory(components, { path })).rejects.toMatchObject(refused)
    },
  )

  it.each([join(file, 'store'), file])('is told apart from a store that is closed: %#', async (location) => {
    await expect(openLevelKeyValueStore({ location })).rejects.toMatchObject(refused)
  })

  it.each([
    [Object.assign(new Error('mkdir failed'), { code: 'EACCES' })],
    [Object.assign(new Error('mkdir failed'), { code: 'EROFS' })],
    [new Error('Database failed to open', { cause: new Error('IO error: /d/LOCK: Permission denied') })],
    [new Error('Database failed to open', { cause: new Error('IO error: /d/LOCK: Read-only file system') })],
  ])('is known by the code of the system and by its words: %#', (error) => {
    expect(levelErrorOf(error, { action: 'open', location: '/d' })).toMatchObject(refused)
  })

  it('is not a full disk', () => {
    const error = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    expect(levelErrorOf(error, { action: 'write', location: '/d' }).details).not.toHaveProperty('remedy')
  })
})
