import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type TraceResult = {
  readonly receipts: number
  readonly syncs: number
  /** Receipts that left while something of the notary's files was written and not synced. */
  readonly failures: readonly string[]
}

/** Runs a settlement under `strace` and reads what the kernel was asked in which order. `undefined` where there is no `strace`. */
export function traceSettlement(): TraceResult | undefined {
  if (spawnSync('strace', ['true']).status !== 0) return undefined
  const directory = mkdtempSync(join(tmpdir(), 'kernell-trace-'))
  const trace = join(directory, 'trace')
  const child = fileURLToPath(new URL('settlement-child.ts', import.meta.url))
  const home = join(directory, 'notary')
  try {
    const calls = 'trace=openat,write,pwrite64,writev,pwritev,fsync,fdatasync,close'
    const words = [
      '-f',
      '-y',
      '-s',
      '16',
      '-e',
      calls,
      '-o',
      trace,
      process.execPath,
      child,
      home,
      String(Date.now()),
      '-1',
      '0',
    ]
    const { status } = spawnSync('strace', words, { stdio: ['ignore', 'ignore', 'inherit'] })
    if (status !== 0) throw new Error(`The traced settlement ended with ${status ?? 'a signal'}`)
    return readTrace(readFileSync(trace, 'utf8'), home)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** `-y` shows the path of each descriptor: `write(21</data/journal/0>, ...)`. A call of one thread may be cut in two by those of others. */
const CALL = /^(\d+) +(\w+)\((\d+)<([^>]*)>/
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>.*= (-?\d+)/

export function readTrace(text: string, home: string): TraceResult {
  /** Bytes of a file that no sync has covered yet, by when they were written. */
  const dirty = new Set<string>()
  /** Syncs under way by thread: what they cover is what was written before they began. */
  const syncing = new Map<string, string>()
  const failures: string[] = []
  let receipts = 0
  let syncs = 0
  for (const line of text.split('\n')) {
    const resumed = RESUMED.exec(line)
    if (resumed !== null) {
      const [, thread = '', call = '', result] = resumed
      const path = syncing.get(thread)
      if (call.endsWith('sync') && path !== undefined && result === '0') dirty.delete(path)
      if (call.endsWith('sync')) syncing.delete(thread)
      continue
    }
    const [, thread = '', call = '', descriptor, path = ''] = CALL.exec(line) ?? []
    if (descriptor === '1' && line.includes('"R ')) {
      receipts += 1
      if (dirty.size > 0) failures.push(`receipt ${receipts} left before ${[...dirty].join(', ')} was synced`)
    } else if (path.startsWith(home) && call.includes('write')) {
      dirty.add(path)
      // A write during a sync is not covered by it.
      for (const [other, under] of syncing) if (under === path) syncing.delete(other)
    } else if (path.startsWith(home) && call.endsWith('sync')) {
      syncs += 1
      if (line.includes('<unfinished')) syncing.set(thread, path)
      else if (/= 0/.test(line)) dirty.delete(path)
    }
  }
  return { receipts, syncs, failures }
}
