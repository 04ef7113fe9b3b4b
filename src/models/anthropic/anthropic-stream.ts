import type { StreamedResponse } from '../http-language-model.ts'
import type { FinishReason, ModelStreamPart } from '../../ports/language-model.ts'
import { estimateUsage } from '../estimated-usage.ts'
import { asCount, asRecord, asString, parseJson, type JsonRecord } from '../json-access.ts'
import {
  errorOfStatus,
  malformedAnswer,
  readReportedError,
  truncatedStream,
  type ProviderIdentity,
} from '../provider-errors.ts'
import { gatherPiece } from '../gather-piece.ts'
import { SseParser } from '../sse-parser.ts'
import {
  decodeAnthropicUsage,
  decodeStopReason,
  REFUSAL_WITHOUT_TEXT,
  statusOfErrorType,
} from './anthropic-response.ts'

const EVENT_BYTES_MAX = 4_194_304

/** What the stream has said so far that later parts need. */
type Progress = {
  stopReason: unknown
  stopSequence: string | undefined
  /** Usage members as they were last reported: input at the start, output in the last delta. */
  usage: JsonRecord
  servedModel: string | undefined
  /** Content block index to tool call index: text blocks are counted by the provider and not by the port. */
  readonly toolIndexOfBlock: Map<number, number>
  isDone: boolean
  streamed: string[]
}

/** Reads a streamed message. Throws coded errors; those of the connection are the caller's to describe. */
export async function* readAnthropicStream(init: StreamedResponse): AsyncGenerator<ModelStreamPart, void> {
  const parser = new SseParser(EVENT_BYTES_MAX)
  const progress: Progress = {
    stopReason: undefined,
    stopSequence: undefined,
    usage: {},
    servedModel: undefined,
    toolIndexOfBlock: new Map(),
    isDone: false,
    streamed: [],
  }
  for await (const bytes of init.response.body) {
    const { parts, failure } = gatherPiece((into) => {
      for (const data of pushInto(parser, bytes, init.identity)) {
        const part = readEvent(data, progress, init.identity)
        if (part !== undefined) into.push(part)
      }
    })
    for (const part of parts) {
      yield part
      init.signal?.throwIfAborted()
    }
    if (failure !== undefined) throw failure
    if (progress.isDone) {
      init.response.release()
      break
    }
  }
  if (!progress.isDone) throw truncatedStream(init.identity)
  if (progress.stopReason === 'refusal' && progress.streamed.length === 0) {
    yield { type: 'refusal-delta', text: REFUSAL_WITHOUT_TEXT }
  }
  yield await finishPart(progress, init)
}

function pushInto(parser: SseParser, bytes: Uint8Array, identity: ProviderIdentity): readonly string[] {
  try {
    return parser.push(bytes)
  } catch {
    throw malformedAnswer('an event of the stream is too large', identity)
  }
}

function readEvent(data: string, progress: Progress, identity: ProviderIdentity): ModelStreamPart | undefined {
  const event = asRecord(parseJson(data))
  const type = asString(event?.['type'])
  if (event === undefined || type === undefined) {
    throw malformedAnswer('an event of the stream is not a JSON object with a type', identity)
  }
  switch (type) {
    case 'message_start': {
      const message = asRecord(event['message'])
      progress.servedModel = asString(message?.['model'])
      progress.usage = { ...asRecord(message?.['usage']) }
      return undefined
    }
    case 'content_block_start':
      return readBlockStart(event, progress)
    case 'content_block_delta':
      return readBlockDelta(event, progress)
    case 'message_delta':
      progress.stopReason = asRecord(event['delta'])?.['stop_reason'] ?? progress.stopReason
      progress.stopSequence = asString(asRecord(event['delta'])?.['stop_sequence']) ?? progress.stopSequence
      progress.usage = { ...progress.usage, ...asRecord(event['usage']) }
      return undefined
    case 'message_stop':
      progress.isDone = true
      return undefined
    case 'error': {
      const reported = readReportedError(event)
      throw errorOfStatus({ status: statusOfErrorType(reported.kind), identity, reported, retryAfterMs: undefined })
    }
    default:
      // `ping`, `content_block_stop` and whatever the interface adds later carry nothing for the caller.
      return undefined
  }
}

function readBlockStart(event: JsonRecord, progress: Progress): ModelStreamPart | undefined {
  const block = asRecord(event['content_block'])
  if (block?.['type'] !== 'tool_use') return undefined
  const index = progress.toolIndexOfBlock.size
  progress.toolIndexOfBlock.set(asCount(event['index']) ?? index, index)
  const id = asString(block['id']) ?? `call_${index}`
  const name = asString(block['name']) ?? ''
  progress.streamed.push(name)
  return { type: 'tool-call-delta', index, id, name, argumentsText: '' }
}

function readBlockDelta(event: JsonRecord, progress: Progress): ModelStreamPart | undefined {
  const delta = asRecord(event['delta'])
  if (delta?.['type'] === 'text_delta') {
    const text = asString(delta['text']) ?? ''
    if (text === '') return undefined
    progress.streamed.push(text)
    return { type: 'text-delta', text }
  }
  if (delta?.['type'] !== 'input_json_delta') return undefined
  const argumentsText = asString(delta['partial_json']) ?? ''
  const index = progress.toolIndexOfBlock.get(asCount(event['index']) ?? -1)
  if (argumentsText === '' || index === undefined) return undefined
  progress.streamed.push(argumentsText)
  return { type: 'tool-call-delta', index, argumentsText }
}

async function finishPart(progress: Progress, init: StreamedResponse): Promise<ModelStreamPart> {
  const finishReason: FinishReason = decodeStopReason(progress.stopReason)
  const counted = decodeAnthropicUsage(progress.usage)
  const usage =
    counted ?? (await estimateUsage(init.request, { text: progress.streamed.join(''), toolCalls: [] }, init.tokenizer))
  const { servedModel, stopSequence } = progress
  return {
    type: 'finish',
    finishReason,
    usage,
    ...(servedModel !== undefined && { servedModel }),
    ...(stopSequence !== undefined && { stopSequence }),
  }
}
