import { CodedError } from '../../../src/base/errors.ts'
import { readAnthropicStream } from '../../../src/models/anthropic/anthropic-stream.ts'
import type { StreamedResponse } from '../../../src/models/http-language-model.ts'
import { readOpenaiStream } from '../../../src/models/openai/openai-stream.ts'
import type { ModelStreamPart } from '../../../src/ports/language-model.ts'
import type { LazyTarget } from './automatic.ts'
import { byHand, piecesOf, textBytes } from './by-hand.ts'

type ReadStream = (init: StreamedResponse) => AsyncIterable<ModelStreamPart>

const OPENAI_CALL = { index: 0, id: 'c1', type: 'function', function: { name: 'find', arguments: '{"a"' } }
const OPENAI_EVENTS = [
  { model: 'm-1', choices: [{ index: 0, delta: { role: 'assistant', content: 'one ' } }] },
  { choices: [{ index: 0, delta: { content: 'two' } }] },
  { choices: [{ index: 0, delta: { tool_calls: [OPENAI_CALL] } }] },
  { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
  { choices: [], usage: { prompt_tokens: 4, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 1 } } },
]
const ANTHROPIC_EVENTS = [
  { type: 'message_start', message: { model: 'm-2', usage: { input_tokens: 4, output_tokens: 1 } } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'one two' } },
  { type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 't1', name: 'find', input: {} } },
  { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"a":1}' } },
  { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 9 } },
  { type: 'message_stop' },
]

/** Streams of providers: what is read must not depend on where the network cut them. */
export const MODEL_STREAM_TARGETS: readonly LazyTarget[] = [
  streamTarget('models/openai/openai-stream:readOpenaiStream', readOpenaiStream, [
    `${OPENAI_EVENTS.map(eventOf).join('')}data: [DONE]\n\n`,
    `: hello\r\n\r\ndata: ${JSON.stringify({ error: { message: 'no', code: 429 } })}\r\n\r\n`,
  ]),
  streamTarget('models/anthropic/anthropic-stream:readAnthropicStream', readAnthropicStream, [
    ANTHROPIC_EVENTS.map((event) => `event: ${event.type}\n${eventOf(event)}`).join(''),
    eventOf({ type: 'error', error: { type: 'overloaded_error', message: 'no' } }),
  ]),
]

function eventOf(event: unknown): string {
  return `data: ${JSON.stringify(event)}\n\n`
}

function streamTarget(name: string, readStream: ReadStream, inputs: readonly string[]): LazyTarget {
  return byHand({
    name,
    kind: 'bytes',
    inputs: inputs.map(textBytes),
    read: async (input) => {
      const bytes = input as Uint8Array
      const whole = await partsOf(readStream, [bytes])
      const cut = await partsOf(readStream, piecesOf(bytes))
      if (whole.error !== undefined && whole.error.code === cut.error?.code) throw whole.error
      return [whole, cut]
    },
    recheck: (both) => {
      const [whole, cut] = (both as readonly Awaited<ReturnType<typeof partsOf>>[]).map(({ parts, error }) =>
        JSON.stringify([joined(parts), error?.code]),
      )
      return whole === cut ? undefined : `other parts where the stream was cut: ${whole} and ${cut}`
    },
  })
}

async function partsOf(
  readStream: ReadStream,
  pieces: readonly Uint8Array[],
): Promise<{ readonly parts: readonly ModelStreamPart[]; readonly error: CodedError | undefined }> {
  const parts: ModelStreamPart[] = []
  const response: StreamedResponse['response'] = {
    status: 200,
    header: () => undefined,
    body: ReadableStream.from(pieces),
    text: async () => await Promise.resolve(''),
    cancel: () => undefined,
    release: () => undefined,
  }
  try {
    for await (const part of readStream({
      response,
      request: { messages: [{ role: 'user', content: 'count' }] },
      identity: { provider: 'up', modelId: 'm', secrets: [] },
      tokenizer: { name: 'words', count: async (text) => await Promise.resolve(text.split(' ').length) },
      signal: undefined,
    }))
      parts.push(part)
    return { parts, error: undefined }
  } catch (error: unknown) {
    if (!CodedError.is(error)) throw error
    return { parts, error }
  }
}

/** Texts that follow each other are one, however many parts they came in. */
function joined(parts: readonly ModelStreamPart[]): readonly unknown[] {
  const found: ModelStreamPart[] = []
  for (const part of parts) {
    const last = found.at(-1)
    if (part.type === 'text-delta' && last?.type === 'text-delta')
      found[found.length - 1] = { type: 'text-delta', text: last.text + part.text }
    else found.push(part.type === 'text-delta' ? { type: 'text-delta', text: part.text } : part)
  }
  return found
}
