/**
 * A process of callers: keeps so many connections busy with requests to all gateways in turn, and says what became of them. Argument: `FleetClientTask` as JSON. Prints a line
 * for each answer, its word, and ends.
 */
import { askPatiently, wordOf } from '../budgets/load-client.ts'
import { requestAt } from '../budgets/storm.ts'

export type FleetClientTask = {
  readonly urls: readonly string[]
  readonly seed: number
  /** The first of its requests, and how many of them there are. */
  readonly firstLine: number
  readonly requests: number
  readonly connections: number
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
      const answer = await askPatiently(url, request)
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
