import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('peer.py', import.meta.url))
const START_MS = 30_000

export type Told = Readonly<Record<string, unknown>>

/** Why there is no py-libp2p behind this interpreter; `undefined` where there is. */
export function whyNoPeer(python: string): string | undefined {
  const { status, stderr, error } = spawnSync(python, ['-c', 'import libp2p'], { encoding: 'utf8' })
  if (error !== undefined) return `${python} does not run: ${error.message}`
  return status === 0 ? undefined : `${python} has no py-libp2p: ${stderr.trim().split('\n').at(-1) ?? ''}`
}

/** A node of py-libp2p in a process of its own. */
export class OtherPeer {
  readonly version: string
  /** Where it listens, with its peer id. */
  readonly address: string
  private readonly program: ChildProcess
  private readonly lines: AsyncIterator<string>

  private constructor(program: ChildProcess, lines: AsyncIterator<string>, ready: Told) {
    this.program = program
    this.lines = lines
    this.version = String(ready['version'])
    this.address = String(ready['address'])
  }

  /** @param seedHex  32 bytes, of which its key is made. */
  static async start(python: string, seedHex: string): Promise<OtherPeer> {
    const program = spawn(python, [PROGRAM, seedHex], { stdio: ['pipe', 'pipe', 'ignore'], timeout: 10 * START_MS })
    const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]()
    const { ready } = await next(lines)
    if (ready === undefined) throw new Error('py-libp2p did not start')
    return new OtherPeer(program, lines, ready as Told)
  }

  /** Throws what the program says when it could not. */
  async do(name: string, what: Told = {}): Promise<Told> {
    this.program.stdin?.write(`${JSON.stringify({ do: name, ...what })}\n`)
    const { ok, failed } = await next(this.lines)
    if (ok === undefined) throw new Error(`py-libp2p, ${name}: ${String(failed)}`)
    return ok as Told
  }

  stop(): void {
    this.program.kill('SIGKILL')
  }
}

async function next(lines: AsyncIterator<string>): Promise<Told> {
  const { value, done } = await lines.next()
  return done === true ? {} : (JSON.parse(value) as Told)
}
