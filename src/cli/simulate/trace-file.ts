import { closeSync, openSync, writeSync } from 'node:fs'
import { CodedError } from '../../base/errors.ts'
import type { TracedEvent } from '../../simulation/record/run-recorder.ts'

/** Characters that are gathered before they are written. */
const CHUNK_CHARACTERS = 65_536

/** Events of a run as JSON Lines, written as they come: a world of any length takes no more memory. It throws nothing: whoever plays is not to blame for a disk that is full. */
export class TraceFile {
  /** Why it is not whole; `undefined`: it is. `STORE_WRITE_FAILED`. */
  failure: CodedError | undefined
  private readonly path: string
  private readonly onFailure: () => void
  private file: number | undefined
  private chunk = ''

  constructor(path: string, onFailure: () => void) {
    this.path = path
    this.onFailure = onFailure
    this.try(() => {
      this.file = openSync(path, 'w')
    })
  }

  add(event: TracedEvent): void {
    if (this.failure !== undefined) return
    this.chunk += `${traceLine(event)}\n`
    if (this.chunk.length >= CHUNK_CHARACTERS) this.flush()
  }

  close(): void {
    this.flush()
    const { file } = this
    this.file = undefined
    if (file !== undefined) this.try(() => closeSync(file))
  }

  private flush(): void {
    const bytes = Buffer.from(this.chunk, 'utf8')
    this.chunk = ''
    const { file } = this
    if (file === undefined || this.failure !== undefined) return
    this.try(() => {
      for (let at = 0; at < bytes.byteLength;) at += writeSync(file, bytes, at)
    })
  }

  private try(work: () => void): void {
    try {
      work()
    } catch (cause: unknown) {
      if (this.failure !== undefined) return
      this.failure = new CodedError('STORE_WRITE_FAILED', {
        message: `The trace ${this.path} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
        cause,
        details: { file: this.path },
      })
      this.onFailure()
    }
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
