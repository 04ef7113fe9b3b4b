import type { FileSystem } from '../ports/file-system.ts'

export type WriteOnceInit = {
  readonly directory: string
  readonly name: string
  readonly bytes: Uint8Array
}

/** Writes the file unless it is there, durably and never in part; returns what it holds then. */
export async function writeOnce(fileSystem: FileSystem, init: WriteOnceInit): Promise<Uint8Array> {
  const path = `${init.directory}/${init.name}`
  if (await fileSystem.exists(path)) return await readWhole(fileSystem, path)
  const temporaryPath = `${path}.tmp`
  await fileSystem.remove(temporaryPath)
  const file = await fileSystem.open(temporaryPath, { mode: 'create' })
  try {
    await file.append(init.bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await fileSystem.rename(temporaryPath, path)
  await fileSystem.syncDirectory(init.directory)
  return init.bytes
}

export async function readWhole(fileSystem: FileSystem, path: string): Promise<Uint8Array> {
  const file = await fileSystem.open(path, { mode: 'read' })
  try {
    return await file.read(0, await file.size())
  } finally {
    await file.close()
  }
}
