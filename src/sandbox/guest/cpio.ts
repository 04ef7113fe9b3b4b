/** A thing of a file system: a file with bytes, a link with its target, or a directory. */
export type Entry = {
  /** Without a slash at its beginning. */
  readonly path: string
} & (
  | { readonly kind: 'directory'; readonly mode?: number }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'file'; readonly bytes: Uint8Array; readonly mode?: number }
)

const MAGIC = '070701'
const TRAILER = 'TRAILER!!!'
const ALIGNMENT = 4
const BLOCK = 512
const TYPES = { directory: 0o040_000, link: 0o120_000, file: 0o100_000 } as const

/** An archive in the form `newc` of cpio, which the kernel unpacks as its first file system; several of them may follow each other. All of it is root's. */
export function writeCpio(entries: readonly Entry[]): Uint8Array {
  const members = entries.map((entry, index) =>
    member({ name: entry.path, inode: index + 1, mode: modeOf(entry), bytes: bytesOf(entry) }),
  )
  const end = member({ name: TRAILER, inode: 0, mode: 0, bytes: new Uint8Array() })
  return pad(Buffer.concat([...members, end]), BLOCK)
}

function modeOf(entry: Entry): number {
  if (entry.kind === 'link') return TYPES.link | 0o777
  return TYPES[entry.kind] | (entry.mode ?? (entry.kind === 'directory' ? 0o755 : 0o644))
}

function bytesOf(entry: Entry): Uint8Array {
  if (entry.kind === 'link') return Buffer.from(entry.target)
  return entry.kind === 'file' ? entry.bytes : new Uint8Array()
}

type Member = { readonly name: string; readonly inode: number; readonly mode: number; readonly bytes: Uint8Array }

function member({ name, inode, mode, bytes }: Member): Uint8Array {
  const nameBytes = Buffer.from(`${name}\0`)
  // Inode, mode, owner, group, links, time, size, two numbers of a device twice, length of the name, sum.
  const fields = [inode, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, nameBytes.length, 0]
  const head = MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join('')
  return Buffer.concat([pad(Buffer.concat([Buffer.from(head), nameBytes]), ALIGNMENT), pad(bytes, ALIGNMENT)])
}

function pad(bytes: Uint8Array, to: number): Uint8Array {
  return Buffer.concat([bytes, Buffer.alloc((to - (bytes.length % to)) % to)])
}
