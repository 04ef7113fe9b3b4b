import { spawnSync } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RandomStream } from '../../src/base/random-stream.ts'

const SHIM_SOURCE = fileURLToPath(new URL('faulty-disk.c', import.meta.url))

/** What the disk under a process does: `at` is the call that the fault comes with; absent, there is none before the end. */
export type DiskFaultInit = {
  readonly shim: string
  readonly at: number | undefined
  readonly kind: 'crash' | 'fail' | 'tear'
  readonly cut: 'lose' | 'half'
  /** Syncs of files whose path has this in it are left out. */
  readonly ignore?: string
}

/** A life over the faulty disk: the power is cut after so many rounds of work, if not before. */
export type FaultyLife = DiskFaultInit & { readonly rounds: number }

/** Compiles the faulty disk; or says why that is not possible here. */
export async function buildFaultyDisk(): Promise<{ readonly shim: string } | { readonly reason: string }> {
  if (process.platform !== 'linux') return { reason: 'the faulty disk needs Linux and LD_PRELOAD' }
  const shim = join(await mkdtemp(join(tmpdir(), 'kernell-shim-')), 'faulty-disk.so')
  const result = spawnSync('gcc', ['-shared', '-fPIC', '-O1', '-o', shim, SHIM_SOURCE, '-ldl', '-lpthread'])
  if (result.status === 0) return { shim }
  return { reason: `gcc did not compile the faulty disk: ${result.error?.message ?? result.stderr.toString()}` }
}

/** Variables of a process whose `data` in the folder is on the faulty disk; `trash` must be there, `count` is written. */
export function faultyDiskVariables(
  folder: string,
  { shim, at, kind, cut, ignore }: DiskFaultInit,
): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: shim,
    FAULTY_DISK_ROOT: join(folder, 'data'),
    FAULTY_DISK_TRASH: join(folder, 'trash'),
    FAULTY_DISK_COUNT: join(folder, 'count'),
    FAULTY_DISK_KIND: kind,
    FAULTY_DISK_CUT: cut,
    ...(at !== undefined && { FAULTY_DISK_AT: String(at) }),
    ...(ignore !== undefined && { FAULTY_DISK_IGNORE: ignore }),
  }
}

/** A fault of any kind, with any of the first `callsMax` calls. */
export function drawFault(
  draws: RandomStream,
  callsMax: number,
): Omit<DiskFaultInit, 'shim'> & { readonly at: number } {
  const at = draws.nextBelow(Math.max(callsMax, 1))
  const kind = (['crash', 'fail', 'tear'] as const)[draws.nextBelow(3)] ?? 'crash'
  return { at, kind, cut: draws.nextBelow(2) === 0 ? 'lose' : 'half' }
}
