import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Duplex, Readable } from 'node:stream'
import { COMMAND, compileCache } from '../../build/build-package.ts'
import type { NetworkNamespace } from './namespace.ts'

export type Json = Readonly<Record<string, unknown>>
export type Asked = { readonly code: number | null; readonly told: Json; readonly errors: string }
export type Step = { readonly party: string; readonly contract: string; readonly to: string }

export type PartyInit = {
  /** Also its data directory in `folder`. */
  readonly name: string
  readonly namespace: NetworkNamespace
  readonly folder: string
  /** Words of `kernell node` behind those that all have. */
  readonly words: () => readonly string[]
  readonly onStep: (step: Step) => void
}

type Process = ChildProcessByStdio<null, Readable, Readable>
const LIAR = new URL('./lying-notary.ts', import.meta.url).href
/** On a machine that has much else to do. */
const START_MS_MAX = 180_000
const STOP_MS_MAX = 60_000

/** One node as its operator runs it: `kernell node`, and the commands that ask it. */
export class Party {
  readonly name: string
  /** Its first line. */
  ready: Json = {}
  private readonly init: PartyInit
  private process: Process | undefined
  private ear: Ear | undefined
  private errors = ''

  constructor(init: PartyInit) {
    this.init = init
    this.name = init.name
  }

  get isLiar(): boolean {
    return this.ear !== undefined
  }

  /** `isLiar`: as a notary that says what its operator tells it (`lie`), with its own key. */
  async start({ isLiar = false }: { readonly isLiar?: boolean } = {}): Promise<void> {
    const words = ['node', '--data-dir', this.name, '--port', '0', '--json', ...this.init.words()]
    const child = this.spawn(words, isLiar)
    this.process = child
    this.ear = isLiar ? new Ear(child.stdio[3] as unknown as Duplex) : undefined
    this.errors = ''
    child.stderr.on('data', (piece: Buffer) => (this.errors += piece.toString()))
    const ready = Promise.withResolvers<Json>()
    createInterface({ input: child.stdout }).on('line', (line) => {
      const document = JSON.parse(line) as Json
      if (document['event'] === 'ready') ready.resolve(document)
      else if (document['error'] !== undefined) this.errors += line
      else if (document['event'] === 'transition')
        this.init.onStep({
          party: this.name,
          contract: String(document['contract']),
          to: String(document['to']),
        })
    })
    child.once('close', (code) => ready.reject(new Error(`${this.name} ended with ${code}: ${this.errors}`)))
    const deadline = setTimeout(() => child.kill('SIGKILL'), START_MS_MAX)
    this.ready = await ready.promise.finally(() => clearTimeout(deadline))
  }

  /** As a power cut does to a process. */
  async kill(): Promise<void> {
    const { process: child } = this
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'close')
  }

  /** Has it tell lies of a kind from now on, or, without a strength, none. @returns Lies that it has told since it began. */
  async lie(kind: string, strength?: number): Promise<number> {
    return (await this.ear?.say({ kind, strength })) ?? 0
  }

  freeze(): void {
    this.process?.kill('SIGSTOP')
  }

  wake(): void {
    this.process?.kill('SIGCONT')
  }

  /** In order. @returns Its exit code. */
  async stop(): Promise<number | null> {
    const { process: child } = this
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
    child.kill('SIGINT')
    await once(child, 'close')
    clearTimeout(deadline)
    return child.exitCode
  }

  /** One command about this party's data directory. */
  async ask(...words: readonly string[]): Promise<Asked> {
    const child = this.spawn([...words, '--data-dir', this.name, '--json'])
    let [output, errors] = ['', '']
    child.stdout.on('data', (piece: Buffer) => (output += piece.toString()))
    child.stderr.on('data', (piece: Buffer) => (errors += piece.toString()))
    await once(child, 'close')
    const [last = '{}'] = output.trimEnd().split('\n').slice(-1)
    return { code: child.exitCode, told: JSON.parse(last === '' ? '{}' : last) as Json, errors }
  }

  /** As `ask`, of what must be done. */
  async do(...words: readonly string[]): Promise<Json> {
    const { code, told, errors } = await this.ask(...words)
    if (code !== 0)
      throw new Error(`${this.name}: ${words.join(' ')} ended with ${code}: ${JSON.stringify(told)}${errors}`)
    return told
  }

  private spawn(words: readonly string[], isLiar = false): Process {
    const { namespace, folder } = this.init
    const [command, before] = namespace.words([process.execPath, ...(isLiar ? ['--import', LIAR] : []), COMMAND])
    const child = spawn(command, [...before, ...words], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe', isLiar ? 'pipe' : 'ignore'],
      env: {
        PATH: process.env['PATH'] ?? '',
        KERNELL_DISCOVER: 'false',
        KERNELL_KEY_PASSPHRASE: 'one passphrase for three toys',
        HOME: folder,
        XDG_CONFIG_HOME: folder,
        ...compileCache(),
      },
    })
    return child as Process
  }
}

/** The pipe by which a liar hears what to lie about. */
class Ear {
  private readonly pipe: Duplex
  private readonly waiting: ((told: number) => void)[] = []

  constructor(pipe: Duplex) {
    this.pipe = pipe
    // It ends with its process.
    pipe.on('error', () => {})
    createInterface({ input: pipe })
      .on('line', (line) => this.waiting.shift()?.(Number(line)))
      .on('close', () => {
        for (const resolve of this.waiting.splice(0)) resolve(0)
      })
  }

  async say(document: Json): Promise<number> {
    const answered = new Promise<number>((resolve) => this.waiting.push(resolve))
    this.pipe.write(`${JSON.stringify(document)}\n`)
    return await answered
  }
}
