import { CodedError } from '../base/errors.ts'
import type { FileSystem } from '../ports/file-system.ts'

/** Bits of the group and of everybody. */
const OTHERS = 0o077

/** Throws `STORE_PERMISSIONS` for a file that others than its owner may read or write. Systems that keep no such bits are believed. */
export async function refuseShared(fileSystem: FileSystem, path: string): Promise<void> {
  const permissions = await fileSystem.permissionsOf(path)
  if (permissions === undefined || (permissions & OTHERS) === 0) return
  const mode = permissions.toString(8).padStart(3, '0')
  throw new CodedError('STORE_PERMISSIONS', {
    message: `${path} has mode ${mode}, so that others than its owner may use it`,
    details: { path, mode },
  })
}
