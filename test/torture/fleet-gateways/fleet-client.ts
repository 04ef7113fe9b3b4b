/**
 * A process of callers: keeps so many connections busy with requests to all gateways in turn, and says what became of them. Argument: `FleetClientTask` as JSON. Prints a line
 * for each answer, its word, and ends.
 */
import { setTimeout } from 'node:timers/promises'
import { askServer, type LoadAnswer, type LoadRequest, wordOf } from '../budgets/load-client.ts'
import { requestAt } from '../budgets/storm.ts'

const TRIES_MAX = 20
const PAUSE_MS = 100

export type FleetClientTask = {
  readonly urls: readonly string[]
  readonly seed: number
  /** The first of its requests, and how many of them there are. */
  readonly firstLine: number
  readonly requests: number
  readonly connections: number
}

/** A model that is left alone for a while is asked again, so that requests are not used up meanwhile. */
async function askWhenWell(url: string, request: LoadRequest): Promise<LoadAnswer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await askServer(url, request)
    if (tries === TRIES_MAX || wordOf(answer) !== 'MODEL_CIRCUIT_OPEN') return answer
    await setTimeout(PAUSE_MS)
  }
}

async function play({ urls, seed, firstLine, requests, connections }: FleetClientTask): Promise<void> {
  const alive = [...urls]
  let next = firstLine
  const keepBusy = async (): Promise<void> => {
    while (next < firstLine + requests && alive.length > 0) {
      const line = next
      next += 1
      const url = alive[line % alive.length] ?? ''
      const request = requestAt(seed, line)
      const answer = await askWhenWell(url, request)
      // A connection that breaks in the middle is a gateway that died, unless it was the caller who left.
      if (answer.status === 'gone' && request.isLeaving !== true && alive.length > 1) {
        const place = alive.indexOf(url)
        if (place >= 0) alive.splice(place, 1)
      }
      process.stdout.write(`${wordOf(answer)} ${urls.indexOf(url)}\n`)
    }
  }
  await Promise.all(Array.from({ length: connections }, keepBusy))
}

await play(JSON.parse(process.argv[2] ?? '{}') as FleetClientTask)
