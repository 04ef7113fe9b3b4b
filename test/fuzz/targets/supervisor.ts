import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeGuestRequest } from '../../../src/sandbox/guest/encode-request.ts'
import { SANDBOX_LIMIT_DEFAULTS } from '../../../src/core/sandbox/sandbox-policy.ts'
import { ROOT } from '../../repo/repository.ts'
import type { Target } from '../target.ts'
import type { LazyTarget } from './automatic.ts'

const NAME = 'sandbox/guest/supervisor:read_request'
const HARNESS = fileURLToPath(new URL('../supervisor-harness.c', import.meta.url))
/** A mistake ends the process instead of being printed alone; nothing that it holds at its end is a leak. */
const SANITIZERS = { ASAN_OPTIONS: 'abort_on_error=0:exitcode=99:detect_leaks=0:allocator_may_return_null=1' }

/** The supervisor of containers and machines in C, under the sanitizers of addresses and undefined behaviour. Needs gcc. */
export const SUPERVISOR_TARGETS: readonly LazyTarget[] = [{ name: NAME, load: loadSupervisor }]

async function loadSupervisor(): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'kernell-fuzz-'))
  const program = join(folder, 'supervisor')
  const supervisor = `-DSUPERVISOR="${ROOT}/src/sandbox/guest/supervisor.c"`
  const checks = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all']
  execFileSync('gcc', ['-g', '-O1', '-w', ...checks, supervisor, '-o', program, HARNESS])
  let running = new Harness(program)
  const read = async (input: unknown): Promise<unknown> => {
    try {
      return await running.ask(input as Uint8Array)
    } catch (error: unknown) {
      running.end()
      running = new Harness(program)
      throw error
    }
  }
  const end = async (): Promise<void> => {
    running.end()
    rmSync(folder, { recursive: true, force: true })
    await Promise.resolve()
  }
  return { name: NAME, kind: 'bytes', samples: samples(), read, end }
}

class Harness {
  private readonly child: ChildProcessWithoutNullStreams
  private complaint = ''

  constructor(program: string) {
    this.child = spawn(program, { env: SANITIZERS })
    this.child.stdin.on('error', () => {})
    this.child.stderr.on('data', (piece: Buffer) => {
      this.complaint = (this.complaint + piece.toString()).slice(0, 2_000)
    })
  }

  /** How reading a request ended. Throws what the sanitizers said. */
  async ask(request: Uint8Array): Promise<string> {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(request.length)
    this.child.stdin.write(Buffer.concat([length, request]))
    const given = new AbortController()
    const ways = [once(this.child.stdout, 'data', given), once(this.child, 'close', given)]
    for (const way of ways) way.catch(() => {})
    const [answer] = (await Promise.race(ways)) as readonly unknown[]
    given.abort()
    if (answer instanceof Buffer) return answer.toString()
    const [line = 'it ended'] = this.complaint.split('\n').filter((text) => /ERROR|runtime error/.test(text))
    throw new Error(line)
  }

  end(): void {
    this.child.kill('SIGKILL')
  }
}

function samples(): Target['samples'] {
  const policy = { limits: SANDBOX_LIMIT_DEFAULTS }
  const files = [{ path: 'a/b.txt', bytes: Buffer.from('text'), isExecutable: true }]
  const requests = [
    { policy, files, filesOut: ['out.txt'], stdin: Buffer.from('in') },
    { policy, files: [], filesOut: [] },
  ]
  return requests.map((request) => ({
    input: new Uint8Array(
      encodeGuestRequest(
        { program: { kind: 'command', argv: ['/bin/true', 'x'] }, request: request as never, environment: { A: 'b' } },
        1_790_000_000_000,
      ),
    ),
    rest: [],
  }))
}
