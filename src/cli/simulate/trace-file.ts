import { closeSync, openSync, writeSync } from 'node:fs'
import type { TracedEvent } from '../../simulation/record/run-recorder.ts'

/** Characters that are gathered before they are written. */
const CHUNK_CHARACTERS = 65_536

/** Events of a run as JSON Lines, written as they come: a world of any length takes no more memory. */
export class TraceFile {
  private readonly file: number
  private chunk = ''

  /** Throws what the file system says. */
  constructor(path: string) {
    this.file = openSync(path, 'w')
  }

  add(event: TracedEvent): void {
    this.chunk += `${traceLine(event)}\n`
    if (this.chunk.length >= CHUNK_CHARACTERS) this.flush()
  }

  close(): void {
    this.flush()
    closeSync(this.file)
  }

  private flush(): void {
    const bytes = Buffer.from(this.chunk, 'utf8')
    this.chunk = ''
    for (let at = 0; at < bytes.byteLength;) at += writeSync(this.file, bytes, at)
  }
}

/** One event as a line of a trace, members in snake case as in all files. */
export function traceLine({ index, atMs, ...rest }: TracedEvent): string {
  return JSON.stringify({ index, at_ms: atMs, ...rest })
}

/** The last so many events. */
export class LastEvents {
  private readonly events: TracedEvent[] = []
  private readonly count: number
  private next = 0

  constructor(count: number) {
    this.count = count
  }

  get list(): readonly TracedEvent[] {
    return [...this.events.slice(this.next), ...this.events.slice(0, this.next)]
  }

  add(event: TracedEvent): void {
    if (this.count === 0) return
    this.events[this.next] = event
    this.next = (this.next + 1) % this.count
  }
}
