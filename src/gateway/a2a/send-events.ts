import { EventStream } from '../listener/event-stream.ts'
import type { Exchange } from '../exchange.ts'

export type EventTexts<Event> = {
  /** The JSON of an event. */
  readonly textOf: (event: Event) => string
  /** The JSON of a failure after the first event. */
  readonly failureOf: (error: unknown) => string
  /** Names and values, alternating, that go before the first event. */
  readonly headers: () => readonly string[]
}

/**
 * Sends events as they come, each as the data of a server-sent event. Throws what comes before the first one, so that it can be answered in another way; later failures
 * are events themselves. Whoever leaves ends the reading and nothing else.
 */
export async function sendEvents<Event>(
  source: AsyncGenerator<Event, void, undefined>,
  { response, commonHeaders, signal }: Exchange,
  { textOf, failureOf, headers }: EventTexts<Event>,
): Promise<void> {
  let events: EventStream | undefined
  try {
    for (;;) {
      const next = await untilAborted(source.next(), signal)
      events ??= new EventStream(response, [...commonHeaders, ...headers()])
      if (next.done === true) break
      events.write(`data: ${textOf(next.value)}\n\n`)
      const wait = events.waitUntilWritable()
      if (wait !== undefined) await wait
    }
    events.end('')
  } catch (error) {
    if (events === undefined) throw error
    events.end(`event: error\ndata: ${failureOf(error)}\n\n`)
  } finally {
    // Not awaited: it may wait for an event that never comes.
    source.return().catch(() => undefined)
  }
}

/** The result of a promise; rejects with the signal's reason when that comes first. */
export async function untilAborted<Result>(result: Promise<Result>, signal: AbortSignal): Promise<Result> {
  signal.throwIfAborted()
  let leave: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    leave = () => reject(signal.reason as Error)
    signal.addEventListener('abort', leave, { once: true })
  })
  try {
    return await Promise.race([result, aborted])
  } finally {
    if (leave !== undefined) signal.removeEventListener('abort', leave)
    result.catch(() => undefined)
  }
}
