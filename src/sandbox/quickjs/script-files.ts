import { isPlainRelativePath } from '../../core/sandbox/check-policy.ts'
import type { SandboxFile } from '../../ports/sandbox-runtime.ts'
import type { GuestSide } from '../hosted/guest-window.ts'

/** A name costs as much as this many bytes besides its own. */
const NAME_BYTES = 64

/** The directory of a script: in memory, and gone with it. */
export class ScriptFiles {
  private readonly window: GuestSide
  private readonly bytesMax: number
  private readonly files = new Map<string, Uint8Array>()
  private bytes = 0

  constructor(window: GuestSide, bytesMax: number) {
    this.window = window
    this.bytesMax = bytesMax
  }

  list(): readonly string[] {
    return [...this.files.keys()].toSorted()
  }

  read(path: string): Uint8Array | undefined {
    return this.files.get(path)
  }

  /** Throws a `RangeError` for a path that is none. Does not return where all of them would be larger than they may. */
  write(path: string, bytes: Uint8Array): void {
    if (!isPlainRelativePath(path)) throw new RangeError('A path is relative, without `.`, `..` and empty names.')
    this.remove(path)
    this.bytes += costOf(path, bytes)
    if (this.bytes > this.bytesMax) this.window.stopAt('disk')
    this.files.set(path, bytes)
  }

  remove(path: string): void {
    const before = this.files.get(path)
    if (before === undefined) return
    this.bytes -= costOf(path, before)
    this.files.delete(path)
  }

  /** Those of `paths` that are there, cut off where there is no more room. */
  handOut(paths: readonly string[]): { readonly files: readonly SandboxFile[]; readonly isCut: boolean } {
    const files: SandboxFile[] = []
    let left = this.window.outputBytesLeft
    let isCut = false
    for (const path of new Set(paths)) {
      const whole = this.files.get(path)
      if (whole === undefined) continue
      const bytes = whole.subarray(0, left)
      isCut ||= bytes.byteLength < whole.byteLength
      left -= bytes.byteLength
      files.push({ path, bytes })
    }
    return { files, isCut }
  }
}

function costOf(path: string, bytes: Uint8Array): number {
  return NAME_BYTES + path.length + bytes.byteLength
}
