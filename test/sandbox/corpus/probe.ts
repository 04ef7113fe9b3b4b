import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { SANDBOX_LIMIT_DEFAULTS, type SandboxLimits } from '../../../src/core/sandbox/sandbox-policy.ts'
import { WORK } from '../../../src/sandbox/subprocess/system-view.ts'
import type { SandboxRequest } from '../../../src/ports/sandbox-runtime.ts'

/** Of the program of attacks, for `gcc` with `-pthread`. */
export const PROBE_SOURCES: readonly string[] = ['probe.c', 'held-memory.c', 'bound-places.c'].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
)
/** Nothing that is tried without containment may last longer. */
const FREE_WITHIN_MS = 10_000

/** The corpus's program, compiled, in a directory of its own. */
export class Probe {
  readonly directory: string
  private readonly bytes: Uint8Array

  private constructor(directory: string, bytes: Uint8Array) {
    this.directory = directory
    this.bytes = bytes
  }

  static async compile(): Promise<Probe> {
    const directory = await mkdtemp(join(tmpdir(), 'kernell-probe-'))
    const path = join(directory, 'probe')
    await promisify(execFile)('gcc', ['-O1', '-w', '-pthread', '-o', path, ...PROBE_SOURCES])
    await mkdir(join(directory, 'work'))
    return new Probe(directory, await readFile(path))
  }

  /** What runs it in a sandbox. */
  request(
    args: readonly (string | number)[],
    limits: Partial<SandboxLimits> = {},
    filesOut: readonly string[] = [],
  ): SandboxRequest {
    return {
      program: { kind: 'command', argv: [`${WORK}/probe`, ...args.map(String)] },
      files: [{ path: 'probe', bytes: this.bytes, isExecutable: true }],
      filesOut,
      policy: {
        isolation: 't3',
        limits: { ...SANDBOX_LIMIT_DEFAULTS, wallMs: 15_000, ...limits },
        network: { hosts: [] },
        environment: [],
        paths: { read: [], write: [] },
        allowEmulation: false,
      },
    }
  }

  /** Runs it as an ordinary child, in an empty directory and a group of its own. @returns What it said. */
  async runFree(
    args: readonly (string | number)[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const child = spawn(join(this.directory, 'probe'), args.map(String), {
      cwd: join(this.directory, 'work'),
      env: { ...environment, PROBE_IS_FREE: '1' },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    })
    let text = ''
    child.stdout.on('data', (piece: Buffer) => {
      text += piece.toString()
    })
    const kill = (): void => {
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL')
      } catch {
        // All of the group is gone.
      }
    }
    const deadline = setTimeout(kill, FREE_WITHIN_MS)
    await new Promise((resolve) => child.once('close', resolve))
    clearTimeout(deadline)
    kill()
    return text
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true })
  }
}

/** What a probe said, way by way: whether it came through. */
export function waysIn(text: string | Uint8Array): Readonly<Record<string, boolean>> {
  const lines = (typeof text === 'string' ? text : new TextDecoder().decode(text)).trim().split('\n')
  return Object.fromEntries(
    lines.map((line) => {
      const [way = '', outcome = ''] = line.split(': ')
      return [way, outcome.startsWith('reached')]
    }),
  )
}

/** Ways that came through. */
export function reachedIn(text: string | Uint8Array): readonly string[] {
  return Object.entries(waysIn(text))
    .filter(([, isReached]) => isReached)
    .map(([way]) => way)
}
