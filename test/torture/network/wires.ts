import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { LinkFault } from './faulty-link.ts'
import type { NetworkNamespace } from './namespace.ts'

const LINK = fileURLToPath(new URL('./link-process.ts', import.meta.url))

export type WireInit = {
  readonly name: string
  readonly from: NetworkNamespace
  readonly to: NetworkNamespace
  /** Where the listener is in its namespace, and where it seems to be in that of whoever connects. */
  readonly host: string
  readonly port: number
  /** Folder for the sockets. */
  readonly folder: string
  readonly seed: number
}

type Child = { readonly process: ChildProcessByStdio<Writable, Readable, null>; readonly lines: Interface }

/** A wire from one namespace into another, which can be cut. */
export class Wire {
  readonly name: string
  private readonly near: Child
  private readonly far: Child

  private constructor(name: string, near: Child, far: Child) {
    this.name = name
    this.near = near
    this.far = far
  }

  static async open({ name, from, to, host, port, folder, seed }: WireInit): Promise<Wire> {
    const path = join(folder, `${name}.wire`)
    const far = await start(to, ['out', path, host, String(port)])
    const near = await start(from, ['in', host, String(port), path, String(seed)])
    return new Wire(name, near, far)
  }

  async fault(fault: LinkFault): Promise<void> {
    await this.say(JSON.stringify(fault))
  }

  async heal(): Promise<void> {
    await this.say('heal')
  }

  close(): void {
    for (const { process } of [this.near, this.far]) process.stdin.end()
  }

  private async say(line: string): Promise<void> {
    const heard = once(this.near.lines, 'line')
    this.near.process.stdin.write(`${line}\n`)
    await heard
  }
}

async function start(namespace: NetworkNamespace, words: readonly string[]): Promise<Child> {
  const [command, before] = namespace.words([process.execPath, LINK, ...words])
  const process_ = spawn(command, [...before], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: process_.stdout })
  const [said] = (await Promise.race([once(lines, 'line'), once(process_, 'close')])) as readonly unknown[]
  if (said !== 'ready') throw new Error(`A wire could not be laid: ${words.join(' ')}`)
  return { process: process_, lines }
}
