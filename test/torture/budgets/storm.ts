import { createRandomStream } from '../../../src/base/random-stream.ts'
import { askServer, type LoadAnswer, type LoadRequest, wordOf } from './load-client.ts'
import { LIAR_MODEL, STORM_KEYS, STORM_MODELS } from './load-world.ts'

export type StormInit = {
  readonly url: string
  readonly seed: number
  /** Sent all at once. */
  readonly requests: number
  /** Number of the first one. */
  readonly firstLine: number
  readonly onAnswer?: (count: number) => void
}

/** Sends everything at once; counts answers by what became of them. */
export async function storm({
  url,
  seed,
  requests,
  firstLine,
  onAnswer,
}: StormInit): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  let answers = 0
  const note = (answer: LoadAnswer): void => {
    const word = wordOf(answer)
    counts.set(word, (counts.get(word) ?? 0) + 1)
    answers += 1
    onAnswer?.(answers)
  }
  await Promise.all(
    Array.from({ length: requests }, async (_, place) => {
      note(await askServer(url, requestAt(seed, firstLine + place)))
    }),
  )
  return counts
}

/** What one caller asks, by its number. */
export function requestAt(seed: number, line: number): LoadRequest {
  const random = createRandomStream(seed * 7_919 + line)
  const key = STORM_KEYS[line % STORM_KEYS.length] ?? 'solo'
  const model = key === 'liar' ? LIAR_MODEL : (STORM_MODELS[random.nextBelow(STORM_MODELS.length)] ?? LIAR_MODEL)
  const isStreaming = random.nextBelow(2) === 0
  const isLeaving = isStreaming && random.nextBelow(10) === 0
  return { key, model, line, outputMax: 20 + random.nextBelow(100), isStreaming, isLeaving }
}
