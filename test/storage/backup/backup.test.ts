import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Encrypter } from 'age-encryption'
import { packTar } from 'modern-tar'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import type { BackupSummary } from '../../../src/storage/backup/backup-format.ts'
import { readBackup } from '../../../src/storage/backup/read-backup.ts'
import { restoreBackup } from '../../../src/storage/backup/restore-backup.ts'
import { createBackup } from '../../../src/storage/backup/write-backup.ts'
import { type DataDirectory, openDataDirectory } from '../../../src/storage/data-directory.ts'
import { createNodeFileSystem } from '../../../src/storage/node-file-system.ts'

const PASSPHRASE = 'correct horse battery'
const INIT = { passphrase: PASSPHRASE, program: '0.1.0', createdAt: '2026-01-02T03:04:05.000Z', scryptWorkFactor: 4 }
const components = { fileSystem: createNodeFileSystem(), random: createSystemRandom() }
const text = (value: string): Uint8Array => new TextEncoder().encode(value)
let folder = ''
let source: DataDirectory

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kernell-backup-'))
  source = await openDataDirectory(components, { path: join(folder, 'source') })
})

afterEach(async () => {
  await source.close()
  await rm(folder, { recursive: true, force: true })
})

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer())
}

async function backUp(): Promise<Uint8Array> {
  return await bytesOf(await createBackup(source, INIT))
}

function streamOf(bytes: Uint8Array, pieceBytes = 1_000): ReadableStream<Uint8Array> {
  let offset = 0
  return new ReadableStream({
    pull(controller) {
      if (offset >= bytes.byteLength) controller.close()
      else controller.enqueue(bytes.slice(offset, offset + pieceBytes))
      offset += pieceBytes
    },
  })
}

async function restore(bytes: Uint8Array, name = 'target', passphrase = PASSPHRASE): Promise<BackupSummary> {
  const init = { path: join(folder, name), passphrase, restoredAt: '2026-02-03T00:00:00.000Z' }
  return await restoreBackup(components, init, streamOf(bytes))
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error: unknown) {
    return CodedError.is(error) ? error.code : String(error)
  }
}

/** All that a data directory says of itself. */
async function contentsOf(directory: DataDirectory): Promise<unknown> {
  const entries: [string, string][] = []
  for await (const { key, value } of directory.store.iterate()) entries.push([key, Buffer.from(value).toString('hex')])
  const journals: unknown[] = []
  for (const name of await directory.listEventLogs()) {
    const copy = await directory.copyEventLog(name)
    const records: string[] = []
    for await (const payload of copy.records) records.push(Buffer.from(payload).toString('hex'))
    await copy.release()
    journals.push([name, copy.snapshot, records])
  }
  const files = await directory.readFiles()
  return { entries, journals, files: files.map(({ name, bytes }) => [name, Buffer.from(bytes).toString('hex')]) }
}

async function fill(): Promise<void> {
  await source.store.put('plain', text('value'))
  await source.store.sublevel('a').sublevel('b').put('deep é', new Uint8Array(0))
  await source.store.put('large', new Uint8Array(5 * 1024 ** 2).fill(7))
  const compacted = await source.openEventLog('compacted')
  await compacted.append([text('one'), text('two')])
  await compacted.compact({ nextIndex: 2, payload: text('snapshot') })
  await compacted.append([text('three')])
  const plain = await source.openEventLog('plain')
  await plain.append(Array.from({ length: 2_000 }, (_, index) => text(`record ${index}`)))
  await (await source.openEventLog('empty')).close()
}

