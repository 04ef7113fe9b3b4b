import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { EventFeed } from '../a2a/event-feed.ts'
import { outgoingText } from '../outgoing-text.ts'

/** Work that tells of itself as it goes. The signal is aborted when nobody listens any more. */
export type ToldWork = (tell: (line: JsonValue) => void, signal: AbortSignal) => Promise<void>

/** Longest pause between two lines, so that whoever reads them knows that there is somebody. */
const BEAT_MS = 15_000

/**
 * Work as JSON lines for a command: what it tells, `{"event":"beat"}` while that is nothing, and `{"event":"failure","code","message","details"}` where it fails: the head of
 * the answer has gone by then.
 */
export async function* toldLines(work: ToldWork, signal: AbortSignal | undefined): AsyncIterable<string> {
  const feed = new EventFeed<JsonValue>()
  const leaving = new AbortController()
  const running = signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal])
  const beat = setInterval(() => feed.push({ event: 'beat' }), BEAT_MS)
  work((line) => feed.push(line), running)
    .catch((error: unknown) => feed.push(failureLine(error)))
    .finally(() => feed.end())
  try {
    for await (const line of feed) yield `${JSON.stringify(line)}\n`
  } finally {
    clearInterval(beat)
    leaving.abort(new CodedError('REQUEST_ABORTED', { message: 'Nobody waits for it any more' }))
  }
}

function failureLine(error: unknown): JsonValue {
  if (!CodedError.is(error))
    return { event: 'failure', code: 'INTERNAL_ERROR', message: 'The node failed to do it', details: {} }
  const { code, message, details } = error
  // Details of coded errors are plain data.
  return { event: 'failure', code, message: outgoingText(message), details: details as JsonValue }
}
