import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'
import { openNotaryOver } from './notary-at.ts'
import { judgeRestarted, type Receipts, settlementWork } from './settlement-workload.ts'

const CHILD = fileURLToPath(new URL('settlement-child.ts', import.meta.url))

export type KillResult = {
  /** Write boundaries of the settlement, as the first pass counted them. */
  readonly boundaries: number
  readonly runs: number
  readonly failures: readonly string[]
}

/** Kills a real process at every boundary: before the operation and after it. `every`: only each so many-th, for a short run. */
export async function killAtEveryBoundary({
  every,
  isOver,
}: {
  readonly every: number
  readonly isOver: () => boolean
}): Promise<KillResult> {
  const boundaries = await countBoundaries()
  const failures: string[] = []
  let runs = 0
  for (let operation = 0; operation < boundaries && !isOver(); operation += every) {
    for (const half of [0, 1] as const) {
      runs += 1
      const found = await killAt(operation, half)
      failures.push(...found.map((what) => `killed ${half === 0 ? 'before' : 'after'} operation ${operation}: ${what}`))
    }
  }
  return { boundaries, runs, failures }
}

export async function countBoundaries(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'kernell-kill-'))
  try {
    const { lines } = await runChild([directory, String(Date.now()), '-1', '0'])
    const last = lines.at(-1) ?? ''
    if (!last.startsWith('N ')) throw new Error(`The settlement did not come to its end: ${last}`)
    return Number(last.slice(2))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function killAt(operation: number, half: 0 | 1): Promise<readonly string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'kernell-kill-'))
  const now = Date.now()
  try {
    const receipts: Receipts = new Map()
    const { lines, signal } = await runChild([directory, String(now), String(operation), String(half)])
    if (signal !== 'SIGKILL') return [`it was not killed: ${signal ?? 'it ended by itself'}`]
    for (const line of lines) {
      const [kind, index, receipt] = line.split(' ')
      if (kind === 'R' && receipt !== undefined) receipts.set(Number(index), receipt)
    }
    const work = settlementWork(now)
    const notary = await openNotaryOver(createNodeFileSystem(), { directory, set: work.set })
    try {
      return await judgeRestarted(notary.service, work, receipts)
    } finally {
      await notary.close()
    }
  } catch (error: unknown) {
    return [`it does not start again: ${String(error)}`]
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Whole lines that it said before its end. */
async function runChild(
  words: readonly string[],
): Promise<{ readonly lines: readonly string[]; readonly signal: NodeJS.Signals | null }> {
  const child = spawn(process.execPath, [CHILD, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => child.once('close', (_, by) => resolve(by)))
  return { lines: text.split('\n').slice(0, -1), signal }
}
