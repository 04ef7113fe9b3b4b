import { setTimeout as sleep } from 'node:timers/promises'
import { usdOf } from '../budgets/load-world.ts'
import { followBatch } from './kept-deeds.ts'
import { metricOf } from './measure-node.ts'
import { readBudgets } from './soak-books.ts'
import { askAdmin, type SoakWorld } from './soak-world.ts'

const FINISH_MS_MAX = 30_000
const PAUSE_MS = 100
/** Answers that no input and no fault of the provider may lead to. */
const NEVER = /^(?:INTERNAL_ERROR|STORE_CORRUPTED|500|a |an |one |[0-9]{3} for |file: (?!GATEWAY|DOCUMENTS))/

/** Whether what became of a request must not be. */
export function isNever(word: string): boolean {
  return NEVER.test(word)
}

/** Waits for batches and for what is done in the background. Returns what does not end. */
export async function finishWork(world: SoakWorld): Promise<string | undefined> {
  const untilMs = performance.now() + FINISH_MS_MAX
  for (;;) {
    const open = world.record.batches.filter(({ output }) => output === undefined)
    for (const batch of open) {
      const word = await followBatch(world, batch)
      if (isNever(word)) return word
    }
    const held = (await readBudgets(world)).reduce((sum, { heldNanos }) => sum + heldNanos, 0n)
    const inFlight = metricOf((await askAdmin(world, 'GET /metrics')).text, 'kernell_http_requests_in_flight')
    const waiting = open.filter(({ output }) => output === undefined).length
    if (waiting === 0 && held === 0n && inFlight <= 1) return undefined
    if (performance.now() > untilMs)
      return `nobody asks, and ${waiting} batches, ${usdOf(held)} of holds and ${inFlight} requests stay`
    await sleep(PAUSE_MS)
  }
}
