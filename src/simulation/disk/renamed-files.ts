/** What a path may hold, by what it was given by its renames; `undefined`: something that no rename has brought there. */
type Held = (Uint8Array | undefined)[]

/**
 * What files held as they were given their names. Whoever writes a file aside and renames it promises that its name stands for all of it: whatever befalls the disk then,
 * behind the name is the old content or the new one, and never a part.
 */
export class RenamedFiles {
  private readonly held = new Map<string, Held>()

  /** `before` is whether the path had been there. */
  renamed(from: string, to: string, file: { readonly content: Uint8Array; readonly before: boolean }): void {
    const { content, before } = file
    const known = this.held.get(to) ?? (before ? [undefined] : [])
    this.held.set(to, [...known, content])
    this.held.delete(from)
  }

  /** From now on the name leads nowhere, or to what somebody else puts there. */
  removed(path: string): void {
    this.held.delete(path)
  }

  /** Somebody has put other files below a folder, on stable storage. */
  replacedBelow(folder: string): void {
    for (const path of this.held.keys()) if (path.startsWith(`${folder}/`)) this.held.delete(path)
  }

  /** The names of a folder are on stable storage as they are. */
  namesSynced(directory: string): void {
    for (const [path, held] of this.held)
      if (path.lastIndexOf('/') === directory.length && path.startsWith(directory)) this.held.set(path, held.slice(-1))
  }

  /** The power has failed. @returns A file that is there in part; what was appended behind its name may be there or not. */
  findTorn(contentOf: (path: string) => Uint8Array | undefined): string | undefined {
    let torn: string | undefined
    for (const [path, held] of this.held) {
      const content = contentOf(path)
      const found = content && held.findLastIndex((whole) => whole === undefined || beginsWith(content, whole))
      // What is there now is there for good, the old one perhaps.
      if (found === undefined || found < 0) this.held.delete(path)
      else this.held.set(path, [held[found]])
      if (found === -1)
        torn ??= `${path} got its name with ${held.at(-1)?.byteLength ?? 0} bytes, and they are not behind it any more`
    }
    return torn
  }
}

function beginsWith(content: Uint8Array, whole: Uint8Array): boolean {
  if (content.byteLength < whole.byteLength) return false
  for (let at = 0; at < whole.byteLength; at += 1) if (content[at] !== whole[at]) return false
  return true
}
