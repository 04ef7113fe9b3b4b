import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { remedyOf } from '../../src/base/errors.ts'
import { createSystemRandom } from '../../src/node/system-random.ts'
import { openDataDirectory, type DataDirectory } from '../../src/storage/data-directory.ts'
import { openLevelKeyValueStore } from '../../src/storage/level/level-key-value-store.ts'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'

const folders: string[] = []
async function makePath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kernell-data-'))
  folders.push(folder)
  return join(folder, 'data')
}
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})
const open = async (path: string): Promise<DataDirectory> =>
  await openDataDirectory({ fileSystem: createNodeFileSystem(), random: createSystemRandom() }, { path })

async function collect<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const collected: Item[] = []
  for await (const item of items) collected.push(item)
  return collected
}

test('a new directory gets its format number and a secret that only its owner may read', async () => {
  const path = await makePath()
  const directory = await open(path)
  expect(await readFile(join(path, 'format'), 'utf8')).toBe('2\n')
  expect((await stat(join(path, 'secret'))).mode & 0o777).toBe(0o600)
  expect((await stat(path)).mode & 0o777).toBe(0o700)
  expect(directory.secret.byteLength).toBe(32)
  await directory.close()
  await directory.close()
})

/** Files and folders below that others than the owner may read, write or enter. */
async function openToOthers(path: string): Promise<readonly string[]> {
  const names = ['', ...(await readdir(path, { recursive: true }))]
  const modes = await Promise.all(names.map(async (name) => (await stat(join(path, name))).mode & 0o077))
  return names.filter((_, at) => modes[at] !== 0)
}

test.skipIf(process.platform === 'win32')(
  'in a directory that everybody may enter, nobody else may read what is stored, nor what was stored before',
  async () => {
    const path = await makePath()
    const fill = async (): Promise<void> => {
      const directory = await open(path)
      await directory.store.put('cache/1', new TextEncoder().encode('a prompt'), { sync: true })
      await (await directory.openEventLog('budgets')).append([Uint8Array.of(2)])
      expect((await stat(join(path, 'store'))).mode & 0o777).toBe(0o700)
      // While it is open, as a process that is killed leaves it.
      expect(await openToOthers(path)).toEqual([''])
      await directory.close()
    }
    const umask = process.umask(0o022)
    try {
      await mkdir(path, { mode: 0o755 })
      await fill()
      expect(await openToOthers(path)).toEqual([''])
      await chmod(join(path, 'store'), 0o755)
      for (const name of await readdir(join(path, 'store'))) await chmod(join(path, 'store', name), 0o644)
      await fill()
      expect(await openToOthers(path)).toEqual([''])
    } finally {
      process.umask(umask)
    }
  },
)

test.skipIf(process.platform === 'win32')(
  'what LevelDB made anew for a compaction is its owner’s alone too, and the umask stays what it was',
  async () => {
    const path = await makePath()
    const umask = process.umask(0o022)
    try {
      const directory = await open(path)
      const before = new Set(await readdir(join(path, 'store')))
      await directory.store.put('k', new Uint8Array(100_000))
      await directory.store.compact()
      const made = (await readdir(join(path, 'store'))).filter((name) => !before.has(name))
      expect(made.length).toBeGreaterThan(0)
      expect(await openToOthers(path)).toEqual([])
      expect(process.umask()).toBe(0o022)
      await directory.close()
    } finally {
      process.umask(umask)
    }
  },
)

test('store, journals and secret are found again', async () => {
  const path = await makePath()
  const first = await open(path)
  await first.store.put('k', Uint8Array.of(1))
  await (await first.openEventLog('budget')).append([Uint8Array.of(2)])
  await first.close()
  const second = await open(path)
  expect([...((await second.store.get('k')) ?? [])]).toEqual([1])
  expect((await second.openEventLog('budget')).nextIndex).toBe(1)
  expect(second.secret).toEqual(first.secret)
  await second.close()
})

test('a second opener is refused with the remedy, and may open after the first has closed', async () => {
  const path = await makePath()
  const first = await open(path)
  await expect(open(path)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  expect(remedyOf('STORE_LOCKED')).toContain('--data-dir')
  await first.close()
  await (await open(path)).close()
})

test('a newer format is refused and nothing is touched', async () => {
  const path = await makePath()
  await (await open(path)).close()
  await writeFile(join(path, 'format'), '3\n')
  const before = await readdir(join(path, 'store'))
  await expect(open(path)).rejects.toMatchObject({ code: 'STORE_FORMAT_NEWER', details: { found: 3, supported: 2 } })
  expect(await readdir(join(path, 'store'))).toEqual(before)
})

test('a damaged format file or secret is refused', async () => {
  const path = await makePath()
  await (await open(path)).close()
  await writeFile(join(path, 'secret'), 'short')
  await expect(open(path)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
  await writeFile(join(path, 'format'), 'one')
  await expect(open(path)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
})

test('a database that LevelDB cannot read is STORE_CORRUPTED', async () => {
  const path = await makePath()
  const store = await openLevelKeyValueStore({ location: path })
  await store.put('k', Uint8Array.of(1), { sync: true })
  await store.close()
  await writeFile(join(path, 'CURRENT'), 'nonsense')
  await expect(openLevelKeyValueStore({ location: path })).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
})

test('a flipped bit in a value is STORE_CORRUPTED, not an answer; whoever reads many may go on without it', async () => {
  const path = await makePath()
  const store = await openLevelKeyValueStore({ location: path })
  const needle = 'needle-'.repeat(40)
  await store.put('k', new TextEncoder().encode(needle))
  await store.put('l', Uint8Array.of(1))
  await store.close()
  // Reopening moves the write-ahead log into a table; closing and opening once more reads from it.
  await (await openLevelKeyValueStore({ location: path })).close()
  const table = (await readdir(path)).find((name) => name.endsWith('.ldb'))
  if (table === undefined) throw new Error('no table file was written')
  const bytes = await readFile(join(path, table))
  const at = bytes.indexOf('needle')
  expect(at).toBeGreaterThan(0)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await writeFile(join(path, table), bytes)
  const damaged = await openLevelKeyValueStore({ location: path })
  await expect(damaged.get('k')).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
  await expect(collect(damaged.iterate())).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
  const met: string[] = []
  const entries = await collect(damaged.iterate({}, { onDamaged: (key) => void met.push(key) }))
  expect([met, entries.map(({ key }) => key)]).toEqual([['k'], ['l']])
  await damaged.close()
})

test.skipIf(process.platform !== 'linux')(
  'a directory where no folder can ever be made is refused at once',
  async () => {
    const opening = openDataDirectory(
      { fileSystem: createNodeFileSystem(), random: createSystemRandom() },
      { path: '/proc/kernell/data' },
    )
    await expect(opening).rejects.toMatchObject({ code: 'STORE_FILE_MISSING' })
  },
)
