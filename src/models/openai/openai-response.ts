import type { DecodedAnswer } from '../http-language-model.ts'
import type { FinishReason, ModelStreamPart, ModelUsage, ToolCall } from '../../ports/language-model.ts'
import { decodeAnswerLogprobs, decodeLogprobs } from './openai-logprobs.ts'
import { asArray, asCount, asRecord, asString, asTokenCount, type JsonRecord } from '../json-access.ts'

/** Reads a chat completion; `undefined` when it has no first choice with a message. */
export function decodeOpenaiAnswer(body: unknown): DecodedAnswer | undefined {
  const record = asRecord(body)
  const choice = asRecord(asArray(record?.['choices'])[0])
  const message = asRecord(choice?.['message'])
  if (record === undefined || choice === undefined || message === undefined) return undefined
  const toolCalls = decodeToolCalls(message)
  if (toolCalls === undefined) return undefined
  const refusal = asString(message['refusal'])
  const servedModel = asString(record['model'])
  const logprobs = decodeAnswerLogprobs(choice['logprobs'])
  // Servers of local models say it so.
  const stopSequence = asString(choice['stop_reason'])
  return {
    text: decodeText(message['content']),
    toolCalls,
    finishReason: decodeFinishReason(choice['finish_reason'], toolCalls.length > 0),
    usage: decodeOpenaiUsage(record['usage']),
    ...(refusal !== undefined && refusal !== '' && { refusal }),
    ...(servedModel !== undefined && { servedModel }),
    ...(logprobs !== undefined && { logprobs }),
    ...(stopSequence !== undefined && { stopSequence }),
  }
}

/** Content is a string, or parts of which the text ones count. */
function decodeText(content: unknown): string {
  if (typeof content === 'string') return content
  let text = ''
  for (const part of asArray(content)) text += asString(asRecord(part)?.['text']) ?? ''
  return text
}

/** `undefined` when a call lacks its name: a caller could not act on it. */
function decodeToolCalls(message: JsonRecord): readonly ToolCall[] | undefined {
  const calls: ToolCall[] = []
  for (const [index, item] of asArray(message['tool_calls']).entries()) {
    const call = asRecord(item)
    const details = asRecord(call?.['function'])
    const name = asString(details?.['name'])
    if (name === undefined) return undefined
    calls.push({
      id: asString(call?.['id']) ?? `call_${index}`,
      name,
      arguments: decodeArguments(details?.['arguments']),
    })
  }
  return calls
}

/** Text by the interface; some servers send the parsed object. */
function decodeArguments(value: unknown): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(value)
}

/** Servers that forget to change the reason still made the calls. */
export function decodeFinishReason(reason: unknown, hasToolCalls: boolean): FinishReason {
  switch (reason) {
    case 'stop':
    case 'eos':
      return hasToolCalls ? 'tool-calls' : 'stop'
    case 'length':
      return 'length'
    case 'tool_calls':
    case 'function_call':
      return 'tool-calls'
    case 'content_filter':
      return 'content-filter'
    default:
      return 'unknown'
  }
}

/** `undefined` when the provider reports no usage, or one without counts that can be true: then it is estimated. */
export function decodeOpenaiUsage(usage: unknown): ModelUsage | undefined {
  const record = asRecord(usage)
  const tokensIn = asTokenCount(record?.['prompt_tokens'])
  const tokensOut = asTokenCount(record?.['completion_tokens'])
  if (record === undefined || tokensIn === undefined || tokensOut === undefined) return undefined
  const details = asRecord(record['prompt_tokens_details'])
  const cached = asTokenCount(details?.['cached_tokens']) ?? asTokenCount(record['prompt_cache_hit_tokens']) ?? 0
  const reasoning = asTokenCount(asRecord(record['completion_tokens_details'])?.['reasoning_tokens'])
  return {
    tokensIn,
    tokensOut,
    cachedTokensIn: Math.min(cached, tokensIn),
    ...(reasoning !== undefined && { reasoningTokensOut: Math.min(reasoning, tokensOut) }),
    isEstimated: false,
  }
}

/** What one chunk of a streamed completion says. */
export type DecodedChunk = {
  readonly parts: readonly ModelStreamPart[]
  readonly finishReason: unknown
  readonly usage: ModelUsage | undefined
  readonly servedModel: string | undefined
}

/** Reads one chunk; `undefined` when it is not a chunk at all. The last chunk, with the usage, has no choices. */
export function decodeOpenaiChunk(chunk: JsonRecord): DecodedChunk | undefined {
  if (!Array.isArray(chunk['choices'])) return undefined
  const choice = asRecord(chunk['choices'][0])
  const delta = asRecord(choice?.['delta'])
  const parts: ModelStreamPart[] = []
  if (delta !== undefined) {
    const text = decodeText(delta['content'])
    const refusal = asString(delta['refusal']) ?? ''
    const given = choice?.['logprobs']
    if (given) pushWithLogprobs(asRecord(given), { text, refusal }, parts)
    else {
      if (text !== '') parts.push({ type: 'text-delta', text })
      if (refusal !== '') parts.push({ type: 'refusal-delta', text: refusal })
    }
    if (delta['tool_calls'] !== undefined) decodeToolCallDeltas(delta, parts)
  }
  return {
    parts,
    finishReason: choice?.['finish_reason'] ?? undefined,
    usage: chunk['usage'] ? decodeOpenaiUsage(chunk['usage']) : undefined,
    servedModel: asString(chunk['model']),
  }
}

/** A token that is half of a character has no text yet, and a likelihood all the same. */
function pushWithLogprobs(
  given: JsonRecord | undefined,
  { text, refusal }: { readonly text: string; readonly refusal: string },
  parts: ModelStreamPart[],
): void {
  const ofText = decodeLogprobs(given?.['content'])
  const ofRefusal = decodeLogprobs(given?.['refusal'])
  if (text !== '' || ofText.length > 0)
    parts.push({ type: 'text-delta', text, ...(ofText.length > 0 && { logprobs: ofText }) })
  if (refusal !== '' || ofRefusal.length > 0)
    parts.push({ type: 'refusal-delta', text: refusal, ...(ofRefusal.length > 0 && { logprobs: ofRefusal }) })
}

function decodeToolCallDeltas(delta: JsonRecord, parts: ModelStreamPart[]): void {
  for (const [position, item] of asArray(delta['tool_calls']).entries()) {
    const call = asRecord(item)
    const details = asRecord(call?.['function'])
    const id = asString(call?.['id'])
    const name = asString(details?.['name'])
    parts.push({
      type: 'tool-call-delta',
      index: asCount(call?.['index']) ?? position,
      ...(id !== undefined && { id }),
      ...(name !== undefined && { name }),
      argumentsText: decodeArguments(details?.['arguments']),
    })
  }
}
