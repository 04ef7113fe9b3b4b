import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { LinkFault } from './faulty-link.ts'
import type { NetworkNamespace } from './namespace.ts'
import type { Json } from './party.ts'

const PROCESS = fileURLToPath(new URL('./outpost-process.ts', import.meta.url))

/** Ends of wires in one namespace. */
export type WireEnds = {
  /** Where others seem to be whom the party there connects to. */
  readonly in: readonly {
    readonly wire: string
    readonly host: string
    readonly port: number
    readonly path: string
    readonly seed: number
  }[]
  /** Where the party there listens. */
  readonly out: readonly { readonly path: string; readonly host: string; readonly port: number }[]
}

/** What a command asks of the node that it is about, with the address and the token of its first line. */
export type ControlQuestion = {
  readonly url: string
  readonly token: string
  readonly body: Json
  readonly timeoutMs: number
}

export type Order =
  | ({ readonly kind: 'ask' } & ControlQuestion)
  /** Without a fault the wire is whole again. */
  | { readonly kind: 'wire'; readonly wire: string; readonly fault?: LinkFault | undefined }

/** The harness's process in a namespace: the only way in and out. */
export class Outpost {
  private readonly process: ChildProcessByStdio<Writable, Readable, null>
  private readonly waiting = new Map<number, (answer: Json) => void>()
  private orders = 0

  private constructor(process: ChildProcessByStdio<Writable, Readable, null>) {
    this.process = process
  }

  static async open(namespace: NetworkNamespace, ends: WireEnds): Promise<Outpost> {
    const [command, before] = namespace.words([process.execPath, PROCESS, JSON.stringify(ends)])
    const outpost = new Outpost(spawn(command, [...before], { stdio: ['pipe', 'pipe', 'inherit'] }))
    const lines = createInterface({ input: outpost.process.stdout })
    const first = await Promise.race([once(lines, 'line'), once(outpost.process, 'close')])
    if (typeof first[0] !== 'string') throw new Error(`Wires could not be laid: ${JSON.stringify(ends)}`)
    lines.on('line', (line) => outpost.hear(line))
    return outpost
  }

  async order(order: Order): Promise<Json> {
    this.orders += 1
    const id = this.orders
    const answered = new Promise<Json>((resolve) => this.waiting.set(id, resolve))
    this.process.stdin.write(`${JSON.stringify({ id, order })}\n`)
    return await answered
  }

  close(): void {
    this.process.stdin.end()
  }

  private hear(line: string): void {
    const { id, answer } = JSON.parse(line) as { readonly id: number; readonly answer: Json }
    this.waiting.get(id)?.(answer)
    this.waiting.delete(id)
  }
}
