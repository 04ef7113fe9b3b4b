import type { Entry } from '../../src/sandbox/guest/cpio.ts'

const BLOCK = 512
const TYPES = { file: '0', link: '2', directory: '5' } as const
const NAME_BYTES = 100
const SUM_AT = 148
const SUM_BYTES = 8

/** An archive in the form `ustar`. All of it is root's. Throws for a path or target of more than 100 bytes. */
export function writeTar(entries: readonly Entry[]): Uint8Array {
  return Buffer.concat([...entries.flatMap(member), Buffer.alloc(BLOCK * 2)])
}

function member(entry: Entry): readonly Uint8Array[] {
  const bytes = entry.kind === 'file' ? entry.bytes : new Uint8Array()
  const mode = entry.kind === 'link' ? 0o777 : (entry.mode ?? (entry.kind === 'directory' ? 0o755 : 0o644))
  const head = Buffer.alloc(BLOCK)
  // Name, mode, owner, group, size, time, sum, kind, target, form.
  put(head, entry.path, 0)
  put(head, octal(mode, 7), 100)
  put(head, octal(0, 7), 108)
  put(head, octal(0, 7), 116)
  put(head, octal(bytes.length, 11), 124)
  put(head, octal(0, 11), 136)
  put(head, ' '.repeat(SUM_BYTES), SUM_AT)
  put(head, TYPES[entry.kind], 156)
  if (entry.kind === 'link') put(head, entry.target, 157)
  put(head, 'ustar\u000000', 257)
  const sum = head.reduce((total, byte) => total + byte, 0)
  put(head, `${octal(sum, 6)}\0 `, SUM_AT)
  return [head, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]
}

function put(head: Buffer, text: string, at: number): void {
  if (Buffer.byteLength(text) > NAME_BYTES) throw new Error(`${text} is too long for this form.`)
  head.write(text, at, 'utf8')
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}
