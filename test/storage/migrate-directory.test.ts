import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unpackTar } from 'modern-tar'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { createSystemRandom } from '../../src/node/system-random.ts'
import { openDataDirectory } from '../../src/storage/data-directory.ts'
import { type Migration, migrateDirectory } from '../../src/storage/migrate-directory.ts'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'

/** A directory that the program wrote when the format was 1: one answered task with its record, budgets, a signing key. */
const GOLDEN = new URL('../fixtures/data-format-1.bin', import.meta.url)
const RECORD = 'telemetry/2026-11-26T11:32:31.531Z'
const components = { fileSystem: createNodeFileSystem(), random: createSystemRandom() }
let folder = ''
let path = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kernell-migrate-'))
  path = join(folder, 'data')
  for (const { header, data } of await unpackTar(new Uint8Array(await readFile(GOLDEN)))) {
    const target = join(path, header.name)
    await mkdir(header.type === 'directory' ? target : dirname(target), { recursive: true, mode: 0o700 })
    if (header.type !== 'directory') await writeFile(target, data ?? '', { mode: 0o600 })
  }
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** Keys of the store and lengths of the journals. */
async function contentsOf(directory: string): Promise<unknown> {
  const open = await openDataDirectory(components, { path: directory })
  const keys: string[] = []
  for await (const { key, value } of open.store.iterate()) keys.push(`${key} ${value.byteLength}`)
  const journals: [string, number][] = []
  for (const name of await open.listEventLogs()) {
    const copy = await open.copyEventLog(name)
    let count = 0
    for await (const payload of copy.records) count += payload.byteLength
    await copy.release()
    journals.push([name, count])
  }
  const files = (await open.readFiles()).map(({ name, bytes }) => [name, Buffer.from(bytes).toString('hex')])
  await open.close()
  return { keys, journals, files }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error: unknown) {
    return CodedError.is(error) ? error.code : String(error)
  }
}

async function migrate(): Promise<Migration> {
  return await migrateDirectory(components, { path })
}

/** Runs the migration in a process that kills itself before a change of the disk. @returns Whether it got that far. */
async function migrateAndKill(killAt: number): Promise<boolean> {
  const child = fileURLToPath(new URL('migrate-child.ts', import.meta.url))
  const parameters = ['--disable-warning=ExperimentalWarning', child, path, String(killAt)]
  return await new Promise((resolve, reject) => {
    execFile(process.execPath, parameters, (error) => {
      if (error === null) resolve(false)
      else if (error.signal === 'SIGKILL') resolve(true)
      else reject(error)
    })
  })
}

describe('a directory of format 1', () => {
  it('opens as it is, and stays one', async () => {
    const open = await openDataDirectory(components, { path })
    expect(open.format).toBe(1)
    await open.close()
    expect(await readFile(join(path, 'format'), 'utf8')).toBe('1\n')
  })

  it('is copied to the newest format, everything in it, and kept', async () => {
    await mkdir(join(path, 'models'), { mode: 0o700 })
    await writeFile(join(path, 'models', 'large.gguf'), 'weights', { mode: 0o600 })
    await writeFile(join(path, 'restored'), 'mark', { mode: 0o600 })
    const before = await contentsOf(path)
    const keptAt = `${path}.format-1`
    expect(await migrate()).toEqual({ effect: 'migrated', from: 1, to: 2, keptAt })
    expect(await readFile(join(path, 'format'), 'utf8')).toBe('2\n')
    expect(await contentsOf(path)).toEqual(before)
    expect(JSON.stringify(before)).toContain(RECORD)
    expect(await contentsOf(keptAt)).toEqual(before)
    expect(await readFile(join(keptAt, 'format'), 'utf8')).toBe('1\n')
    expect(await readFile(join(path, 'models', 'large.gguf'), 'utf8')).toBe('weights')
    expect(await readFile(join(path, 'restored'), 'utf8')).toBe('mark')
    expect(await readdir(folder)).toEqual(['data', 'data.format-1'])
    expect((await stat(join(path, 'models'))).mode & 0o777).toBe(0o700)
    expect((await stat(join(path, 'restored'))).mode & 0o777).toBe(0o600)
  })

  it('is migrated once', async () => {
    await migrate()
    expect(await migrate()).toEqual({ effect: 'current', format: 2 })
  })

  it('is not touched while somebody uses it', async () => {
    const open = await openDataDirectory(components, { path })
    expect(await codeOf(migrate())).toBe('STORE_LOCKED')
    await open.close()
    expect(await readdir(folder)).toEqual(['data'])
  })

  it('is not put where something is', async () => {
    await mkdir(`${path}.format-1`)
    expect(await codeOf(migrate())).toBe('BACKUP_TARGET_EXISTS')
    expect(await readFile(join(path, 'format'), 'utf8')).toBe('1\n')
  })

  it(
    'survives a kill at every step: the old one is there, or the next migration finishes',
    { timeout: 300_000 },
    async () => {
      const before = await contentsOf(path)
      let kills = 0
      let betweenRenames = 0
      while (await migrateAndKill(kills)) {
        kills += 1
        if (!(await components.fileSystem.exists(path))) {
          betweenRenames += 1
          expect(await codeOf(openDataDirectory(components, { path }))).toBe('STORE_MIGRATION_UNFINISHED')
        }
        const finished = await migrate()
        expect(finished.effect, `after kill ${kills}`).toBe('migrated')
        expect(await contentsOf(path)).toEqual(before)
        expect(await contentsOf(`${path}.format-1`)).toEqual(before)
        expect(await readdir(folder)).toEqual(['data', 'data.format-1'])
        await rm(path, { recursive: true })
        await components.fileSystem.rename(`${path}.format-1`, path)
      }
      expect(betweenRenames).toBe(1)
      expect(kills).toBeGreaterThan(20)
    },
  )
})

it('where nothing is, nothing is migrated', async () => {
  path = join(folder, 'nothing')
  expect(await codeOf(migrate())).toBe('STORE_NOT_OPEN')
  expect(await readdir(folder)).toEqual(['data'])
})
