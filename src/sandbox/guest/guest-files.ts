import { CodedError } from '../../base/errors.ts'
import type { SandboxFile } from '../../ports/sandbox-runtime.ts'

type Arriving = {
  readonly path: string
  readonly isExecutable: boolean
  readonly size: number
  readonly pieces: Uint8Array[]
  length: number
}

/** Files that a supervisor hands out: only those that were asked for, each once, in order, and `bytesMax` of all of them together. */
export class GuestFiles {
  private readonly paths: readonly string[]
  private readonly arriving: Arriving[] = []
  private next = 0
  private left: number
  private isCut = false

  constructor(paths: readonly string[], bytesMax: number) {
    this.paths = paths
    this.left = bytesMax
  }

  /** Throws `SANDBOX_BROKEN` for a file that was not asked for, or comes again. */
  begin({
    index,
    isExecutable,
    size,
  }: {
    readonly index: number
    readonly isExecutable: boolean
    readonly size: number
  }): void {
    const path = this.paths[index]
    if (path === undefined || index < this.next) throw notAsked()
    this.next = index + 1
    this.arriving.push({ path, isExecutable, size, pieces: [], length: 0 })
  }

  /** Throws `SANDBOX_BROKEN` where it is more than the file was said to have. */
  add(piece: Uint8Array): void {
    const file = this.arriving.at(-1)
    if (file === undefined || file.length + piece.length > file.size) throw notAsked()
    const kept = piece.subarray(0, this.left)
    if (kept.length < piece.length) this.isCut = true
    this.left -= kept.length
    file.length += kept.length
    if (kept.length > 0) file.pieces.push(kept)
  }

  /** Of a file of which nothing is left there is nothing to hand out. */
  read(): { readonly files: readonly SandboxFile[]; readonly isTruncated: boolean; readonly bytes: number } {
    const isTruncated = this.isCut || this.arriving.some(({ size, length }) => length < size)
    const kept = this.arriving.filter(({ size, length }) => length > 0 || size === 0)
    return {
      files: kept.map(({ path, pieces, isExecutable }) => ({
        path,
        bytes: new Uint8Array(Buffer.concat(pieces)),
        ...(isExecutable && { isExecutable }),
      })),
      isTruncated,
      bytes: kept.reduce((sum, { length }) => sum + length, 0),
    }
  }
}

function notAsked(): CodedError {
  return new CodedError('SANDBOX_BROKEN', { message: 'the supervisor of the sandbox hands out what was not asked for' })
}
