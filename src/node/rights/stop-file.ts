import { formatStopRecord, parseStopRecord, type StopRecord } from '../../core/rights/stop-record.ts'
import type { FileSystem } from '../../ports/file-system.ts'
import type { StopStore } from '../../rights/stop-switch.ts'

/** File of a data directory: while it is there, the node that has the directory does no work, whatever the file holds. */
export const STOP_FILE = 'stopped.json'
const BYTES_MAX = 65_536

/** Keeps the switch as a file of its own, which an operator may also put there by hand. */
export function createStopFile(fileSystem: FileSystem, directory: string): StopStore {
  const path = `${directory}/${STOP_FILE}`
  return {
    async read() {
      if (!(await fileSystem.exists(path))) return undefined
      return parseStopRecord(await readText(fileSystem, path))
    },
    async write(record) {
      await writeText(fileSystem, { directory, path, record })
    },
    async remove() {
      await fileSystem.remove(path)
      await fileSystem.syncDirectory(directory)
    },
  }
}

async function readText(fileSystem: FileSystem, path: string): Promise<string> {
  const file = await fileSystem.open(path, { mode: 'read' })
  try {
    return new TextDecoder().decode(await file.read(0, Math.min(BYTES_MAX, await file.size())))
  } finally {
    await file.close()
  }
}

type Writing = { readonly directory: string; readonly path: string; readonly record: StopRecord }

async function writeText(fileSystem: FileSystem, { directory, path, record }: Writing): Promise<void> {
  const draft = `${path}.tmp`
  await fileSystem.remove(draft)
  const file = await fileSystem.open(draft, { mode: 'create' })
  try {
    await file.append(new TextEncoder().encode(formatStopRecord(record)))
    await file.sync()
  } finally {
    await file.close()
  }
  await fileSystem.rename(draft, path)
  await fileSystem.syncDirectory(directory)
}
