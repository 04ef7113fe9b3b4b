import { constants } from 'node:fs'
import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError } from '../../base/errors.ts'

/** Files of one tenant, and bytes of one. */
export const PLAN_FILES_MAX = 1_000
export const PLAN_FILE_BYTES_MAX = 1_048_576

const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/

/**
 * Files that plans write and read, by name: each tenant has a folder of its own below the data directory, without folders in it. A name leads nowhere else, and a link is not
 * followed.
 */
export class PlanFiles {
  readonly #folder: string

  /** @param folder  Of all tenants; made when the first file is written. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Throws `REQUEST_INVALID` for what is no name, not there, no plain file, too long, or not UTF-8. */
  async read(tenant: string, name: string): Promise<string> {
    const file = await open(
      this.#pathOf(tenant, name),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    ).catch((cause: unknown) => {
      throw unusable(name, 'cannot be opened', cause)
    })
    try {
      const { size } = await file.stat().then((stat) => (stat.isFile() ? stat : { size: Number.POSITIVE_INFINITY }))
      if (size > PLAN_FILE_BYTES_MAX) throw unusable(name, `is no file of at most ${PLAN_FILE_BYTES_MAX} bytes`)
      const bytes = new Uint8Array(size)
      const { bytesRead } = await file.read(bytes, 0, size, 0)
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, bytesRead))
    } catch (cause: unknown) {
      throw CodedError.is(cause) ? cause : unusable(name, 'cannot be read as text', cause)
    } finally {
      await file.close()
    }
  }

  /** Writes all of the file, anew or in place of what was there. Throws `REQUEST_INVALID` as `read`, and where there are too many. */
  async write(tenant: string, name: string, text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text)
    const path = this.#pathOf(tenant, name)
    if (bytes.length > PLAN_FILE_BYTES_MAX) throw unusable(name, `would be longer than ${PLAN_FILE_BYTES_MAX} bytes`)
    const folder = this.#folderOf(tenant)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const names = await readdir(folder)
    if (names.length >= PLAN_FILES_MAX && !names.includes(name))
      throw unusable(name, `would be one of more than ${PLAN_FILES_MAX}`)
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants
    const file = await open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600).catch((cause: unknown) => {
      throw unusable(name, 'cannot be written', cause)
    })
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
  }

  /** Deletes the files of a tenant, or of all. */
  async erase(tenant?: string): Promise<void> {
    await rm(tenant === undefined ? this.#folder : this.#folderOf(tenant), { recursive: true, force: true })
  }

  /** A tenant may be called `..`; no folder is. */
  #folderOf(tenant: string): string {
    return join(this.#folder, `tenant-${tenant}`)
  }

  #pathOf(tenant: string, name: string): string {
    if (!NAME.test(name)) throw unusable(name, 'is no name of a file')
    return join(this.#folderOf(tenant), name)
  }
}

function unusable(name: string, why: string, cause?: unknown): CodedError {
  const message = `The file ${JSON.stringify(name.slice(0, 128))} of a plan ${why}`
  return new CodedError('REQUEST_INVALID', { message, ...(cause !== undefined && { cause }) })
}
