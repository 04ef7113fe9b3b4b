import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { FleetClientTask } from './fleet-client.ts'

const CLIENT = fileURLToPath(new URL('fleet-client.ts', import.meta.url))

export type FleetCallersInit = Omit<FleetClientTask, 'firstLine'> & {
  readonly firstLine: number
  /** Processes, among which requests and connections are shared out. */
  readonly processes: number
  readonly onAnswer: (count: number) => void
}

/** Answers by what became of them, and by the gateway that was asked. */
export type FleetAnswers = { readonly words: ReadonlyMap<string, number>; readonly answeredBy: readonly number[] }

/** Several processes call at once. */
export async function callFleet(init: FleetCallersInit): Promise<FleetAnswers> {
  const { urls, seed, processes, requests, connections, firstLine, onAnswer } = init
  const words = new Map<string, number>()
  const answeredBy = urls.map(() => 0)
  let answers = 0
  const note = (line: string): void => {
    const [word = '', place = '0'] = line.split(' ')
    words.set(word, (words.get(word) ?? 0) + 1)
    if (word === 'answered') answeredBy[Number(place)] = (answeredBy[Number(place)] ?? 0) + 1
    answers += 1
    onAnswer(answers)
  }
  const share = Math.ceil(requests / processes)
  await Promise.all(
    Array.from({ length: processes }, async (_, place) => {
      const task: FleetClientTask = {
        urls,
        seed,
        firstLine: firstLine + place * share,
        requests: share,
        connections: Math.ceil(connections / processes),
      }
      await runClient(task, note)
    }),
  )
  return { words, answeredBy }
}

async function runClient(task: FleetClientTask, note: (line: string) => void): Promise<void> {
  const child = spawn(process.execPath, [CLIENT, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(child, 'close')
  for await (const line of createInterface({ input: child.stdout })) note(line)
  const [code] = (await ended) as [number | null]
  if (code !== 0) throw new Error(`A process of callers ended with ${code}: ${said}`)
}
