import { CodedError } from '../../base/errors.ts'
import type { FileSystem } from '../../ports/file-system.ts'
import type { KeyRole } from '../../wire/v1/key-statements.ts'

/** Bits of the group and of everybody. */
const OTHERS = 0o077

/**
 * The folder of the key files: `node.key`, `escrow.key`, `notary.key`, mode 0600 in a folder of mode 0700. A file is written beside, synced and then renamed,
 * so that a power cut leaves the one before or the new one, whole. One process at a time: the lock of the data directory is the caller's.
 */
export class KeyDirectory {
  readonly path: string
  private readonly fileSystem: FileSystem

  constructor(fileSystem: FileSystem, path: string) {
    this.fileSystem = fileSystem
    this.path = path
  }

  pathOf(role: KeyRole): string {
    return `${this.path}/${role}.key`
  }

  async has(role: KeyRole): Promise<boolean> {
    return await this.fileSystem.exists(this.pathOf(role))
  }

  /** Throws `KEY_MISSING`, `KEY_STORE_PERMISSIONS`, `STORE_READ_FAILED`. */
  async read(role: KeyRole): Promise<Uint8Array> {
    const path = this.pathOf(role)
    if (!(await this.has(role)))
      throw new CodedError('KEY_MISSING', {
        message: `There is no key of role ${role} in ${this.path}`,
        details: { role },
      })
    await this.checkPrivate(this.path)
    await this.checkPrivate(path)
    const file = await this.fileSystem.open(path, { mode: 'read' })
    try {
      return await file.read(0, await file.size())
    } finally {
      await file.close()
    }
  }

  /** Puts the file in place of the one before, durably. Throws `KEY_STORE_PERMISSIONS`, `STORE_WRITE_FAILED`. */
  async write(role: KeyRole, bytes: Uint8Array): Promise<void> {
    await this.fileSystem.makeDirectory(this.path)
    await this.checkPrivate(this.path)
    const path = this.pathOf(role)
    const temporaryPath = `${path}.tmp`
    await this.fileSystem.remove(temporaryPath)
    const file = await this.fileSystem.open(temporaryPath, { mode: 'create' })
    try {
      await file.append(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await this.fileSystem.rename(temporaryPath, path)
    await this.fileSystem.syncDirectory(this.path)
  }

  private async checkPrivate(path: string): Promise<void> {
    const permissions = await this.fileSystem.permissionsOf(path)
    if (permissions === undefined || (permissions & OTHERS) === 0) return
    const mode = permissions.toString(8).padStart(3, '0')
    throw new CodedError('KEY_STORE_PERMISSIONS', {
      message: `${path} has mode ${mode}, so that others than its owner may use it`,
      details: { path, mode },
    })
  }
}
