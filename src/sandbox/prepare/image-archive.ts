import { packTar, type TarEntry } from 'modern-tar'
import type { Entry } from '../guest/cpio.ts'

/** Files of a container as an archive that engines import. All of it is root's, and of no time, so that the same files are the same image. */
export async function imageArchive(entries: readonly Entry[]): Promise<Uint8Array> {
  return await packTar(entries.map(entryOf))
}

function entryOf(entry: Entry): TarEntry {
  const common = { uid: 0, gid: 0, mtime: new Date(0) }
  switch (entry.kind) {
    case 'directory':
      return { header: { ...common, name: `${entry.path}/`, type: 'directory', size: 0, mode: entry.mode ?? 0o755 } }
    case 'link':
      return {
        header: { ...common, name: entry.path, type: 'symlink', size: 0, mode: 0o777, linkname: entry.target },
      }
    case 'file':
      return {
        header: { ...common, name: entry.path, type: 'file', size: entry.bytes.length, mode: entry.mode ?? 0o644 },
        body: entry.bytes,
      }
  }
}
