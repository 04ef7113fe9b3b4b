import { expect, test } from 'vitest'
import type { FileSystem } from '../../src/ports/file-system.ts'
import { FramePlaces } from '../../src/storage/frame-places.ts'
import { openSegmentedEventLog } from '../../src/storage/segmented-event-log.ts'
import { FaultyFileSystem } from '../../src/testing/faulty-file-system.ts'
import { createSystemRandom } from '../../src/node/system-random.ts'

const RECORDS = 2_000
const RECORD_BYTES = 1_000

/** A disk that counts what is read from it. */
function counting(files: FileSystem): { readonly fileSystem: FileSystem; readonly read: { bytes: number } } {
  const read = { bytes: 0 }
  const fileSystem: FileSystem = Object.assign(Object.create(files) as FileSystem, {
    open: async (...[path, init]: Parameters<FileSystem['open']>) => {
      const file = await files.open(path, init)
      const count = async (position: number, length: number): Promise<Uint8Array> => {
        const bytes = await file.read(position, length)
        read.bytes += bytes.byteLength
        return bytes
      }
      return { ...file, read: count }
    },
    list: async (directory: string) => await files.list(directory),
    exists: async (path: string) => await files.exists(path),
    makeDirectory: async (directory: string) => await files.makeDirectory(directory),
    rename: async (from: string, to: string) => await files.rename(from, to),
    remove: async (path: string) => await files.remove(path),
    syncDirectory: async (directory: string) => await files.syncDirectory(directory),
  })
  return { fileSystem, read }
}

async function firstAt(log: Awaited<ReturnType<typeof openSegmentedEventLog>>, index: number): Promise<number> {
  for await (const record of log.read(index)) {
    expect(record.index).toBe(index)
    return new DataView(record.payload.buffer, record.payload.byteOffset, 4).getUint32(0)
  }
  throw new RangeError(`There is no record ${index}`)
}

test('a record is read without all those before it, of a journal that was written here and of one that was opened', async () => {
  const { fileSystem, read } = counting(new FaultyFileSystem())
  const open = async () =>
    await openSegmentedEventLog(
      { fileSystem, random: createSystemRandom() },
      { directory: '/log', segmentSizeBytesMax: 900_000 },
    )
  const log = await open()
  for (let index = 0; index < RECORDS; index += 1) {
    const payload = new Uint8Array(RECORD_BYTES)
    new DataView(payload.buffer).setUint32(0, index)
    await log.append([payload])
  }
  read.bytes = 0
  for (const index of [0, 1, 700, 1_234, RECORDS - 1]) expect(await firstAt(log, index)).toBe(index)
  expect(read.bytes).toBeLessThan(5 * 100_000)
  await log.close()
  const again = await open()
  // What is not known yet is found once.
  expect(await firstAt(again, 1_750)).toBe(1_750)
  read.bytes = 0
  expect(await firstAt(again, 1_751)).toBe(1_751)
  expect(read.bytes).toBeLessThan(100_000)
  await again.close()
})

test('the last known place before a record is found, and places that are near to each other are known once', () => {
  const places = new FramePlaces()
  expect(places.find(0, 5)).toBeUndefined()
  places.note(0, { index: 0, offset: 40 })
  places.note(0, { index: 100, offset: 100_000 })
  places.note(0, { index: 1, offset: 140 })
  places.note(0, { index: 50, offset: 50_000 })
  expect(places.find(0, 49)).toEqual({ index: 0, offset: 40 })
  expect(places.find(0, 50)).toEqual({ index: 50, offset: 50_000 })
  expect(places.find(0, 1_000)).toEqual({ index: 100, offset: 100_000 })
  expect(places.find(1, 1_000)).toBeUndefined()
  places.forget(0)
  expect(places.find(0, 50)).toBeUndefined()
})
