import { join } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import { timestampFromMs } from '../../base/time.ts'
import type { RestoredMark } from '../../market/parties/restored-party.ts'
import type { FileSystem } from '../../ports/file-system.ts'
import { RESTORED_FILE } from '../../storage/backup/restore-backup.ts'
import { readWhole } from '../../storage/write-once.ts'

/** When a directory was restored, and from when its backup is; `undefined` where nobody restored it. Throws `STORE_CORRUPTED` for a mark that says neither. */
export async function readRestoredMark(fileSystem: FileSystem, dataDir: string): Promise<RestoredMark | undefined> {
  const path = join(dataDir, RESTORED_FILE)
  if (!(await fileSystem.exists(path))) return undefined
  const mark = parse(new TextDecoder().decode(await readWhole(fileSystem, path)))
  const [at, since] = [mark['restoredAt'], mark['createdAt']].map((text) => Date.parse(String(text)))
  if (at === undefined || since === undefined || Number.isNaN(at) || Number.isNaN(since))
    throw new CodedError('STORE_CORRUPTED', { message: `${path} says not when the directory was restored` })
  return { at: timestampFromMs(at), since: timestampFromMs(since) }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch {
    return {}
  }
}
