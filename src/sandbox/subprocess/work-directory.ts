import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, statfsSync } from 'node:fs'
import type { SandboxFile } from '../../ports/sandbox-runtime.ts'

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants
const EXECUTABLE = 0o111
/** Each file is a page at least, in the count of the policy; what a file costs the kernel beside its content is held with it. */
const BYTES_PER_FILE = 4_096
const FILES_LEAST = 256

export type FilesOut = { readonly files: readonly SandboxFile[]; readonly isTruncated: boolean }

/**
 * A run's own directory, seen from outside through a descriptor. The descriptor keeps the file system, which has no other name outside of the run's namespace, until it is closed: also when all
 * processes of the run are dead, and nobody changes anything any more.
 */
export class WorkDirectory {
  private readonly descriptor: number
  private readonly path: string
  private readonly atStart: { readonly bytes: number; readonly files: number }

  /** `path` leads there through a process of the run. */
  constructor(path: string) {
    this.descriptor = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    this.path = `/proc/self/fd/${this.descriptor}`
    this.atStart = this.used()
  }

  /** Whether more was written than `diskBytes` since it was opened, or so many files that they are as good as it. */
  isBeyond(diskBytes: number): boolean {
    const { bytes, files } = this.used()
    return isBeyondDisk({ bytes: bytes - this.atStart.bytes, files: files - this.atStart.files }, diskBytes)
  }

  /** Reads plain files, `bytesMax` of all of them together. To be called when no process of the run is there. */
  read(paths: readonly string[], bytesMax: number): FilesOut {
    const files: SandboxFile[] = []
    let left = bytesMax
    let isTruncated = false
    for (const path of paths) {
      const file = this.readFile(path, left)
      if (file === undefined) continue
      left -= file.bytes.length
      isTruncated ||= file.isCut
      // Of a file of which nothing is left there is nothing to hand out.
      if (file.isCut && file.bytes.length === 0) continue
      files.push({ path, bytes: file.bytes, ...(file.isExecutable && { isExecutable: true }) })
    }
    return { files, isTruncated }
  }

  close(): void {
    closeSync(this.descriptor)
  }

  private readFile(
    path: string,
    bytesMax: number,
  ): { readonly bytes: Uint8Array; readonly isCut: boolean; readonly isExecutable: boolean } | undefined {
    if (!this.leadsToFile(path)) return undefined
    let descriptor: number
    try {
      descriptor = openSync(`${this.path}/${path}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    } catch {
      return undefined
    }
    try {
      const { size, mode } = fstatSync(descriptor)
      const bytes = readAtMost(descriptor, Math.min(size, bytesMax))
      return { bytes, isCut: size > bytes.length, isExecutable: (mode & EXECUTABLE) !== 0 }
    } finally {
      closeSync(descriptor)
    }
  }

  /** Every name on the way is a directory itself, and the last one a file: no link is followed, because from here it would lead into this machine. */
  private leadsToFile(path: string): boolean {
    const names = path.split('/')
    for (let count = 1; count <= names.length; count += 1) {
      const stat = lstatSync(`${this.path}/${names.slice(0, count).join('/')}`, { throwIfNoEntry: false })
      if (stat === undefined || !(count === names.length ? stat.isFile() : stat.isDirectory())) return false
    }
    return true
  }

  private used(): { readonly bytes: number; readonly files: number } {
    const { bsize, blocks, bfree, files, ffree } = statfsSync(`${this.path}/`)
    return { bytes: (blocks - bfree) * bsize, files: files - ffree }
  }
}

/** Whether what grew is more than `diskBytes`, or so many files that they are as good as it. */
export function isBeyondDisk(grown: { readonly bytes: number; readonly files: number }, diskBytes: number): boolean {
  return grown.bytes > roundUp(diskBytes) || grown.files > Math.max(FILES_LEAST, diskBytes / BYTES_PER_FILE)
}

/** Space is given in pages. */
export function roundUp(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_FILE) * BYTES_PER_FILE
}

function readAtMost(descriptor: number, bytesMax: number): Uint8Array {
  const bytes = new Uint8Array(bytesMax)
  let length = 0
  while (length < bytesMax) {
    const count = readSync(descriptor, bytes, length, bytesMax - length, length)
    if (count === 0) break
    length += count
  }
  return bytes.subarray(0, length)
}
