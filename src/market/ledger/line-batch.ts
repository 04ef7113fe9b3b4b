import type { JournalWriter } from './journal-writer.ts'

/** Records of one append at most, and bytes from which on it is full: with one more line it is within the 64 MiB that a log takes. */
const APPEND_MAX = 1_024
const APPEND_BYTES = 16_777_216

/** Lines on their way into as few appends as a log allows. */
export class LineBatch {
  private readonly writer: JournalWriter
  private lines: Uint8Array[] = []
  private bytes = 0

  constructor(writer: JournalWriter) {
    this.writer = writer
  }

  add(line: Uint8Array): void {
    this.lines.push(line)
    this.bytes += line.byteLength
    if (this.lines.length >= APPEND_MAX || this.bytes >= APPEND_BYTES) this.end()
  }

  /** Writes what is left. */
  end(): void {
    if (this.lines.length > 0) this.writer.write(this.lines)
    this.lines = []
    this.bytes = 0
  }
}
