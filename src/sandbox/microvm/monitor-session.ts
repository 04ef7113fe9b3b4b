import type { Duplex } from 'node:stream'
import { z } from 'zod'
import { CodedError } from '../../base/errors.ts'

const LINE_MAX = 65_536

const REPLY = z.union([z.object({ return: z.unknown() }), z.object({ error: z.object({ desc: z.string() }) })])

/** QEMU's monitor: a line of JSON for each command, its answers and its events. One command at a time. */
export class MonitorSession {
  private readonly stream: Duplex
  private text = ''
  private wake: () => void = () => {}
  private failure: CodedError | undefined

  constructor(stream: Duplex) {
    this.stream = stream
    stream.on('data', (piece: Buffer) => {
      this.text += piece.toString('utf8')
      if (this.text.length > LINE_MAX) this.fail('said too much')
      this.wake()
    })
    stream.on('close', () => this.fail('went away'))
    stream.on('error', () => this.fail('went away'))
  }

  /** Throws `SANDBOX_BROKEN` where the command is refused, or the monitor goes away. */
  async run(execute: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    this.stream.write(`${JSON.stringify({ execute, ...(args !== undefined && { arguments: args }) })}\n`)
    for (;;) {
      const line = await this.readLine()
      const reply = REPLY.safeParse(JSON.parse(line))
      // A greeting, or an event.
      if (!reply.success) continue
      if ('error' in reply.data) throw broken(`refused ${execute}: ${reply.data.error.desc}`)
      return reply.data.return
    }
  }

  private async readLine(): Promise<string> {
    for (;;) {
      const end = this.text.indexOf('\n')
      if (end !== -1) {
        const line = this.text.slice(0, end)
        this.text = this.text.slice(end + 1)
        return line
      }
      if (this.failure !== undefined) throw this.failure
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    }
  }

  private fail(what: string): void {
    this.failure ??= broken(what)
    this.wake()
  }
}

function broken(what: string): CodedError {
  return new CodedError('SANDBOX_BROKEN', { message: `the monitor of the machine ${what}` })
}