describe('a backup', () => {
  it('comes back as it was, journals with their positions, and says that it was restored', async () => {
    await fill()
    const expected = await contentsOf(source)
    const summary = await restore(await backUp())
    expect(summary).toMatchObject({
      format: 1,
      dataFormat: 2,
      program: '0.1.0',
      createdAt: INIT.createdAt,
      entries: 3,
      journals: { compacted: { records: 1 }, empty: { records: 0 }, plain: { records: 2_000 } },
    })
    const target = await openDataDirectory(components, { path: join(folder, 'target') })
    expect(await contentsOf(target)).toEqual(expected)
    expect((await target.openEventLog('compacted')).nextIndex).toBe(3)
    await target.close()
    expect(JSON.parse(await readFile(join(folder, 'target', 'restored'), 'utf8'))).toEqual({
      restoredAt: '2026-02-03T00:00:00.000Z',
      createdAt: INIT.createdAt,
    })
    expect(await readdir(folder)).toEqual(['source', 'target'])
  })

  it('is of one moment, while journals grow and are compacted', async () => {
    const log = await source.openEventLog('busy')
    await log.append(Array.from({ length: 50_000 }, () => new Uint8Array(200)))
    const stream = await createBackup(source, INIT)
    const reader = stream.getReader()
    const pieces = [(await reader.read()).value ?? new Uint8Array(0)]
    await log.append([text('later')])
    const compacted = log.compact({ nextIndex: log.nextIndex, payload: text('all of it') })
    for (let step = await reader.read(); !step.done; step = await reader.read()) pieces.push(step.value)
    await compacted
    const summary = await restore(Buffer.concat(pieces))
    expect([50_000, 50_001]).toContain(summary.journals['busy']?.records)
    expect((await readdir(join(folder, 'source', 'busy'))).length).toBe(1)
  })

  it('lets a journal that nobody has open be opened when its copy is done', async () => {
    await (await source.openEventLog('quiet')).append([text('one')])
    await source.close()
    source = await openDataDirectory(components, { path: join(folder, 'source') })
    const copy = await source.copyEventLog('quiet')
    let isOpen = false
    const opening = source.openEventLog('quiet').then((log) => {
      isOpen = true
      return log
    })
    for await (const payload of copy.records) expect(Buffer.from(payload).toString()).toBe('one')
    expect(isOpen).toBe(false)
    await copy.release()
    expect((await opening).nextIndex).toBe(1)
  })

  it('does not open with another passphrase', async () => {
    await fill()
    expect(await codeOf(restore(await backUp(), 'target', 'another passphrase'))).toBe('BACKUP_PASSPHRASE_WRONG')
    expect(await readdir(folder)).toEqual(['source'])
  })

  it('wants a passphrase that cannot be guessed', async () => {
    expect(await codeOf(createBackup(source, { ...INIT, passphrase: 'short' }))).toBe('BACKUP_SECRET_WEAK')
  })

  it('with one bit changed anywhere is refused, and nothing is restored', async () => {
    await source.store.put('key', text('value'))
    await (await source.openEventLog('journal')).append([text('record')])
    const bytes = await backUp()
    for (let position = 0; position < bytes.byteLength; position += 97) {
      const changed = bytes.slice()
      changed[position] = (changed[position] ?? 0) ^ 1
      expect(await codeOf(restore(changed)), `byte ${position}`).toMatch(/^BACKUP_(DAMAGED|PASSPHRASE_WRONG)$/)
    }
    expect(await readdir(folder)).toEqual(['source'])
  }, 60_000)

  it('that is cut off is refused, and nothing is restored', async () => {
    await fill()
    const bytes = await backUp()
    for (const share of [0, 0.001, 0.3, 0.9, 0.99999]) {
      const length = Math.floor(bytes.byteLength * share)
      expect(await codeOf(restore(bytes.slice(0, length))), `${length} bytes`).toMatch(/^BACKUP_DAMAGED$/)
    }
    expect(await readdir(folder)).toEqual(['source'])
  })

  it('is not restored over anything', async () => {
    const bytes = await backUp()
    await restore(bytes)
    expect(await codeOf(restore(bytes))).toBe('BACKUP_TARGET_EXISTS')
    await components.fileSystem.makeDirectory(join(folder, 'other.restoring', 'mine'))
    expect(await codeOf(restore(bytes, 'other'))).toBe('BACKUP_TARGET_EXISTS')
    expect(await readdir(join(folder, 'other.restoring'))).toEqual(['mine'])
  })

  it.each([
    ['a path that leads out', 'files/../../outside'],
    ['an absolute path', '/etc/outside'],
    ['a deep path', 'files/a/b/c'],
    ['a journal called as the store is', 'journals/../store/000000'],
    ['a journal in the place of the store', 'journals/store/000000'],
    ['an unknown kind', 'other/000000'],
  ])('with %s is refused', async (_, name) => {
    const header = { format: 1, dataFormat: 1, program: '', createdAt: '' }
    expect(await codeOf(restore(await archiveOf(header, name)))).toBe('BACKUP_DAMAGED')
    expect(await readdir(folder)).toEqual(['source'])
  })

  it.each([
    ['of a newer program', { format: 2, dataFormat: 1 }, 'BACKUP_FORMAT_NEWER'],
    ['of a newer data directory', { format: 1, dataFormat: 3 }, 'STORE_FORMAT_NEWER'],
  ])('%s is refused', async (_, formats, code) => {
    const archive = await archiveOf({ ...formats, program: '', createdAt: '' }, 'files/secret')
    expect(await codeOf(restore(archive))).toBe(code)
  })

  it('can be looked at without being restored', async () => {
    await fill()
    const bytes = await backUp()
    const names: string[] = []
    const summary = await readBackup(streamOf(bytes), { passphrase: PASSPHRASE }, async ({ name }) => {
      names.push(name)
    })
    expect(summary.parts).toBe(names.length + 1)
    expect(names).toContain('journals/compacted/snapshot')
    expect(names).toContain('files/secret')
  })
})

/** An archive of two parts by somebody else. */
async function archiveOf(header: object, name: string): Promise<Uint8Array> {
  const encrypter = new Encrypter()
  encrypter.setPassphrase(PASSPHRASE)
  encrypter.setScryptWorkFactor(4)
  const bodies = [
    ['header.json', JSON.stringify(header)],
    [name, 'x'],
  ] as const
  return await encrypter.encrypt(
    await packTar(bodies.map(([entry, body]) => ({ header: { name: entry, size: body.length }, body }))),
  )
}
