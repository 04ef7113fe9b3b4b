/** One event of a stream; `data` is its text as it was sent. */
export type StreamEvent = { readonly id: string; readonly type: string; readonly data: string }

/** Longest event that is read; the node sends far shorter ones. */
const EVENT_LENGTH_MAX = 8 * 1024 * 1024

/** Server-sent events of a response, as they come. Throws a `RangeError` for an event without end, and what the body throws. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent, void, undefined> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const parts = (rest + value).split('\n\n')
      rest = parts.pop() ?? ''
      if (rest.length > EVENT_LENGTH_MAX) throw new RangeError('An event of the stream is too long')
      for (const part of parts) {
        const event = parseEvent(part)
        if (event !== undefined) yield event
      }
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}

/** `undefined` for what has no data: comments. */
export function parseEvent(text: string): StreamEvent | undefined {
  let id = ''
  let type = 'message'
  const data: string[] = []
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon <= 0) continue
    const value = line.slice(colon + 1).replace(/^ /, '')
    const name = line.slice(0, colon)
    if (name === 'data') data.push(value)
    else if (name === 'event') type = value
    else if (name === 'id') id = value
  }
  return data.length === 0 ? undefined : { id, type, data: data.join('\n') }
}
