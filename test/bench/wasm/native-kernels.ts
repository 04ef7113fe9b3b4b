import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

export type Scan = {
  readonly kind: 'f32' | 'int8'
  readonly rows: number
  readonly dims: number
  readonly repeats: number
}

/** The fastest of the repeats, and what the scan found. */
export type ScanResult = { readonly nanoseconds: number; readonly bestRow: number; readonly bestScore: number }

/** kernels.c compiled with some flags, as a process that scans on request. */
export type NativeKernels = { scan(scan: Scan): Promise<ScanResult>; stop(): Promise<void> }

/** Rejects when there is no gcc, or when this processor has none of the instructions. */
export async function startNativeKernels(flags: readonly string[]): Promise<NativeKernels> {
  const folder = await mkdtemp(join(tmpdir(), 'kernell-bench-'))
  const program = join(folder, 'kernels')
  try {
    const source = new URL('kernels.c', import.meta.url).pathname
    await promisify(execFile)('gcc', ['-O3', ...flags, source, '-o', program])
  } catch (error: unknown) {
    await rm(folder, { recursive: true })
    throw error
  }
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async scan(scan): Promise<ScanResult> {
      child.stdin.write(`${scan.kind} ${scan.rows} ${scan.dims} ${scan.repeats}\n`)
      const line = await lines.next()
      if (line.done === true)
        throw new Error('The native kernels ended early: this processor may lack their instructions')
      const [nanoseconds = NaN, bestRow = NaN, bestScore = NaN] = line.value.split(' ').map(Number)
      return { nanoseconds, bestRow, bestScore }
    },
    async stop(): Promise<void> {
      child.stdin.end()
      if (child.exitCode === null) await once(child, 'exit')
      await rm(folder, { recursive: true })
    },
  }
}
