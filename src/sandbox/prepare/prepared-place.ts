import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { supervisorHash } from './compile-supervisor.ts'

/** Files of the directory in which what containers and machines start from is kept. */
export type PreparedFiles = { readonly supervisor: string; readonly kernel: string; readonly initialFiles: string }

const RECORD = z.object({
  /** Of the source that the supervisor was compiled from. */
  supervisorSha256: z.string(),
  image: z.string().optional(),
  kernelFrom: z.string().optional(),
})

/** What was made, and of what. */
export type PreparedRecord = z.infer<typeof RECORD>

export type PreparedState =
  | { readonly kind: 'nothing' }
  /** Made by another version, whose supervisor was another one. */
  | { readonly kind: 'outdated' }
  | { readonly kind: 'ready'; readonly record: PreparedRecord }

export function preparedFiles(directory: string): PreparedFiles {
  return {
    supervisor: join(directory, 'supervisor'),
    kernel: join(directory, 'kernel'),
    initialFiles: join(directory, 'initial-files'),
  }
}

/** What was prepared in a directory. */
export function readPrepared(directory: string): PreparedState {
  const record = readRecord(directory)
  if (record === undefined || !existsSync(preparedFiles(directory).supervisor)) return { kind: 'nothing' }
  return record.supervisorSha256 === supervisorHash() ? { kind: 'ready', record } : { kind: 'outdated' }
}

/** Writes down what was made now; what was made before by the same supervisor stays. */
export function recordPrepared(directory: string, made: Omit<PreparedRecord, 'supervisorSha256'>): void {
  const before = readPrepared(directory)
  const record = { ...(before.kind === 'ready' && before.record), ...made, supervisorSha256: supervisorHash() }
  replaceFile(recordPath(directory), new TextEncoder().encode(`${JSON.stringify(record)}\n`))
}

/** Whole or not at all: a machine that starts meanwhile finds the old file or the new one. */
export function replaceFile(path: string, bytes: Uint8Array, mode = 0o644): void {
  const next = `${path}.${process.pid}.next`
  writeFileSync(next, bytes, { mode })
  renameSync(next, path)
}

/** Makes the directory, which others may read: the engine of containers, and nobody, as whom machines run. */
export function makePlace(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o755 })
}

function recordPath(directory: string): string {
  return join(directory, 'prepared.json')
}

function readRecord(directory: string): PreparedRecord | undefined {
  try {
    return RECORD.parse(JSON.parse(readFileSync(recordPath(directory), 'utf8')))
  } catch {
    return undefined
  }
}
