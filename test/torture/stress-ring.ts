import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { createLink, portsOf } from '../../src/actors/threads/thread-links.ts'
import { boardIndex, PARKS_WORD, STATE_WORD, THREAD_BYTES, WAKES_WORD } from '../../src/actors/threads/thread-board.ts'
import { IS_DONE, RECEIVED, SENT, WRONG } from './ring-work.ts'
import type { RingChild, RingWork } from './ring-work.ts'

export type RingStress = {
  readonly messages: number
  readonly parks: number
  readonly wakes: number
  readonly durationMs: number
  readonly failures: readonly string[]
}

/** A pair of threads that does nothing for so long, with work to do, has lost a wake. */
const STALL_MS = 10_000
const LOOK_MS = 20

/** Two threads and a ring; this one only watches. */
export async function stressRing(init: {
  readonly seed: number
  readonly work: RingWork
  readonly plant?: string
  readonly stallMs?: number
}): Promise<RingStress> {
  const board = new SharedArrayBuffer(2 * THREAD_BYTES)
  const report = new Int32Array(new SharedArrayBuffer(64))
  const words = new Int32Array(board)
  const links = createLink(0, 1, { usesSharedMemory: true, ringBytes: 2 ** 16 })
  const failures: string[] = []
  const stallMs = init.stallMs ?? STALL_MS
  const startedAt = performance.now()
  const workers = (['writer', 'reader'] as const).map((role, thread) => {
    const link = links[thread === 0 ? 0 : 1]
    const { seed, work, plant = '' } = init
    const workerData: RingChild = { role, link, board, report, seed: seed + thread, work, plant }
    const file = new URL('ring-child.ts', import.meta.url)
    const worker = new Worker(file, { workerData, transferList: portsOf([link]) })
    worker.on('error', (error: unknown) => failures.push(`${role}: ${String(error)}`))
    return worker
  })
  let seen = ''
  let seenAt = performance.now()
  while (report[IS_DONE] === 0 && failures.length === 0) {
    await sleep(LOOK_MS)
    const now = `${report[SENT]} sent, ${report[RECEIVED]} received`
    if (now !== seen) {
      seen = now
      seenAt = performance.now()
    } else if (performance.now() - seenAt > stallMs) {
      const states = [0, 1].map((thread) => words[boardIndex(thread, STATE_WORD)])
      failures.push(`lost wake: ${now}, states ${states.join(' and ')}`)
    }
  }
  const durationMs = performance.now() - startedAt
  for (const worker of workers) await worker.terminate()
  const sum = (word: number): number => [0, 1].reduce((all, thread) => all + (words[boardIndex(thread, word)] ?? 0), 0)
  const [sent = 0, received = 0, wrong = 0] = [report[SENT], report[RECEIVED], report[WRONG]]
  if (failures.length === 0 && sent !== received) failures.push(`${sent} sent, ${received} received`)
  if (wrong > 0) failures.push(`${wrong} messages arrived torn, out of order or changed`)
  return { messages: received, parks: sum(PARKS_WORD), wakes: sum(WAKES_WORD), durationMs, failures }
}
