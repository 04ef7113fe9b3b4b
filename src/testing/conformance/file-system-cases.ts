import { CodedError } from '../../base/errors.ts'
import type { FileSystem, OpenFile } from '../../ports/file-system.ts'
import { expectRejection, expectSame } from './conformance-case.ts'
import type { ConformanceCase } from './conformance-case.ts'

/** A file system and an existing, empty folder of it. */
export type FileSystemSubject = { readonly fileSystem: FileSystem; readonly directory: string }

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
const isMissing = (error: unknown): boolean => CodedError.is(error, 'STORE_FILE_MISSING')
const isRefused = (error: unknown): boolean => CodedError.is(error)

async function write(fileSystem: FileSystem, path: string, content: Uint8Array): Promise<void> {
  const file = await fileSystem.open(path, { mode: 'create' })
  await file.append(content)
  await file.sync()
  await file.close()
}

async function readAll(fileSystem: FileSystem, path: string): Promise<Uint8Array> {
  const file: OpenFile = await fileSystem.open(path, { mode: 'read' })
  const content = await file.read(0, await file.size())
  await file.close()
  return content
}

/** Every promise of the FileSystem port that can be seen without cutting the power. */
export const FILE_SYSTEM_CASES: readonly ConformanceCase<FileSystemSubject>[] = [
  {
    name: 'appended bytes are read back from any position',
    run: async ({ fileSystem, directory }) => {
      const file = await fileSystem.open(`${directory}/a`, { mode: 'create' })
      await file.append(bytes(1, 2))
      await file.append(bytes(3))
      expectSame(await file.size(), 3, 'size')
      expectSame(await file.read(1, 2), bytes(2, 3), 'middle')
      expectSame(await file.read(2, 10), bytes(3), 'beyond the end')
      expectSame(await file.read(3, 1), bytes(), 'at the end')
      await file.sync()
      await file.close()
      await file.close()
    },
  },
  {
    name: 'append mode continues an existing file and refuses a missing one',
    run: async ({ fileSystem, directory }) => {
      await write(fileSystem, `${directory}/a`, bytes(1))
      const file = await fileSystem.open(`${directory}/a`, { mode: 'append' })
      await file.append(bytes(2))
      await file.close()
      expectSame(await readAll(fileSystem, `${directory}/a`), bytes(1, 2), 'content')
      await expectRejection(
        async () => await fileSystem.open(`${directory}/b`, { mode: 'append' }),
        isMissing,
        'append mode on a missing file',
      )
      expectSame(await fileSystem.exists(`${directory}/b`), false, 'the missing file')
    },
  },
  {
    name: 'create mode refuses an existing file, read mode a missing one',
    run: async ({ fileSystem, directory }) => {
      await write(fileSystem, `${directory}/a`, bytes(1))
      await expectRejection(
        async () => await fileSystem.open(`${directory}/a`, { mode: 'create' }),
        isRefused,
        'create mode on an existing file',
      )
      await expectRejection(async () => await readAll(fileSystem, `${directory}/b`), isMissing, 'a missing file')
      expectSame(await readAll(fileSystem, `${directory}/a`), bytes(1), 'the existing file')
    },
  },
  {
    name: 'a rename replaces its target, and an open file keeps its content',
    run: async ({ fileSystem, directory }) => {
      await write(fileSystem, `${directory}/old`, bytes(1))
      const reader = await fileSystem.open(`${directory}/old`, { mode: 'read' })
      await write(fileSystem, `${directory}/new`, bytes(2))
      await fileSystem.rename(`${directory}/new`, `${directory}/old`)
      await fileSystem.syncDirectory(directory)
      expectSame(await readAll(fileSystem, `${directory}/old`), bytes(2), 'after the rename')
      expectSame(await reader.read(0, 1), bytes(1), 'the reader of the replaced file')
      await reader.close()
      expectSame(await fileSystem.list(directory), ['old'], 'names')
    },
  },
  {
    name: 'removing is idempotent, and names are listed sorted',
    run: async ({ fileSystem, directory }) => {
      for (const name of ['b', 'a', 'c']) await write(fileSystem, `${directory}/${name}`, bytes())
      await fileSystem.remove(`${directory}/b`)
      await fileSystem.remove(`${directory}/b`)
      expectSame(await fileSystem.list(directory), ['a', 'c'], 'names')
      expectSame(await fileSystem.exists(`${directory}/a`), true, 'exists')
    },
  },
  {
    name: 'folders are made with their parents, twice if need be',
    run: async ({ fileSystem, directory }) => {
      await fileSystem.makeDirectory(`${directory}/x/y`)
      await fileSystem.makeDirectory(`${directory}/x/y`)
      await write(fileSystem, `${directory}/x/y/file`, bytes(4))
      expectSame(await fileSystem.list(`${directory}/x/y`), ['file'], 'names')
      await expectRejection(async () => await fileSystem.list(`${directory}/none`), isMissing, 'a missing folder')
    },
  },
  {
    name: "files and folders that it makes are their owner's alone",
    run: async ({ fileSystem, directory }) => {
      await fileSystem.makeDirectory(`${directory}/folder`)
      await write(fileSystem, `${directory}/folder/a`, bytes(1))
      const folder = await fileSystem.permissionsOf(`${directory}/folder`)
      const file = await fileSystem.permissionsOf(`${directory}/folder/a`)
      if (folder !== undefined) expectSame(folder, 0o700, 'folder')
      if (file !== undefined) expectSame(file, 0o600, 'file')
      await expectRejection(
        async () => await fileSystem.permissionsOf(`${directory}/b`),
        isMissing,
        'permissions of a missing file',
      )
    },
  },
]
