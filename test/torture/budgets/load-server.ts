import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ConfigDocument } from '../../../src/node/config/config-document.ts'
import { COMMAND, compileCache } from '../../build/build-package.ts'

const START_MS_MAX = 30_000
const PLANTED = fileURLToPath(new URL('planted-server.ts', import.meta.url))

/** A served node in a process of its own, on a data directory that outlives it. */
export class LoadServer {
  readonly folder: string
  readonly #plant: string
  readonly #planted: string
  readonly #environment: Readonly<Record<string, string | undefined>>
  #child: ChildProcess | undefined
  #ended: Promise<unknown> | undefined
  #said = ''
  url = ''

  /** @param environment Variables of the process, beside those that every command gets; `planted`: the module that plants. */
  constructor(
    config: ConfigDocument,
    plant: string,
    {
      planted = PLANTED,
      ...environment
    }: { readonly planted?: string; readonly [name: string]: string | undefined } = {},
  ) {
    this.#environment = environment
    this.#planted = planted
    this.folder = mkdtempSync(join(tmpdir(), 'kernell-load-'))
    this.#plant = plant
    writeFileSync(join(this.folder, 'kernell.jsonc'), JSON.stringify(config), { mode: 0o600 })
  }

  get dataDir(): string {
    return join(this.folder, 'data')
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Of the process that ended last: its code, or the signal. */
  get endedWith(): number | string | null {
    return this.#child?.exitCode ?? this.#child?.signalCode ?? null
  }

  /** What the process has printed. */
  get said(): string {
    return this.#said
  }

  /** Throws where it ends before it listens. */
  async start(): Promise<void> {
    const words = ['serve', '--json', '--port', '0', '--config', 'kernell.jsonc', '--data-dir', this.dataDir]
    const before = this.#plant === '' ? [] : ['--import', this.#planted]
    const child = spawn(process.execPath, [...before, COMMAND, ...words], {
      cwd: this.folder,
      env: {
        PATH: process.env['PATH'],
        HOME: this.folder,
        XDG_CONFIG_HOME: this.folder,
        ...compileCache(),
        ...this.#environment,
        ...(this.#plant !== '' && { PLANT: this.#plant }),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    child.stdout.on('data', (chunk: Buffer) => (this.#said += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (this.#said += chunk.toString()))
    this.#ended = once(child, 'close')
    const first = once(child.stdout, 'data').then(([chunk]) => String(chunk).split('\n')[0] ?? '')
    const deadline = setTimeout(() => child.kill('SIGKILL'), START_MS_MAX)
    const line = await Promise.race([first, this.#ended.then(() => '')]).finally(() => clearTimeout(deadline))
    const { url } = JSON.parse(line || '{}') as { readonly url?: string }
    if (url === undefined) throw new Error(`The server did not start: ${this.#said}`)
    this.url = url
  }

  /** Ends it: at once and without warning, or as an operator does. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#child?.kill(signal)
    await this.#ended
  }

  async remove(): Promise<void> {
    if (this.#child?.exitCode === null) await this.end('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }
}
