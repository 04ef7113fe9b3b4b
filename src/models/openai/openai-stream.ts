import type { StreamedResponse } from '../http-language-model.ts'
import type { FinishReason, ModelStreamPart, ModelUsage, ToolCall } from '../../ports/language-model.ts'
import { estimateUsage } from '../estimated-usage.ts'
import { asRecord, parseJson } from '../json-access.ts'
import {
  errorOfStatus,
  malformedAnswer,
  readReportedError,
  truncatedStream,
  type ProviderIdentity,
} from '../provider-errors.ts'
import { gatherPiece } from '../gather-piece.ts'
import { SseParser } from '../sse-parser.ts'
import { decodeFinishReason, decodeOpenaiChunk } from './openai-response.ts'
import { RepeatedChunk } from './repeated-chunk.ts'

/** One chunk of any provider is far below this; a server that sends more is not speaking the interface. */
const EVENT_BYTES_MAX = 4_194_304

/** What the stream has said so far that the last part needs. */
type Progress = {
  finishReason: unknown
  usage: ModelUsage | undefined
  servedModel: string | undefined
  hasToolCalls: boolean
  isDone: boolean
  readonly repeated: RepeatedChunk
  /** Everything streamed, kept only to count tokens when no usage comes. */
  streamed: string[]
}

/** Reads a streamed completion from its bytes. Throws coded errors; those of the connection are the caller's to describe. */
export async function* readOpenaiStream(init: StreamedResponse): AsyncGenerator<ModelStreamPart, void> {
  const parser = new SseParser(EVENT_BYTES_MAX)
  const progress: Progress = {
    finishReason: undefined,
    usage: undefined,
    servedModel: undefined,
    hasToolCalls: false,
    isDone: false,
    repeated: new RepeatedChunk(),
    streamed: [],
  }
  for await (const bytes of init.response.body) {
    const { parts, failure } = gatherPiece((into) => {
      for (const data of pushInto(parser, bytes, init.identity)) into.push(...readEvent(data, progress, init.identity))
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
  if (!progress.isDone) {
    for (const data of parser.finish()) yield* readEvent(data, progress, init.identity)
  }
  if (!progress.isDone && progress.finishReason === undefined) throw truncatedStream(init.identity)
  yield await finishPart(progress, init)
}

function pushInto(parser: SseParser, bytes: Uint8Array, identity: ProviderIdentity): readonly string[] {
  try {
    return parser.push(bytes)
  } catch {
    throw malformedAnswer('an event of the stream is too large', identity)
  }
}

/** The parts that one event adds. A plain function with an array: most events carry one part, and a generator per event costs more. */
function readEvent(data: string, progress: Progress, identity: ProviderIdentity): readonly ModelStreamPart[] {
  if (progress.isDone) return []
  if (data === '[DONE]') {
    progress.isDone = true
    return []
  }
  const repeatedText = progress.repeated.textOf(data)
  if (repeatedText !== undefined) {
    progress.streamed.push(repeatedText)
    return [{ type: 'text-delta', text: repeatedText }]
  }
  const chunk = asRecord(parseJson(data))
  if (chunk === undefined) throw malformedAnswer('an event of the stream is not a JSON object', identity)
  if (chunk['error']) throw streamedError(chunk, identity)
  const decoded = decodeOpenaiChunk(chunk)
  if (decoded === undefined) throw malformedAnswer('an event of the stream has no choices', identity)
  progress.finishReason = decoded.finishReason ?? progress.finishReason
  progress.usage = decoded.usage ?? progress.usage
  progress.servedModel ??= decoded.servedModel
  for (const part of decoded.parts) {
    if (part.type === 'tool-call-delta') progress.hasToolCalls = true
    progress.streamed.push(part.type === 'tool-call-delta' ? `${part.name ?? ''}${part.argumentsText}` : textOf(part))
  }
  const [only] = decoded.parts
  // What comes with likelihoods differs in more than its text.
  if (decoded.parts.length === 1 && only?.type === 'text-delta' && only.logprobs === undefined)
    progress.repeated.learn(data, only.text)
  return decoded.parts
}

function textOf(part: ModelStreamPart): string {
  return part.type === 'text-delta' || part.type === 'refusal-delta' ? part.text : ''
}

/** A failure inside a stream that began with status 200; its own code, when numeric, is the status it would have had. */
function streamedError(chunk: Readonly<Record<string, unknown>>, identity: ProviderIdentity): Error {
  const code = asRecord(chunk['error'])?.['code']
  const status = typeof code === 'number' && code >= 400 && code <= 599 ? code : 500
  return errorOfStatus({ status, identity, reported: readReportedError(chunk), retryAfterMs: undefined })
}

async function finishPart(progress: Progress, init: StreamedResponse): Promise<ModelStreamPart> {
  const finishReason: FinishReason = decodeFinishReason(progress.finishReason, progress.hasToolCalls)
  const usage = progress.usage ?? (await estimateStreamedUsage(progress, init))
  const { servedModel } = progress
  return { type: 'finish', finishReason, usage, ...(servedModel !== undefined && { servedModel }) }
}

function estimateStreamedUsage(progress: Progress, init: StreamedResponse): Promise<ModelUsage> {
  const toolCalls: readonly ToolCall[] = []
  return estimateUsage(init.request, { text: progress.streamed.join(''), toolCalls }, init.tokenizer)
}
