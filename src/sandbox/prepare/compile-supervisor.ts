import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { sha256Hex } from '../../base/sha256.ts'
import { findProgram } from '../process/find-program.ts'
import { partMissing } from './part-missing.ts'

const SOURCE = fileURLToPath(new URL('../guest/supervisor.c', import.meta.url))
const REMEDY = 'Install the packages `gcc` and `libc6-dev` (elsewhere `gcc` and the static C library).'
const COMPILE_WITHIN_MS = 120_000
const COMPLAINT_MAX = 500

/** Compiles the first program of containers and machines, which needs nothing else to run. Throws `SANDBOX_PART_MISSING`. */
export async function compileSupervisor(path: string, signal?: AbortSignal): Promise<void> {
  const compiler = findProgram('gcc') ?? findProgram('cc')
  if (compiler === undefined) throw partMissing('no compiler of C is installed', REMEDY)
  const args = ['-static', '-Os', '-s', '-Wall', '-Wextra', '-Werror', '-o', path, SOURCE]
  try {
    await promisify(execFile)(compiler, args, { timeout: COMPILE_WITHIN_MS, ...(signal !== undefined && { signal }) })
  } catch (cause) {
    signal?.throwIfAborted()
    throw partMissing(`${compiler} cannot compile the supervisor: ${complaintOf(cause)}`, REMEDY, cause)
  }
}

/** What tells one supervisor from another, lower-case hex: an older one may not understand what is asked of it. */
export function supervisorHash(): string {
  return sha256Hex(readFileSync(SOURCE, 'utf8'))
}

function complaintOf(cause: unknown): string {
  const { stderr } = cause as { readonly stderr?: unknown }
  const text = typeof stderr === 'string' && stderr !== '' ? stderr : String(cause)
  return text.trim().slice(0, COMPLAINT_MAX)
}
