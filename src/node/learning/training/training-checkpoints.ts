import { createHash } from 'node:crypto'
import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError } from '../../../base/errors.ts'
import type { TrainingCheckpoints } from '../../../learning/training/training-run.ts'

/** Runs whose results are kept at most; the oldest go first. */
const RUNS_MAX = 4
const DIGEST_BYTES = 32

export type CheckpointInit = {
  /** Folder of all runs; made where missing, mode 0700. */
  readonly folder: string
  /** Names rows and settings: 64 hexadecimal digits. Results of other rows or settings are never read. */
  readonly fingerprint: string
  /** False: results of an earlier run are thrown away. */
  readonly isResumed: boolean
}

/** Results of one run, each in a file that begins with the SHA-256 of the rest. */
export type OpenCheckpoints = TrainingCheckpoints & {
  /** Results found when the run was opened. */
  readonly foundCount: number
  /** The run is done: nothing of it is kept. */
  remove(): Promise<void>
}

/** Throws `STORE_WRITE_FAILED` when the folder cannot be made. */
export async function openCheckpoints({ folder, fingerprint, isResumed }: CheckpointInit): Promise<OpenCheckpoints> {
  const own = join(folder, fingerprint)
  await guarded(own, async () => {
    if (!isResumed) await rm(own, { recursive: true, force: true })
    await mkdir(own, { recursive: true, mode: 0o700 })
    await dropOldRuns(folder, fingerprint)
  })
  const pathOf = (name: string): string => join(own, `${name}.step`)
  return {
    foundCount: (await readdir(own)).filter((name) => name.endsWith('.step')).length,
    async read(name) {
      const bytes = await readFile(pathOf(name)).catch(() => undefined)
      if (bytes === undefined || bytes.length < DIGEST_BYTES) return undefined
      const body = bytes.subarray(DIGEST_BYTES)
      return digestOf(body).equals(bytes.subarray(0, DIGEST_BYTES)) ? Uint8Array.from(body) : undefined
    },
    async write(name, body) {
      await guarded(own, async () => {
        const draft = `${pathOf(name)}.${process.pid}.partial`
        const file = await open(draft, 'w', 0o600)
        try {
          await file.writeFile(Buffer.concat([digestOf(body), body]))
        } finally {
          await file.close()
        }
        await rename(draft, pathOf(name))
      })
    },
    async remove() {
      await rm(own, { recursive: true, force: true })
    },
  }
}

function digestOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

async function dropOldRuns(folder: string, own: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name) && name !== own)
  const aged = await Promise.all(
    names.map(async (name) => ({
      name,
      changedMs: (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs ?? 0,
    })),
  )
  const old = aged.toSorted((a, b) => b.changedMs - a.changedMs).slice(RUNS_MAX - 1)
  for (const { name } of old) await rm(join(folder, name), { recursive: true, force: true })
}

async function guarded(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause: unknown) {
    throw new CodedError('STORE_WRITE_FAILED', { message: `${path} cannot be written`, cause, details: { path } })
  }
}
