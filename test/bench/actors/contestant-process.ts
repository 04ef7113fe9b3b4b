import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { SkippedPeer } from '../bench.ts'
import type { Contestant } from './case-table.ts'
import type { Figures } from './programs/program.ts'

const run = promisify(execFile)
const PROGRAM = fileURLToPath(new URL('run-program.ts', import.meta.url))
const ERLANG = fileURLToPath(new URL('erlang/', import.meta.url))

/** Room for a million actors of the widest contestant. */
const NODE_FLAGS = ['--expose-gc', '--max-old-space-size=12288']
/** One scheduler, as Node has one thread; no spinning while idle, which would count as its time. */
const ERLANG_FLAGS = ['+S', '1:1', '+sbwt', 'none', '+sbwtdcpu', 'none', '+sbwtdio', 'none', '+P', '4000000']
const TIMEOUT_MS = 300_000

/** The contestants that are installed. */
export type Arena = {
  readonly skipped: readonly SkippedPeer[]
  has(contestant: Contestant): boolean
  /** Runs a case in a fresh process. Rejects when it fails. */
  run(contestant: Contestant, name: string, size: number): Promise<Figures>
  close(): Promise<void>
}

export async function openArena(): Promise<Arena> {
  const skipped: SkippedPeer[] = []
  const beams = await compileErlang()
  if (beams === undefined) skipped.push({ peer: 'erlang', why: 'Not installed: apt-get install erlang-base' })
  const hasNact = canResolve('nact')
  if (!hasNact) skipped.push({ peer: 'nact', why: 'Not installed: npm install --no-save nact@7.6.2' })
  return {
    skipped,
    has: (contestant) => {
      if (contestant.startsWith('erlang')) return beams !== undefined
      return contestant !== 'nact' || hasNact
    },
    run: async (contestant, name, size) => {
      if (contestant === 'erlang') return await runErlang(beams, name, size)
      if (contestant === 'erlang-otp') return await runErlang(beams, `${name}-otp`, size)
      const args = [...NODE_FLAGS, PROGRAM, contestant, name, String(size)]
      const { stdout } = await run(process.execPath, args, { timeout: TIMEOUT_MS })
      return parseFigures(stdout)
    },
    close: async () => {
      if (beams !== undefined) await rm(beams, { recursive: true })
    },
  }
}

async function runErlang(beams: string | undefined, name: string, size: number): Promise<Figures> {
  if (beams === undefined) throw new Error('Erlang is not installed')
  const call = `runner:main('${name}', ${size})`
  const args = [...ERLANG_FLAGS, '-noshell', '-noinput', '-pa', beams, '-eval', call]
  const { stdout } = await run('erl', args, { timeout: TIMEOUT_MS })
  return parseFigures(stdout)
}

/** The folder of the compiled modules; undefined where there is no compiler. */
async function compileErlang(): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'kernell-bench-'))
  const sources = (await readdir(ERLANG)).map((file) => join(ERLANG, file))
  try {
    await run('erlc', ['-o', folder, ...sources])
    return folder
  } catch (error: unknown) {
    await rm(folder, { recursive: true })
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function canResolve(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}

function parseFigures(stdout: string): Figures {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Figures
}
