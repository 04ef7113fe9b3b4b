import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'
import { openSigningSeed, SIGNING_KEY_FILE } from '../../src/storage/signing-key.ts'

let directory = ''
const components = {
  fileSystem: createNodeFileSystem(),
  random: { fraction: () => 0.5, bytes: (count: number) => new Uint8Array(count).fill(3) },
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kernell-key-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

describe('openSigningSeed', () => {
  it('makes a seed that only its owner may read, and keeps it', async () => {
    const first = await openSigningSeed(components, { directory })
    const again = await openSigningSeed(
      { ...components, random: { ...components.random, bytes: (count) => new Uint8Array(count) } },
      { directory },
    )
    expect(again).toEqual(first)
    expect((await stat(join(directory, SIGNING_KEY_FILE))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(directory, SIGNING_KEY_FILE))).toEqual(Buffer.alloc(32, 3))
  })

  it('refuses a seed that others may read, and says what to do', async () => {
    await openSigningSeed(components, { directory })
    await chmod(join(directory, SIGNING_KEY_FILE), 0o640)
    await expect(openSigningSeed(components, { directory })).rejects.toMatchObject({
      code: 'STORE_PERMISSIONS',
      details: { mode: '640' },
    })
  })

  it('refuses a file that is no seed', async () => {
    await writeFile(join(directory, SIGNING_KEY_FILE), 'short')
    await expect(openSigningSeed(components, { directory })).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
  })
})
